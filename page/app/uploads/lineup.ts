/** Which files of the queue wait, and which are under way. Pure. */

import type { Bundle } from "./bundle.js";
import type { Sending } from "./chunk-plan.js";
import type { Entry } from "./entry.js";
import { Collector, isBundled } from "./bundling.js";

export class Lineup {
  /** Entries that wait for a service, in order. */
  #waiting = new Set<Entry>();
  /** Entries that are neither waiting nor over, and those that still occupy a service. */
  #active = new Set<Entry>();
  /** Bundles that the manager has not told the end of. */
  bundles = new Set<Bundle>();
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

  bundle(id: string) {
    for (const bundle of this.bundles) if (bundle.id === id) return bundle;
    return undefined;
  }

  sending(uploadId: string) {
    const entry = this.find(uploadId);
    return entry?.state === "sending" ? entry : undefined;
  }

  /** Uploads of which chunks are to be sent, and bundles, in the order in which they began. */
  get senders(): Sending[] {
    const senders = new Set<Sending>();
    for (const entry of this.#active) {
      if (entry.state === "sending" && !this.#isHeld(entry)) senders.add(entry.bundle ?? entry);
    }
    return [...senders];
  }

  /** Chunks and bodies of bundles on their way. */
  get onTheirWay() {
    let count = 0;
    for (const entry of this.#active) count += entry.sentAtOnce;
    for (const bundle of this.bundles) count += bundle.sentAtOnce;
    return count;
  }

  /** Services that are busy. */
  get occupied() {
    let count = 0;
    for (const entry of this.#active) if (entry.occupies) count += 1;
    for (const bundle of this.bundles) if (bundle.occupies) count += 1;
    return count;
  }

  /**
   * Services that could begin with something.
   * @param enough counting further is of no use
   * @param bundleBytes how many bytes go together; null: each file needs a service
   */
  startable(enough: number, bundleBytes: number | null) {
    let count = 0;
    let collector: Collector | null = null;
    for (const entry of this.#waiting) {
      if (count >= enough) break;
      if (!entry.needsService || this.#isHeld(entry)) continue;
      if (bundleBytes !== null && isBundled(entry)) {
        if (collector?.take(entry)) continue;
        collector = new Collector(bundleBytes);
        collector.take(entry);
      }
      count += 1;
    }
    return count;
  }

  /**
   * Takes a file, and those that wait and can go with it.
   * @param bundleBytes how many bytes go together
   */
  together(first: Entry, bundleBytes: number, now: number) {
    const collector = new Collector(bundleBytes);
    collector.take(first);
    for (const entry of this.#waiting) {
      if (entry === first || !isBundled(entry) || this.#isHeld(entry) || entry.notBefore > now) continue;
      if (!collector.take(entry)) break;
    }
    return collector.entries;
  }
}
