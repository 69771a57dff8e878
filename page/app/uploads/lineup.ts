/** Which files of the queue wait, and which are under way. Pure. */

import type { Entry } from "./entry.js";

export class Lineup {
  /** Entries that wait for a service, in order. */
  #waiting = new Set<Entry>();
  /** Entries that are neither waiting nor over, and those that still occupy a service. */
  #active = new Set<Entry>();
  #isHeld;

  /** @param isHeld whether somebody wants an entry to wait */
  constructor(isHeld: (entry: Entry) => boolean) {
    this.#isHeld = isHeld;
  }

  get isWorking() {
    return this.#waiting.size > 0 || this.#active.size > 0;
  }

  /** In order; what has begun meanwhile is passed over. */
  get waiting() {
    return this.#waiting.values();
  }

  get active() {
    return [...this.#active];
  }

  isActive(entry: Entry) {
    return this.#active.has(entry);
  }

  wait(entry: Entry) {
    this.#waiting.add(entry);
  }

  begin(entry: Entry) {
    this.#waiting.delete(entry);
    this.#active.add(entry);
  }

  leave(entry: Entry) {
    this.#waiting.delete(entry);
    this.#active.delete(entry);
  }

  find(uploadId: string) {
    for (const entry of this.#active) if (entry.uploadId === uploadId) return entry;
    return undefined;
  }

  sending(uploadId: string) {
    const entry = this.find(uploadId);
    return entry?.state === "sending" ? entry : undefined;
  }

  /** Entries that chunks are to be sent of. */
  get senders() {
    return this.active.filter((entry) => entry.state === "sending" && !this.#isHeld(entry));
  }

  /** Chunks on their way. */
  get onTheirWay() {
    let count = 0;
    for (const entry of this.#active) count += entry.inFlight.size;
    return count;
  }

  /** Services that are busy. */
  get occupied() {
    let count = 0;
    for (const entry of this.#active) if (entry.occupies) count += 1;
    return count;
  }

  /**
   * Entries that a service could begin with.
   * @param enough counting further is of no use
   */
  startable(enough: number) {
    let count = 0;
    for (const entry of this.#waiting) {
      if (count >= enough) break;
      if (entry.needsService && !this.#isHeld(entry)) count += 1;
    }
    return count;
  }
}
