/** Which chunks to send now. Pure. */

import type { Entry } from "./entry.js";

/** While one chunk is being stored, the next is on its way. */
export const CHUNKS_PER_UPLOAD = 2;
/** Browsers open six connections to an origin; some are left for everything else. */
export const CHUNKS_AT_ONCE = 4;

export type ChunkEffect = { do: "send"; entry: Entry; uploadId: string; index: number } | { do: "wake"; at: number };

/**
 * Takes chunks from the entries, as many as may be on their way; every upload gets one before any gets a
 * second.
 * @param onTheirWay chunks of all entries
 */
export function nextChunks(senders: readonly Entry[], onTheirWay: number, now: number): ChunkEffect[] {
  const effects: ChunkEffect[] = [];
  let free = CHUNKS_AT_ONCE - onTheirWay;
  for (let depth = 0; depth < CHUNKS_PER_UPLOAD; depth += 1) {
    for (const entry of senders) {
      if (free <= 0) return effects;
      if (entry.notBefore > now) effects.push({ do: "wake", at: entry.notBefore });
      else if (entry.inFlight.size <= depth && take(entry, effects)) free -= 1;
    }
  }
  return effects;
}

function take(entry: Entry, effects: ChunkEffect[]) {
  const { uploadId } = entry;
  const index = uploadId ? entry.takeChunk() : null;
  if (!uploadId || index === null) return false;
  effects.push({ do: "send", entry, uploadId, index });
  return true;
}
