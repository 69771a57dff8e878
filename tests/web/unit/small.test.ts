/** Small pure things: frames, waiting, measuring, numbers. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { BoundedMap } from "../../../page/app/state/bounded-map.js";
import { severalAtOnce } from "../../../page/app/actions/timing.js";
import { retryDelay } from "../../../page/app/protocol/backoff.js";
import { decodeFrame, encodeFrame, newUuid } from "../../../page/app/protocol/frames.js";
import { formatDate, formatDuration, formatPart, formatPercent, formatSize } from "../../../page/app/text/format.js";
import { enDialogs } from "../../../page/app/text/en-dialogs.js";
import { enUploads } from "../../../page/app/text/en-uploads.js";
import { en } from "../../../page/app/text/en.js";
import { Meter } from "../../../page/app/uploads/meter.js";

const ROOT = new URL("../../../", import.meta.url);

test("a frame is read as it was written", () => {
  const uuid = newUuid();
  assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(decodeFrame(encodeFrame("c2s:ping-services", uuid, {})), {
    id: "c2s:ping-services",
    uuid,
    replyUuid: null,
    data: {},
  });
});

test("what is no frame is nothing", () => {
  for (const text of [undefined, "", "{", "[]", "1", "null", '{"id": 1, "data": {}}', '{"id": "a"}', '{"id": "a", "data": []}']) {
    assert.equal(decodeFrame(text), null);
  }
  assert.equal(decodeFrame('{"id":"a","data":{},"uuid":"nonsense"}')?.uuid, null);
});

test("attempts come less and less often, within limits", () => {
  assert.deepEqual(
    [0, 1, 13, 100].map((attempt) => retryDelay(attempt, 0)),
    [250, 250, 250, 250],
  );
  assert.deepEqual(
    [0, 12, 13, 14, 100].map((attempt) => retryDelay(attempt, 1)),
    [500, 500, 1000, 2000, 3000],
  );
});

test("speed is what went in the last seconds", () => {
  const meter = new Meter();
  assert.equal(meter.rate, 0);
  for (let second = 0; second <= 20; second += 1) meter.record(second * 1000, second < 10 ? 0 : (second - 10) * 500);
  assert.equal(meter.rate, 500);
  meter.record(21_000, 10);
  assert.equal(meter.rate, 0);
});

test("how long something takes is not said before it has gone on for a while", () => {
  const meter = new Meter();
  meter.record(0, 0);
  meter.record(1_000, 5_000);
  assert.deepEqual([meter.rate, meter.secondsFor(10_000)], [5_000, null]);
  meter.record(2_000, 10_000);
  assert.equal(meter.secondsFor(10_000), 2);
});

test("numbers are short and tell enough", () => {
  assert.deepEqual(
    [0, 999, 1000, 1550, 102_298, 102_360, 123_456, 1_023_500, 2 ** 30, 2.5 * 2 ** 50].map(formatSize),
    ["0 B", "999 B", "1.0 KiB", "1.5 KiB", "99.9 KiB", "100 KiB", "121 KiB", "1.0 MiB", "1.0 GiB", "2.5 PiB"].map((size) =>
      size.replace(" ", "\u00a0"),
    ),
  );
  assert.deepEqual(
    [0, 59, 60, 3599, 3600, 5400, 7199].map(formatDuration),
    ["1 s", "59 s", "1 min", "1 h", "1 h", "1 h 30 min", "2 h"].map((text) => text.replace(/(\d) /g, "$1\u00a0")),
  );
  assert.equal(formatPart(21 * 2 ** 20, 38 * 2 ** 20), "21.0 / 38.0\u00a0MiB");
  assert.equal(formatPart(512, 38 * 2 ** 10), "512\u00a0B / 38.0\u00a0KiB");
  assert.equal(formatPercent(999, 1000), "99%");
  assert.equal(formatPercent(0, 0), "0%");
  assert.equal(formatDate(null, 0), "–");
});

test("every count has its thousands apart, and its word in the right number", () => {
  assert.equal(enDialogs.removal.submitDelete("bob", 12_345), "Remove bob and delete 12,345 files");
  assert.equal(enDialogs.removal.running(1), "1 file left …");
  assert.equal(enDialogs.users.owns(1_234, "5 MiB"), "1,234 files, 5 MiB");
  assert.equal(en.listing.summary(1, 4_999), "1 folder, 4,999 files");
  assert.equal(enDialogs.move.title(4_000, 1), "Move 4,001 items");
  assert.equal(enUploads.overwrite.forAllOf(1_500), "Do the same for all other conflicts (1,500 waiting)");
  assert.equal(enUploads.uploads.someFailed(2_000), "2,000 uploads failed");
});

test("several are worked on at once, in order, and an error ends it", async () => {
  const under: { value: number; end: () => void; fail: (error: Error) => void }[] = [];
  const work = (value: number) =>
    new Promise((resolve, reject) => under.push({ value, end: () => resolve(undefined), fail: reject })).then(() => {});
  const begun = () => under.map((each) => each.value);
  const all = severalAtOnce([1, 2, 3, 4], 2, work);
  assert.deepEqual(begun(), [1, 2]);
  under[1]?.end();
  await new Promise(setImmediate);
  assert.deepEqual(begun(), [1, 2, 3]);
  for (const each of under) each.end();
  await new Promise(setImmediate);
  under.at(-1)?.end();
  await all;
  assert.deepEqual(begun(), [1, 2, 3, 4]);
  const failing = severalAtOnce([5], 2, work);
  under.at(-1)?.fail(new Error("no"));
  await assert.rejects(failing, /no/);
  await severalAtOnce([], 2, work);
});

test("what was used longest ago is forgotten once the limit is reached", () => {
  const known = new BoundedMap<string, number>(2);
  known.set("a", 1);
  known.set("b", 2);
  assert.equal(known.get("a"), 1);
  known.set("c", 3);
  assert.deepEqual([known.get("a"), known.get("b"), known.get("c"), known.size], [1, undefined, 3, 2]);
});
