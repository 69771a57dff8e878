/** Which bytes are text, and which text they are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeText, encodingOf } from "../../../page/app/state/text-bytes.js";

function read(bytes: Uint8Array) {
  const encoding = encodingOf(bytes);
  return encoding && decodeText(bytes, encoding);
}

function utf16be(words: string) {
  return Buffer.from(`\ufeff${words}`, "utf16le").swap16();
}

test("texts are read in the encoding that they are written in, without its mark", () => {
  assert.equal(read(Buffer.from("Grüße 🙂")), "Grüße 🙂");
  assert.equal(read(Buffer.from("\ufeffGrüße")), "Grüße");
  assert.equal(read(Buffer.from("\ufeffGrüße", "utf16le")), "Grüße");
  assert.equal(read(utf16be("Grüße")), "Grüße");
  assert.equal(read(Buffer.from("Gr\xfc\xdfe \x80", "latin1")), "Grüße €");
  assert.equal(read(Buffer.from("")), "");
});

test("a character that is cut off at the end is left out, and says nothing about the encoding", () => {
  assert.equal(read(Buffer.from("Grüße 🙂").subarray(0, -2)), "Grüße ");
});

test("lines, tabs, pages and colours are text", () => {
  assert.equal(read(Buffer.from("a\tb\r\n\f\x1b[31mred\x1b[0m")), "a\tb\r\n\f\x1b[31mred\x1b[0m");
});

test("programs, pictures and archives are no text", () => {
  assert.equal(read(Buffer.from("7f454c4602010100", "hex")), null);
  assert.equal(read(Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")), null);
  assert.equal(read(Buffer.from([1, 2, 3, 4, 65, 66])), null);
});

test("a mark alone makes no text of what follows", () => {
  assert.equal(read(Buffer.from("fffe0000dbff00d80100", "hex")), null);
  assert.equal(read(Buffer.from("efbbbf89504e470d0a1a0a0000", "hex")), null);
  assert.equal(read(Buffer.from("feffd800d800d800", "hex")), null);
});
