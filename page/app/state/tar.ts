/**
 * The entries of a tar archive, from their headers alone: POSIX.1-2001 ("pax"), ustar, and what GNU tar adds for long
 * names and large files. Pure: bytes come from a function, so that the contents of files are passed over unread.
 */

export type ArchiveEntry = {
  name: string;
  isFolder: boolean;
  /** Bytes when it is unpacked. */
  size: number;
  /** Milliseconds since the epoch; null: not known. */
  changedAt: number | null;
};

/** The bytes from `offset` on, fewer at the end of the file. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

const BLOCK = 512;
/** Of a name or of other facts that stand in blocks of their own. */
const LONGEST_FACTS = 64 * 1024;
const LATIN = new TextDecoder("latin1");
const UTF8 = new TextDecoder();

/** The bytes are no tar archive, or a damaged one. */
export class NotTar extends Error {}

/** What blocks before an entry say about it. */
type Facts = { name?: string; size?: number };

/** Throws `NotTar`, and what `read` throws. */
export async function* tarEntries(read: ReadAt): AsyncGenerator<ArchiveEntry> {
  let facts: Facts = {};
  for (let offset = 0; ;) {
    const header = await read(offset, BLOCK);
    if (header.length < BLOCK || header.every((byte) => byte === 0)) return;
    if (!hasValidChecksum(header)) throw new NotTar();
    const type = LATIN.decode(header.subarray(156, 157));
    const ownSize = numberAt(header, 124, 12);
    const body = () => read(offset + BLOCK, Math.min(ownSize, LONGEST_FACTS));
    let size = ownSize;
    if (type === "L") facts = { ...facts, name: textAt(await body(), 0, LONGEST_FACTS) };
    else if (type === "x") facts = { ...facts, ...paxFacts(await body()) };
    else if (type !== "g" && type !== "K") {
      size = facts.size ?? ownSize;
      yield entryOf(header, type, facts.name, size);
      facts = {};
    }
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function entryOf(header: Uint8Array, type: string, longName: string | undefined, size: number): ArchiveEntry {
  const isUstar = textAt(header, 257, 5) === "ustar";
  const prefix = isUstar ? textAt(header, 345, 155) : "";
  const name = longName ?? [prefix, textAt(header, 0, 100)].filter(Boolean).join("/");
  const seconds = numberAt(header, 136, 12);
  return { name, isFolder: type === "5" || name.endsWith("/"), size, changedAt: seconds > 0 ? seconds * 1000 : null };
}

/** Bytes of the checksum itself count as blanks. */
function hasValidChecksum(header: Uint8Array) {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return sum === numberAt(header, 148, 8);
}

function textAt(bytes: Uint8Array, offset: number, length: number) {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return UTF8.decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or where they would not do, as GNU tar writes it, a binary number behind a set bit. */
function numberAt(header: Uint8Array, offset: number, length: number) {
  const field = header.subarray(offset, offset + length);
  const first = field[0] ?? 0;
  const value =
    first & 0x80
      ? field.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
      : Number.parseInt(LATIN.decode(field).trim() || "0", 8);
  if (!Number.isSafeInteger(value) || value < 0) throw new NotTar();
  return value;
}

/** Records are `<length> <key>=<value>\n`, and the length counts all of that. */
function paxFacts(bytes: Uint8Array): Facts {
  const facts: Facts = {};
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(32, at);
    const length = Number(LATIN.decode(bytes.subarray(at, blank)));
    if (blank < 0 || !Number.isSafeInteger(length) || length <= blank - at) return facts;
    const [key = "", ...value] = UTF8.decode(bytes.subarray(blank + 1, at + length - 1)).split("=");
    if (key === "path") facts.name = value.join("=");
    if (key === "size" && /^\d{1,15}$/.test(value.join("="))) facts.size = Number(value.join("="));
    at += length;
  }
  return facts;
}
