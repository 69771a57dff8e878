/** What becomes of the chunks of the queue's files while they are sent. Pure. */

import type { Effect } from "./effects.js";
import type { Entry } from "./entry.js";
import type { Lineup } from "./lineup.js";

const MAX_CHUNK_FAILURES = 8;
export const RETRY_MS = 500;

type Queue = {
  /** Whether somebody wants a file to wait. */
  isHeld: (entry: Entry) => boolean;
  fail: (entry: Entry, reason: string) => void;
  do: (effect: Effect) => void;
};

export class ChunkTraffic {
  #lineup;
  #queue;

  constructor(lineup: Lineup, queue: Queue) {
    this.#lineup = lineup;
    this.#queue = queue;
  }

  /** @param loaded bytes */
  progress(uploadId: string, index: number, loaded: number, now: number) {
    const entry = this.#lineup.sending(uploadId);
    if (!entry?.inFlight.has(index)) return;
    entry.inFlight.set(index, Math.min(loaded, entry.chunkLength(index)));
    entry.meter.record(now, entry.sentBytes);
  }

  stored(uploadId: string, index: number) {
    this.#lineup.sending(uploadId)?.chunkStored(index);
  }

  failed(uploadId: string, index: number, reason: string, now: number) {
    const entry = this.#lineup.sending(uploadId);
    if (!entry?.inFlight.delete(index)) return;
    entry.again.push(index);
    entry.failures += 1;
    entry.trouble = reason;
    entry.notBefore = now + RETRY_MS * 2 ** Math.min(entry.failures, 5);
    const isHopeless =
      entry.keptId === null ? entry.failures > MAX_CHUNK_FAILURES : entry.isOutOfPatience(now, this.#queue.isHeld(entry));
    if (isHopeless) this.#queue.fail(entry, reason);
  }

  /** Nothing can be stored until the server's operator acts, so sending it again is of no use. */
  storageFailed(uploadId: string, reason: string) {
    const entry = this.#lineup.sending(uploadId);
    if (entry) this.#queue.fail(entry, reason);
  }

  /** The file is not what was chosen any more, so sending it again is of no use. */
  sourceLost(uploadId: string, reason: string) {
    const entry = this.#lineup.sending(uploadId);
    if (!entry) return;
    entry.isLost = true;
    this.#queue.fail(entry, reason);
  }

  /** Nothing more of it is sent for now; what was on its way goes again later. */
  hold(entry: Entry) {
    if (entry.state !== "sending") return;
    const cut = [...entry.inFlight.keys()];
    this.stop(entry);
    entry.again.push(...cut);
    entry.meter.reset();
  }

  /** What was on its way is not wanted any more. */
  stop(entry: Entry) {
    if (entry.inFlight.size > 0 && entry.uploadId) this.#queue.do({ do: "stop-sending", uploadId: entry.uploadId });
    entry.inFlight.clear();
  }
}
