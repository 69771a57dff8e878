/** Bytes as the text that they are, if they are one. Pure. */

/** @typedef {"utf-8" | "utf-16le" | "utf-16be" | "windows-1252"} Encoding */

/** @type {readonly { mark: readonly number[], encoding: Encoding }[]} */
const MARKS = [
  { mark: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { mark: [0xff, 0xfe], encoding: "utf-16le" },
  { mark: [0xfe, 0xff], encoding: "utf-16be" },
];
/** Control characters, without tab, line feed, vertical tab, form feed, carriage return, and the escape of terminal colours. */
const CONTROLS = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/g;
/** What a decoder makes of bytes that mean nothing. */
const MEANINGLESS = /\ufffd/g;
/** Old files end in a stray control character, or page with some; programs and pictures are full of them. */
const MOST_CONTROLS = 0.01;

/**
 * How the beginning of a file is to be read; null when it is no text.
 * @param {Uint8Array} bytes
 * @returns {Encoding | null}
 */
export function encodingOf(bytes) {
  const marked = MARKS.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte));
  const encoding = marked?.encoding ?? (isUtf8(bytes) ? "utf-8" : "windows-1252");
  return isText(decodeText(bytes, encoding)) ? encoding : null;
}

/** @param {string} words */
function isText(words) {
  const strange = (words.match(CONTROLS)?.length ?? 0) + (words.match(MEANINGLESS)?.length ?? 0);
  return !words.includes("\0") && strange <= words.length * MOST_CONTROLS;
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
