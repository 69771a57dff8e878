/** Which small files go together, and the body that sends them. Pure, but for the bytes. */

import type { Entry } from "./entry.js";

/** A larger file hardly gains by company. */
export const SMALL_BYTES = 1024 * 1024;
const FILES = 250;
const BYTES = 8 * SMALL_BYTES;
/** Of names and paths, which all go in one frame. */
const CHARACTERS = 64 * 1024;
const ID_BYTES = 16;
const HEAD_BYTES = ID_BYTES + 4;

/** Whether a file may go with others. */
export function isBundled(entry: Entry) {
  return entry.size > 0 && entry.size <= SMALL_BYTES && entry.keptId === null && !entry.isAlone;
}

/** The first of these files, and those after it that go with it. */
export function bundleOf(waiting: Iterable<Entry>) {
  const bundle: Entry[] = [];
  let bytes = 0;
  let characters = 0;
  for (const entry of waiting) {
    bytes += entry.size;
    characters += entry.source.name.length + entry.folder.length;
    if (bundle.length > 0 && (bundle.length === FILES || bytes > BYTES || characters > CHARACTERS)) break;
    bundle.push(entry);
  }
  return bundle;
}

/** A record for each file: its upload id, its size and its contents. */
export function bodyOf(entries: readonly Entry[]) {
  return new Blob(entries.flatMap((entry) => [headOf(entry), entry.source as File]));
}

function headOf(entry: Entry) {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  const digits = (entry.uploadId ?? "").replaceAll("-", "");
  for (let at = 0; at < ID_BYTES; at += 1) head.setUint8(at, Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
  head.setUint32(ID_BYTES, entry.size);
  return head.buffer;
}
