/** How much of what is on its way at a time. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CHUNKS_AT_ONCE, CHUNKS_PER_UPLOAD, nextChunks } from "../../../page/app/uploads/chunk-plan.js";
import { Entry } from "../../../page/app/uploads/entry.js";

const CHUNK = 10;

/** An upload of many chunks, on a line that takes so many of them in a second. */
function uploadAt(chunksPerSecond: number) {
  const entry = new Entry(1, { name: "film.mkv", size: 100 * CHUNK }, "/", false);
  entry.uploadId = "film";
  entry.state = "sending";
  entry.begin("http://service", CHUNK, [{ first: 0, last: 99 }]);
  entry.meter.record(0, 0);
  entry.meter.record(1_000, chunksPerSecond * CHUNK);
  return entry;
}

test("on a fast line an upload alone has as many chunks on their way as there may be, on a slow one two", () => {
  assert.equal(nextChunks([uploadAt(20)], 0, 1_000).length, CHUNKS_AT_ONCE);
  assert.equal(nextChunks([uploadAt(0.5)], 0, 1_000).length, CHUNKS_PER_UPLOAD);
});

test("every upload has one chunk on its way before any has a second", () => {
  const uploads = [uploadAt(20), uploadAt(20), uploadAt(20)];
  const sent = nextChunks(uploads, 0, 1_000).flatMap((effect) => (effect.do === "send" ? [uploads.indexOf(effect.entry)] : []));
  assert.deepEqual(sent, [0, 1, 2, 0]);
});
