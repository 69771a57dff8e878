/** Files of which it is still to be found out whether their names are taken, folder by folder. Pure. */

import type { Entry } from "./entry.js";

/** Folders that are looked into at a time. */
const AT_ONCE = 2;

export type NameCheck = { do: "check-names"; folder: string; entries: Entry[] };

export class NameChecks {
  #waiting = new Map<string, Set<Entry>>();
  #running = new Set<NameCheck>();

  get isWorking() {
    return this.#waiting.size + this.#running.size > 0;
  }

  add(entry: Entry) {
    const inFolder = this.#waiting.get(entry.folder);
    if (inFolder) inFolder.add(entry);
    else this.#waiting.set(entry.folder, new Set([entry]));
  }

  /** What is to be found out now. */
  next(): NameCheck[] {
    const checks: NameCheck[] = [];
    for (const [folder, entries] of this.#waiting) {
      if (this.#running.size >= AT_ONCE) break;
      this.#waiting.delete(folder);
      const check: NameCheck = { do: "check-names", folder, entries: [...entries] };
      this.#running.add(check);
      checks.push(check);
    }
    return checks;
  }

  ended(check: NameCheck) {
    this.#running.delete(check);
  }

  /** Folders were renamed or moved, and the entries with them. */
  regroup() {
    for (const entry of this.takeAll()) this.add(entry);
  }

  /** Entries that wait for their check, which are forgotten. */
  takeAll(): Entry[] {
    const entries = [...this.#waiting.values()].flatMap((inFolder) => [...inFolder]);
    this.#waiting.clear();
    return entries;
  }

  /** Entries that wait for their check in a folder, or in one that lies in it; they are forgotten. */
  takeWithin(folder: string): Entry[] {
    const entries: Entry[] = [];
    for (const [other, inFolder] of this.#waiting) {
      if (other !== folder && !other.startsWith(`${folder}/`)) continue;
      entries.push(...inFolder);
      this.#waiting.delete(other);
    }
    return entries;
  }

  drop(entry: Entry) {
    const inFolder = this.#waiting.get(entry.folder);
    inFolder?.delete(entry);
    if (inFolder?.size === 0) this.#waiting.delete(entry.folder);
  }
}
