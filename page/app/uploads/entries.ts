/** The files of the upload queue in their order, by number, and by the names of folders that they go to. Pure. */

import type { Entry } from "./entry.js";

export class Entries extends Map<number, Entry> {
  /** How many files go to a name of a folder: one may be tried twice. */
  #places = new Map<string, number>();

  override set(id: number, entry: Entry) {
    this.#count(entry.place, 1);
    entry.onPlaceChanged = (before) => {
      this.#count(before, -1);
      this.#count(entry.place, 1);
    };
    return super.set(id, entry);
  }

  override delete(id: number) {
    const entry = this.get(id);
    if (!entry) return false;
    this.#count(entry.place, -1);
    entry.onPlaceChanged = null;
    return super.delete(id);
  }

  /** Whether a file goes, or went, to this name of a folder. Takes the same time however many there are. */
  hasAt(folder: string, name: string) {
    return this.#places.has(placeOf(folder, name));
  }

  #count(place: string, step: 1 | -1) {
    const count = (this.#places.get(place) ?? 0) + step;
    if (count > 0) this.#places.set(place, count);
    else this.#places.delete(place);
  }
}

/** A folder and a name in it; no name has a slash. */
export function placeOf(folder: string, name: string) {
  return `${folder}/${name}`;
}
