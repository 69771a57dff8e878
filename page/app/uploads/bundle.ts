/** Small files that are requested and sent together. Pure. */

import type { Entry } from "./entry.js";
import { sentOf } from "./bundling.js";

export type BundleEffect = { do: "send-bundle"; bundle: Bundle; bundleId: string; entries: Entry[] };

export class Bundle {
  readonly entries: readonly Entry[];
  /** null until the manager has accepted it */
  id: string | null = null;
  address = "";
  /** Whether it keeps a booked service from taking another upload. */
  occupies = true;
  failures = 0;
  /** Milliseconds before which nothing is tried. */
  notBefore = 0;
  /** Files whose contents are on their way; null while no body is. */
  #body: Entry[] | null = null;
  /** Whether a body has arrived, so that no other is needed. */
  #hasArrived = false;

  constructor(entries: readonly Entry[]) {
    this.entries = entries;
    for (const entry of entries) entry.bundle = this;
  }

  /** Files that are still to be sent. */
  get wanted() {
    return this.entries.filter((entry) => entry.bundle === this && entry.state === "sending" && !entry.isAstray);
  }

  /** Whether any of its files may still be stored. */
  get isWanted() {
    return this.entries.some((entry) => entry.bundle === this && !entry.isOver && !entry.isAstray);
  }

  /** @param body files whose contents went together */
  isSending(body: readonly Entry[]) {
    return this.#body === body;
  }

  get isOnItsWay() {
    return this.#body !== null;
  }

  /** How many bodies are on their way. */
  get sentAtOnce() {
    return this.isOnItsWay ? 1 : 0;
  }

  readonly mostAtOnce = 1;

  accepted(id: string, address: string) {
    this.id = id;
    this.address = address;
  }

  /** What to send next; null when there is nothing. */
  takeNext(): BundleEffect | null {
    if (this.id === null || this.#hasArrived || this.#body) return null;
    const entries = this.wanted;
    if (entries.length === 0) return null;
    this.#body = entries;
    return { do: "send-bundle", bundle: this, bundleId: this.id, entries };
  }

  /** @param loaded bytes of the body */
  progress(loaded: number, now: number) {
    for (const [entry, bytes] of sentOf(this.#body ?? [], loaded)) {
      if (entry.state !== "sending" || entry.isAstray || bytes === entry.bundledBytes) continue;
      entry.bundledBytes = bytes;
      entry.meter.record(now, entry.sentBytes);
    }
  }

  arrived() {
    this.#body = null;
    this.#hasArrived = true;
  }

  /** Its body is on its way no longer, and goes again from its start. */
  cut() {
    for (const entry of this.#body ?? []) {
      entry.bundledBytes = 0;
      entry.meter.reset();
    }
    this.#body = null;
  }
}
