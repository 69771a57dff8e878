/** Which chunks and bodies of bundles to send now. Pure. */

import type { BundleEffect } from "./bundle.js";
import type { Entry } from "./entry.js";

/** While one chunk is being stored, the next is on its way. More would only lose more on a slow line when that is cut. */
export const CHUNKS_PER_UPLOAD = 2;
/** Browsers open six connections to an origin; some are left for everything else. */
export const CHUNKS_AT_ONCE = 4;

export type ChunkEffect = { do: "send"; entry: Entry; uploadId: string; index: number };
export type SendingEffect = ChunkEffect | BundleEffect | { do: "wake"; at: number };

/** What has something to send: an upload with its chunks, or a bundle with its body. */
export interface Sending {
  /** Milliseconds before which nothing is tried. */
  readonly notBefore: number;
  /** Chunks or bodies that are on their way, and how many may be. */
  readonly sentAtOnce: number;
  readonly mostAtOnce: number;
  /** The next one; null when there is none. */
  takeNext(): ChunkEffect | BundleEffect | null;
}

/**
 * Takes what is to be sent, as much as may be on its way; every upload gets one chunk before any gets a
 * second.
 * @param onTheirWay chunks and bodies of all
 */
export function nextChunks(senders: readonly Sending[], onTheirWay: number, now: number): SendingEffect[] {
  const effects: SendingEffect[] = [];
  let free = CHUNKS_AT_ONCE - onTheirWay;
  for (let depth = 0; depth < CHUNKS_AT_ONCE; depth += 1) {
    for (const sender of senders) {
      if (free <= 0) return effects;
      if (sender.notBefore > now) {
        effects.push({ do: "wake", at: sender.notBefore });
        continue;
      }
      const next = sender.sentAtOnce <= depth && depth < sender.mostAtOnce ? sender.takeNext() : null;
      if (!next) continue;
      effects.push(next);
      free -= 1;
    }
  }
  return effects;
}
