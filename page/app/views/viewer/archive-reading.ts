/** What is in an archive, without unpacking it. */

import type { ArchiveKind } from "../../state/kinds.js";
import { unzipRaw } from "unzipit";
import { tarEntries, type ArchiveEntry } from "../../state/tar.js";
import { BudgetSpent, RangedFile } from "./ranged-file.js";

export const MOST_ENTRIES = 1_000;
const ZIP_BUDGET = { bytes: 16 * 2 ** 20, requests: 16 };
/** Between two large files in a tar archive lies nothing but a header, which may take a chunk of 10 MiB from Discord. */
const TAR_BUDGET = { bytes: 16 * 2 ** 20, requests: 64 };
/** What is compressed as a whole can only be read from its start. */
const GZIP_BYTES = 16 * 2 ** 20;
const UNPACKED_BYTES = 256 * 2 ** 20;

/** `count`: of all entries; null when that is not known, since the end was not read */
export type Contents = { entries: readonly ArchiveEntry[]; count: number | null };

/** The first entries of an archive. Rejects when it cannot be read. */
export function readArchive(kind: ArchiveKind, address: string, size: number, signal: AbortSignal): Promise<Contents> {
  if (kind === "zip") return readZip(new RangedFile(address, size, ZIP_BUDGET, signal));
  if (kind === "tar") {
    const file = new RangedFile(address, size, TAR_BUDGET, signal);
    return collect(tarEntries((offset, length) => file.read(offset, length)));
  }
  return readGzippedTar(address, size, signal);
}

async function readZip(file: RangedFile): Promise<Contents> {
  const { entries } = await unzipRaw(file);
  const first = entries.slice(0, MOST_ENTRIES).map((entry) => ({
    name: entry.name,
    isFolder: entry.isDirectory,
    size: entry.size,
    changedAt: entry.lastModDate.getTime(),
  }));
  return { entries: first, count: entries.length };
}

async function readGzippedTar(address: string, size: number, signal: AbortSignal): Promise<Contents> {
  // Also when enough is known.
  const ending = new AbortController();
  signal.addEventListener("abort", () => ending.abort());
  const end = Math.min(size, GZIP_BYTES) - 1;
  const response = await fetch(address, { headers: { Range: `bytes=0-${end}` }, signal: ending.signal });
  if (response.status !== 206 || !response.body) throw new Error(`the manager answers ${response.status}`);
  const stream = new UnpackedStream(response.body.pipeThrough(new DecompressionStream("gzip")), end + 1 < size);
  try {
    return await collect(tarEntries((offset, length) => stream.read(offset, length)));
  } finally {
    ending.abort();
  }
}

/** Bytes that come one after the other; what was passed cannot be read again. */
class UnpackedStream {
  #reader;
  #isCutOff;
  #offset = 0;
  #part = new Uint8Array(0);

  /** @param isCutOff whether the end of the stream is not that of the archive */
  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>, isCutOff: boolean) {
    this.#reader = stream.getReader();
    this.#isCutOff = isCutOff;
  }

  /** Rejects with `BudgetSpent`. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const found = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const start = offset + filled - this.#offset;
      if (start < this.#part.length) {
        const piece = this.#part.subarray(start, start + length - filled);
        found.set(piece, filled);
        filled += piece.length;
      } else if (!(await this.#next())) return found.subarray(0, filled);
    }
    return found;
  }

  /** @returns whether there is another part */
  async #next() {
    this.#offset += this.#part.length;
    this.#part = new Uint8Array(0);
    if (this.#offset > UNPACKED_BYTES) throw new BudgetSpent();
    try {
      const { value } = await this.#reader.read();
      this.#part = value ?? this.#part;
    } catch (error) {
      if (this.#isCutOff) throw new BudgetSpent();
      throw error;
    }
    return this.#part.length > 0;
  }
}

/** As many entries as the budget allows. */
async function collect(found: AsyncGenerator<ArchiveEntry>): Promise<Contents> {
  const entries: ArchiveEntry[] = [];
  try {
    for await (const entry of found) {
      if (entries.length === MOST_ENTRIES) return { entries, count: null };
      entries.push(entry);
    }
    return { entries, count: entries.length };
  } catch (error) {
    if (error instanceof BudgetSpent && entries.length > 0) return { entries, count: null };
    throw error;
  }
}
