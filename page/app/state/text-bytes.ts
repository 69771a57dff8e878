/** Bytes as the text that they are, if they are one. Pure. */

export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

const MARKS: readonly { mark: readonly number[]; encoding: Encoding }[] = [
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

/** How the beginning of a file is to be read; null when it is no text. */
export function encodingOf(bytes: Uint8Array): Encoding | null {
  const marked = MARKS.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte));
  const encoding = marked?.encoding ?? (isUtf8(bytes) ? "utf-8" : "windows-1252");
  return isText(decodeText(bytes, encoding)) ? encoding : null;
}

function isText(words: string) {
  const strange = (words.match(CONTROLS)?.length ?? 0) + (words.match(MEANINGLESS)?.length ?? 0);
  return !words.includes("\0") && strange <= words.length * MOST_CONTROLS;
}

/** The text, without the character that is cut off at its end. */
export function decodeText(bytes: Uint8Array, encoding: Encoding) {
  return new TextDecoder(encoding).decode(bytes, { stream: true });
}

/** @param bytes the end of which may lie within a character */
function isUtf8(bytes: Uint8Array) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
