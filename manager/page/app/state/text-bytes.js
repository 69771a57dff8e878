/** Bytes as the text that they are, if they are one. Pure. */

/** @typedef {"utf-8" | "utf-16le" | "utf-16be" | "windows-1252"} Encoding */

/** @type {readonly { mark: readonly number[], encoding: Encoding }[]} */
const MARKS = [
  { mark: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { mark: [0xff, 0xfe], encoding: "utf-16le" },
  { mark: [0xfe, 0xff], encoding: "utf-16be" },
];
const NUL = 0;
/** Tab, line feed, vertical tab, form feed, carriage return, and the escape of terminal colours. */
const WRITTEN_CONTROLS = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);
const FIRST_PRINTABLE = 0x20;
/** Old files end in a stray control character, or page with some; programs and pictures are full of them. */
const MOST_CONTROLS = 0.01;

/**
 * How the beginning of a file is to be read; null when it is no text.
 * @param {Uint8Array} bytes
 * @returns {Encoding | null}
 */
export function encodingOf(bytes) {
  const marked = MARKS.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte));
  if (marked) return marked.encoding;
  if (bytes.includes(NUL)) return null;
  const controls = bytes.reduce((count, byte) => (byte < FIRST_PRINTABLE && !WRITTEN_CONTROLS.has(byte) ? count + 1 : count), 0);
  if (controls > bytes.length * MOST_CONTROLS) return null;
  return isUtf8(bytes) ? "utf-8" : "windows-1252";
}

/**
 * The text, without the character that is cut off at its end.
 * @param {Uint8Array} bytes
 * @param {Encoding} encoding
 */
export function decodeText(bytes, encoding) {
  return new TextDecoder(encoding).decode(bytes, { stream: true });
}

/** @param {Uint8Array} bytes the end of which may lie within a character */
function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
