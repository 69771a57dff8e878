/** Open questions about names that are taken, and the answers that hold for all of a selection of files. Pure. */

import type { Item } from "../../types/state.js";
import type { OverwriteAction } from "../../types/wire.js";
import type { Entry } from "./entry.js";

export class Conflicts {
  /** Whether nobody wants to be asked now. */
  isPutOff = false;
  #open = new Set<Entry>();
  /** By selection: what was answered for one says nothing about the files of another. */
  #forAll = new Map<number, OverwriteAction>();

  get count() {
    return this.#open.size;
  }

  /** In the order of the list. */
  get open() {
    return [...this.#open].sort((a, b) => a.id - b.id);
  }

  /**
   * @param entry whose name is taken
   * @returns what was answered for all of its selection; null if somebody has to be asked
   */
  ask(entry: Entry): OverwriteAction | null {
    const standing = this.#forAll.get(entry.selection);
    if (standing && isPossible(standing, entry)) return standing;
    entry.state = "deciding";
    this.#open.add(entry);
    return null;
  }

  /**
   * @param id of an entry
   * @returns the entries that the answer settles
   */
  decide(id: number, action: OverwriteAction, forAll: boolean): Entry[] {
    const answered = this.open.find((entry) => entry.id === id);
    if (!answered) return [];
    const settled = [answered, ...(forAll ? this.settledWith(answered, action) : [])];
    for (const entry of settled) this.#open.delete(entry);
    if (forAll) this.#forAll.set(answered.selection, action);
    return settled;
  }

  /** Other questions that an answer for all to this one settles. */
  settledWith(entry: Entry, action: OverwriteAction) {
    return this.open.filter((each) => each !== entry && each.selection === entry.selection && isPossible(action, each));
  }

  /** @param entry that is not asked about any more */
  drop(entry: Entry) {
    this.#open.delete(entry);
  }
}

/** Whether a file may be put in the place of what has its name. */
export function isReplaceable(existing: Item | null, size: number) {
  // Files without content are made, and replace nothing.
  return size > 0 && (existing === null || (existing.kind === "file" && existing.can === "rw"));
}

/** @returns what changes when a name gets another owner or content; null for what is not known */
export function versionOf(item: Item | null) {
  if (!item) return null;
  return item.kind === "file" ? `${item.key} ${item.updatedAt} ${item.size}` : item.key;
}

function isPossible(action: OverwriteAction, entry: Entry) {
  return action !== "overwrite" || isReplaceable(entry.existing, entry.size);
}
