/** Uploads that the manager keeps: what the queue makes of being cut off, and of going on. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { PATIENCE_MS } from "../../../page/app/uploads/entry.js";
import { fingerprintOf } from "../../../page/app/uploads/fingerprint.js";
import { UploadQueue } from "../../../page/app/uploads/queue.js";

import type { Effect } from "../../../page/app/uploads/effects.js";

const CHUNK = 10;

const only = (effects: Effect[], kind: string) => effects.filter((effect) => effect.do === kind) as any[];

function only1(queue: UploadQueue) {
  const [entry] = queue.entries.values();
  assert.ok(entry);
  return entry;
}

/** A queue with one file, which is being sent and kept, as `one`. */
function keeping(size: number = 5 * CHUNK) {
  const queue = new UploadQueue();
  queue.online({ keep: true });
  queue.add([{ source: { name: "film.mkv", size }, folder: "/", isPublic: false }]);
  queue.next(0);
  queue.booking.settled(1);
  queue.next(0);
  const entry = only1(queue);
  queue.accepted(entry, { name: "", path: "/", accepted: true, chunk_size: CHUNK, upload_id: "one", upload_address: "http://a" });
  return { queue, entry, effects: queue.next(0) };
}

/**
 * Connects again, and books a service.
 * @returns what follows
 */
function reconnects(queue: UploadQueue, now: number = 0): Effect[] {
  queue.online({ keep: true });
  queue.next(now);
  queue.booking.settled(1);
  return queue.next(now);
}

const resumption = (missing: { first: number; last: number }[]) => ({
  upload_id: "one",
  name: "film.mkv",
  path: "/",
  size: 50,
  chunk_size: CHUNK,
  missing,
  upload_address: "http://b",
});

const parked = (code: string) => ({ upload_id: "one", code, reason: `it was parked: ${code}` });

test("an upload of several chunks is kept, one of a single chunk is not, and none where the manager keeps none", () => {
  assert.deepEqual(
    only(keeping(CHUNK + 1).effects, "keep").map(({ uploadId }) => uploadId),
    ["one"],
  );
  assert.deepEqual(only(keeping(CHUNK).effects, "keep"), []);
  const queue = new UploadQueue();
  queue.online();
  queue.add([{ source: { name: "film.mkv", size: 50 }, folder: "/", isPublic: false }]);
  queue.next(0);
  queue.booking.settled(1);
  queue.next(0);
  queue.accepted(only1(queue), { name: "", path: "/", accepted: true, chunk_size: CHUNK, upload_id: "one", upload_address: "" });
  assert.deepEqual(only(queue.next(0), "keep"), []);
});

test("after a lost connection only what is missing is sent, and progress begins at what is stored", () => {
  const { queue, entry } = keeping();
  queue.chunks.stored("one", 0);
  queue.offline();
  assert.deepEqual([entry.state, entry.sentBytes], ["waiting", CHUNK]);
  const effects = reconnects(queue);
  assert.deepEqual(only(effects, "resume"), [{ do: "resume", entry, uploadId: "one" }]);
  assert.deepEqual(only(effects, "request"), []);
  queue.resumed(
    entry,
    resumption([
      { first: 1, last: 1 },
      { first: 3, last: 4 },
    ]),
  );
  assert.deepEqual([entry.state, entry.sentBytes, entry.address], ["sending", 2 * CHUNK, "http://b"]);
  const sent = [];
  for (let effects = queue.next(0); effects.length > 0; effects = queue.next(0)) {
    for (const { index } of only(effects, "send")) {
      sent.push(index);
      queue.chunks.stored("one", index);
    }
  }
  assert.deepEqual([sent, entry.sentBytes], [[1, 3, 4], 50]);
});

test("bytes of a short last chunk are counted as they are", () => {
  const { queue, entry } = keeping(43);
  queue.offline();
  reconnects(queue);
  queue.resumed(
    entry,
    resumption([
      { first: 0, last: 1 },
      { first: 4, last: 4 },
    ]),
  );
  assert.equal(entry.storedBytes, 20);
});

test("when nothing is missing no service is needed, and a question is asked again", () => {
  const { queue, entry } = keeping();
  queue.stageFinished("one", false);
  queue.names.askedByManager("one", "/", null);
  queue.offline();
  assert.deepEqual(queue.names.conflicts.open, []);
  reconnects(queue);
  queue.resumed(entry, resumption([]));
  assert.deepEqual([entry.state, entry.occupies], ["storing", false]);
  queue.names.askedByManager("one", "/", null);
  assert.deepEqual(queue.names.conflicts.open, [entry]);
});

test("what is stored as a whole waits for no service, and is not asked for again and again when chunks are missing after all", () => {
  const queue = new UploadQueue();
  queue.add([
    {
      source: { name: "film.mkv", size: 50 },
      folder: "/",
      isPublic: false,
      kept: { uploadId: "one", fingerprint: "f", storedBytes: 50, isAbsent: true },
    },
  ]);
  queue.online({ keep: true });
  const effects = queue.next(0);
  assert.deepEqual(
    effects.map((effect) => effect.do),
    ["resume"],
  );
  const entry = only1(queue);
  queue.resumeRejected(entry, { code: "cannot-resume-here", reason: "no service", retry: "soon" }, 0);
  assert.deepEqual([entry.state, entry.reason], ["failed", "no service"]);
});

test("an upload that the manager does not keep begins anew, as ever", () => {
  const { queue, entry } = keeping();
  queue.chunks.stored("one", 0);
  entry.notKept("one");
  queue.offline();
  assert.equal(entry.sentBytes, 0);
  assert.equal(only(reconnects(queue), "request").length, 1);
});

test("a lost service is followed by another one, however often, as long as something gets stored", () => {
  const { queue, entry } = keeping();
  let now = 0;
  for (let turn = 0; turn < 20; turn += 1) {
    queue.stageFinished("one", true);
    queue.parked(parked("service-lost"), now);
    assert.deepEqual([entry.state, entry.reason], ["waiting", "it was parked: service-lost"]);
    now += PATIENCE_MS / 2;
    assert.equal(only(queue.next(now), "resume").length, 1);
    queue.resumed(entry, resumption([{ first: 1, last: 4 }]));
    const [{ index }] = only(queue.next(now), "send");
    queue.chunks.stored("one", index);
    assert.equal(entry.reason, null);
  }
});

test("after an hour without progress it fails, is not given up, and goes on when asked to", () => {
  const { queue, entry } = keeping();
  queue.chunks.failed("one", 0, "out of order", 0);
  queue.chunks.failed("one", 1, "out of order", PATIENCE_MS - 1);
  assert.equal(entry.state, "sending");
  queue.next(2 * PATIENCE_MS);
  queue.chunks.failed("one", 0, "out of order", 2 * PATIENCE_MS);
  assert.deepEqual([entry.state, entry.reason], ["failed", "out of order"]);
  assert.deepEqual(only(queue.next(2 * PATIENCE_MS), "abort"), []);
  queue.retry(entry.id);
  assert.deepEqual(
    only(queue.next(2 * PATIENCE_MS), "send")
      .map(({ index }) => index)
      .sort(),
    [0, 1],
  );
});

test("a failed upload whose service has given up is resumed when asked to", () => {
  const { queue, entry } = keeping();
  queue.chunks.storageFailed("one", "the disk is full");
  queue.parked(parked("service-failed"), 0);
  assert.equal(entry.state, "failed");
  queue.retry(entry.id);
  assert.equal(only(queue.next(0), "resume").length, 1);
});

test("an hour without a connection does not count, and what comes back begins at once", () => {
  const { queue, entry } = keeping();
  queue.chunks.failed("one", 0, "out of order", 0);
  queue.offline();
  const now = 2 * PATIENCE_MS;
  assert.equal(only(reconnects(queue, now), "resume").length, 1);
  queue.resumeRejected(entry, { code: "catalog-unavailable", reason: "away", retry: "later" }, now);
  assert.equal(entry.state, "waiting");
});

test("who pauses has time, and goes on where it was", () => {
  const { queue, entry } = keeping();
  queue.pauseAll();
  queue.parked(parked("service-failed"), 0);
  queue.offline();
  queue.online({ keep: true });
  assert.deepEqual([entry.state, only(queue.next(2 * PATIENCE_MS), "resume").length], ["waiting", 0]);
  queue.resumeAll();
  queue.next(2 * PATIENCE_MS);
  queue.booking.settled(1);
  assert.equal(only(queue.next(2 * PATIENCE_MS), "resume").length, 1);
});

test("another window that goes on with it has it, until this one is asked to", () => {
  const { queue, entry } = keeping();
  queue.parked(parked("resumed-elsewhere"), 0);
  assert.equal(entry.state, "elsewhere");
  assert.deepEqual([queue.isWorking, only(queue.next(0), "drop").length], [false, 0]);
  queue.retry(entry.id);
  queue.next(0);
  queue.booking.settled(1);
  assert.equal(only(queue.next(0), "resume").length, 1);
  queue.resumeRejected(entry, { code: "resumed-elsewhere", reason: "no", retry: "never" }, 0);
  assert.equal(entry.state, "elsewhere");
});

test("what is kept no longer, or of another file, begins anew, and that is told", () => {
  for (const [code, isChanged] of [
    ["upload-gone", false],
    ["source-changed", true],
  ] as const) {
    const { queue, entry } = keeping();
    queue.chunks.stored("one", 0);
    queue.offline();
    reconnects(queue);
    queue.resumeRejected(entry, { code, reason: "no", retry: "never" }, 0);
    const effects = queue.next(0);
    assert.deepEqual(only(effects, "tell-anew"), [{ do: "tell-anew", entry, isChanged }]);
    assert.equal(only(queue.next(0), "drop").length + only(effects, "drop").length, isChanged ? 1 : 0);
    assert.deepEqual([only(effects, "request").length, entry.sentBytes, entry.row(false).beganAnew], [1, 0, true]);
  }
});

test("a refusal that may pass is followed by another try, later and later", () => {
  const { queue, entry } = keeping();
  queue.offline();
  let now = 0;
  reconnects(queue, now);
  for (let turn = 0; turn < 30; turn += 1) {
    queue.resumeRejected(entry, { code: "catalog-unavailable", reason: "away", retry: "later" }, now);
    assert.deepEqual([entry.state, only(queue.next(now), "resume").length], ["waiting", 0]);
    now += 15_000;
    assert.equal(only(queue.next(now), "resume").length, 1);
  }
});

test("cancelling drops what is kept: at once, when the connection is back, and when it crosses the parking", () => {
  const waiting = keeping();
  waiting.queue.offline();
  waiting.queue.cancel(waiting.entry.id);
  assert.deepEqual(only(waiting.queue.next(0), "drop"), []);
  waiting.queue.online({ keep: true });
  assert.deepEqual(only(waiting.queue.next(0), "drop"), [{ do: "drop", uploadId: "one" }]);

  const crossing = keeping();
  crossing.queue.cancel(crossing.entry.id);
  assert.equal(only(crossing.queue.next(0), "abort").length, 1);
  crossing.queue.parked(parked("service-lost"), 0);
  assert.deepEqual([only(crossing.queue.next(0), "drop").length, crossing.entry.state], [1, "cancelled"]);

  const cut = keeping();
  cut.queue.cancel(cut.entry.id);
  cut.queue.offline();
  cut.queue.online({ keep: true });
  assert.equal(only(cut.queue.next(0), "drop").length, 1);
  cut.queue.retry(cut.entry.id);
  cut.queue.next(0);
  cut.queue.booking.settled(1);
  assert.equal(only(cut.queue.next(0), "request").length, 1);
});

test("an upload that is cancelled while it is resumed is given up once the manager has answered", () => {
  const resumed = keeping();
  resumed.queue.offline();
  reconnects(resumed.queue);
  resumed.queue.cancel(resumed.entry.id);
  assert.deepEqual(only(resumed.queue.next(0), "drop"), []);
  resumed.queue.resumed(resumed.entry, resumption([{ first: 0, last: 4 }]));
  assert.equal(only(resumed.queue.next(0), "abort").length, 1);

  const refused = keeping();
  refused.queue.offline();
  reconnects(refused.queue);
  refused.queue.cancel(refused.entry.id);
  refused.queue.resumeRejected(refused.entry, { code: "all-busy", reason: "", retry: "soon" }, 0);
  assert.equal(only(refused.queue.next(0), "drop").length, 1);
});

test("a file that cannot be read goes on when the same one is chosen again, and begins anew with another", () => {
  for (const isSame of [true, false]) {
    const { queue, entry } = keeping();
    entry.fingerprint = "first";
    queue.chunks.sourceLost("one", "unplugged");
    assert.deepEqual([entry.state, only(queue.next(0), "abort").length], ["failed", 0]);
    queue.chooseAgain(entry.id, { name: "film.mkv", size: 5 * CHUNK }, isSame ? "first" : "second");
    const effects = queue.next(0);
    assert.deepEqual([entry.state, entry.fingerprint], isSame ? ["sending", "first"] : ["requesting", "second"]);
    assert.equal(only(effects, "send").length, isSame ? 2 : 0);
    if (isSame) continue;
    assert.deepEqual([only(effects, "abort").length, only(effects, "tell-anew").length], [1, 1]);
    queue.finished({ success: false, upload_id: "one", reason: "aborted" }, 0);
    assert.equal(only(queue.next(0), "request").length, 1);
  }
});

test("an unfinished upload that was found goes on, and is known to be in the queue", () => {
  const queue = new UploadQueue();
  queue.add([
    {
      source: { name: "film.mkv", size: 50 },
      folder: "/",
      isPublic: false,
      kept: { uploadId: "one", fingerprint: "f", storedBytes: 20, isAbsent: false },
    },
  ]);
  const entry = only1(queue);
  assert.deepEqual([queue.keptIds.has("one"), queue.keptIds.has("two"), entry.sentBytes], [true, false, 20]);
  assert.equal(only(reconnects(queue), "resume").length, 1);
  queue.resumed(entry, resumption([{ first: 2, last: 4 }]));
  queue.stageFinished("one", false);
  queue.finished({ success: true, upload_id: "one" }, 0);
  assert.deepEqual([entry.state, queue.keptIds.has("one")], ["done", false]);
});

test("leaving for another login gives up what is not kept, and nothing else", () => {
  const { queue } = keeping();
  queue.add([{ source: { name: "small", size: 5 }, folder: "/", isPublic: false }]);
  queue.next(0);
  queue.booking.settled(2);
  const [{ entry: small }] = only(queue.next(0), "request");
  queue.accepted(small, { name: "", path: "/", accepted: true, chunk_size: CHUNK, upload_id: "two", upload_address: "" });
  queue.discard();
  assert.deepEqual(only(queue.next(0), "abort"), [{ do: "abort", uploadId: "two" }]);
  assert.deepEqual([queue.entries.size, queue.isWorking], [0, false]);
  queue.online({ keep: true });
  assert.deepEqual(only(queue.next(0), "drop"), []);
});

test("a fingerprint is size, time and the digest of the first 64 KiB", async () => {
  const bytes = Buffer.concat([Buffer.alloc(65_536, 1), Buffer.alloc(10, 2)]);
  const file = new File([bytes], "film.mkv", { lastModified: 1_764_460_800_123 });
  const digest = createHash("sha256").update(bytes.subarray(0, 65_536)).digest("hex");
  assert.equal(await fingerprintOf(file), `v1:65546:1764460800123:${digest}`);
});
