/** Files that were uploaded before those that are uploaded now, counted batch by batch. Pure. */

import type { FinishedBatch } from "../../types/state.js";
import type { Entry } from "./entry.js";

/** Older ones are counted together. */
const MOST = 3;

export class FinishedBatches {
  #list: readonly FinishedBatch[] = [];
  #lastId = 0;

  /** The oldest first. */
  get list() {
    return this.#list;
  }

  /** @param stored the files of one batch; none make no batch */
  add(stored: readonly Entry[]) {
    if (stored.length === 0) return;
    const bytes = stored.reduce((sum, entry) => sum + entry.size, 0);
    const batches = [...this.#list, { id: ++this.#lastId, count: stored.length, bytes }];
    const [oldest, next, ...others] = batches;
    const isFull = oldest && next && batches.length > MOST;
    this.#list = isFull ? [{ ...next, count: oldest.count + next.count, bytes: oldest.bytes + next.bytes }, ...others] : batches;
  }

  clear(id: number) {
    this.#list = this.#list.filter((batch) => batch.id !== id);
  }

  clearAll() {
    this.#list = [];
  }
}
