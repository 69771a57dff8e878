/** Which small files go together, and the body that sends them. Pure, but for the bytes. */

import type { Entry } from "./entry.js";

/** A larger file hardly gains by company. */
export const SMALL_BYTES = 1024 * 1024;
const MAX_FILES = 250;
const MAX_BYTES = 8 * SMALL_BYTES;
const MIN_BYTES = SMALL_BYTES / 4;
/** Of names and paths, which all go in one frame. */
const MAX_CHARACTERS = 64 * 1024;
const ID_BYTES = 16;
const HEAD_BYTES = ID_BYTES + 4;
/** A body that takes longer than this loses too much when it is cut off; one that takes less could be larger. */
const LONG_MS = 4_000;
const SHORT_MS = 1_000;

/** Whether a file may go with others. */
export function isBundled(entry: Entry) {
  return entry.size > 0 && entry.size <= SMALL_BYTES && entry.keptId === null && !entry.isAlone;
}

/** How many bytes go together, which depends on how fast the line is. */
export class BundleSize {
  bytes = 2 * SMALL_BYTES;

  /**
   * @param size bytes of a body
   * @param took milliseconds until they had been sent
   */
  sent(size: number, took: number) {
    if (took > LONG_MS) this.bytes = Math.max(MIN_BYTES, Math.floor(this.bytes / 2));
    else if (took < SHORT_MS && 2 * size >= this.bytes) this.bytes = Math.min(MAX_BYTES, 2 * this.bytes);
  }
}

/** Collects files until a bundle is full. */
export class Collector {
  entries: Entry[] = [];
  #bytes = 0;
  #characters = 0;
  #maxBytes;

  /** @param maxBytes of all files together; a file alone may have more */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns whether there was room for it */
  take(entry: Entry) {
    const bytes = this.#bytes + entry.size;
    const characters = this.#characters + entry.source.name.length + entry.folder.length;
    const isFull = this.entries.length === MAX_FILES || bytes > this.#maxBytes || characters > MAX_CHARACTERS;
    if (isFull && this.entries.length > 0) return false;
    this.entries.push(entry);
    this.#bytes = bytes;
    this.#characters = characters;
    return true;
  }
}

/** A record for each file: its upload id, its size and its contents. */
export function bodyOf(entries: readonly Entry[]) {
  return new Blob(entries.flatMap((entry) => [headOf(entry), entry.source as File]));
}

/**
 * How much of each file has gone with the first bytes of a body.
 * @param loaded bytes
 */
export function* sentOf(entries: readonly Entry[], loaded: number): Iterable<[Entry, number]> {
  let end = 0;
  for (const entry of entries) {
    end += HEAD_BYTES + entry.size;
    yield [entry, Math.min(entry.size, Math.max(0, entry.size - (end - loaded)))];
  }
}

function headOf(entry: Entry) {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  const digits = (entry.uploadId ?? "").replaceAll("-", "");
  for (let at = 0; at < ID_BYTES; at += 1) head.setUint8(at, Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
  head.setUint32(ID_BYTES, entry.size);
  return head.buffer;
}
