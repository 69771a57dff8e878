/** The upload queue: what it asks for, and what it makes of the answers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CHUNKS_AT_ONCE } from "../../../page/app/uploads/chunk-plan.js";
import { Entry } from "../../../page/app/uploads/entry.js";
import { Meter } from "../../../page/app/uploads/meter.js";
import { foldersAround } from "../../../page/app/uploads/moves.js";
import { ProgressWatch } from "../../../page/app/uploads/progress-watch.js";
import { UploadQueue } from "../../../page/app/uploads/queue.js";
import { summarise } from "../../../page/app/uploads/summary.js";

import type { Effect } from "../../../page/app/uploads/effects.js";
import type { FileItem, Item } from "../../../page/types/state.js";

const CHUNK = 10;

/** A queue with files of these sizes, online. */
function queueOf(...sizes: number[]) {
  const queue = new UploadQueue();
  queue.online();
  queue.add(sizes.map((size, index) => ({ source: { name: `file ${index}`, size }, folder: "/", isPublic: false })));
  return queue;
}

const only = (effects: Effect[], kind: string) => effects.filter((effect) => effect.do === kind) as any[];

/** Books, and lets the manager accept everything that is requested. */
function begin(queue: UploadQueue, amount: number, now: number = 0) {
  queue.next(now);
  queue.booking.settled(amount);
  const requests = only(queue.next(now), "request");
  for (const { entry } of requests) accept(queue, entry);
  return { entries: requests.map((request) => request.entry) as Entry[], sends: only(queue.next(now), "send") };
}

function accept(queue: UploadQueue, entry: Entry) {
  const answer = {
    name: "",
    path: entry.folder,
    accepted: true,
    chunk_size: CHUNK,
    upload_id: `upload ${entry.id}.${entry.attempts}`,
    upload_address: "http://service",
  };
  queue.accepted(entry, answer);
}

function complete(queue: UploadQueue, entry: Entry) {
  const id = entry.uploadId ?? "";
  queue.stageFinished(id, false);
  queue.finished({ success: true, upload_id: id }, 0);
}

const states = (queue: UploadQueue) => Array.from(queue.entries.values(), (entry) => entry.state);

test("as many services are booked as there are files, up to a limit", () => {
  assert.deepEqual(only(queueOf(1, 1, 1).next(0), "book"), [{ do: "book", amount: 3 }]);
  assert.deepEqual(only(queueOf(...Array(50).fill(1)).next(0), "book"), [{ do: "book", amount: 8 }]);
});

test("no more uploads are requested than services are booked", () => {
  const queue = queueOf(1, 1, 1);
  const { entries } = begin(queue, 2);
  assert.equal(entries.length, 2);
  queue.booking.changed(1);
  assert.equal(only(queue.next(0), "request").length, 1);
});

test("nothing is requested while nobody knows how many services there are", () => {
  const queue = queueOf(1);
  queue.next(0);
  assert.deepEqual(queue.next(0), []);
});

test("a service that is free after the stage takes the next file before the last one is entered", () => {
  const queue = queueOf(1, 1);
  const { entries } = begin(queue, 1);
  queue.stageFinished(entries[0]?.uploadId ?? "", false);
  assert.equal(only(queue.next(0), "request").length, 1);
  assert.deepEqual(states(queue), ["storing", "requesting"]);
});

test("every upload gets a chunk on its way before any gets a second", () => {
  const queue = queueOf(100, 100, 100);
  const { sends } = begin(queue, 3);
  assert.equal(sends.length, CHUNKS_AT_ONCE);
  assert.deepEqual(
    sends.map((send) => [send.entry.id, send.index]),
    [
      [1, 0],
      [2, 0],
      [3, 0],
      [1, 1],
    ],
  );
});

test("the last chunk is as long as what is left", () => {
  const queue = queueOf(25);
  const { entries, sends } = begin(queue, 1);
  assert.deepEqual(
    sends.map((send) => send.index),
    [0, 1],
  );
  queue.chunks.stored(entries[0]?.uploadId ?? "", 0);
  assert.deepEqual(
    only(queue.next(0), "send").map((send) => send.entry.chunkLength(send.index)),
    [5],
  );
});

test("the booking is given back when nothing is left, and again after a refusal", () => {
  const queue = queueOf(1);
  const { entries } = begin(queue, 1);
  const [entry] = entries;
  assert.ok(entry);
  complete(queue, entry);
  assert.equal(only(queue.next(0), "clear-booking").length, 1);
  queue.booking.clearingRefused(0);
  assert.equal(only(queue.next(0), "clear-booking").length, 0);
  assert.equal(only(queue.next(1000), "clear-booking").length, 1);
  queue.bookingCleared();
  assert.deepEqual(queue.next(1000), []);
  assert.equal(queue.isWorking, false);
});

test("a chunk that failed is sent again after a while, and not for ever", () => {
  const queue = queueOf(5);
  const { entries } = begin(queue, 1);
  const id = entries[0]?.uploadId ?? "";
  let now = 0;
  for (let failure = 1; failure <= 8; failure += 1) {
    queue.chunks.failed(id, 0, "out of order", now);
    assert.equal(only(queue.next(now), "send").length, 0);
    now += 60_000;
    assert.equal(only(queue.next(now), "send").length, 1);
  }
  queue.chunks.failed(id, 0, "out of order", now);
  assert.deepEqual(only(queue.next(now), "abort"), [{ do: "abort", uploadId: id }]);
  assert.deepEqual(states(queue), ["failed"]);
});

test("a cancelled upload keeps its service until the manager has told its end", () => {
  const queue = queueOf(5, 5);
  const { entries } = begin(queue, 1);
  const [entry] = entries;
  assert.ok(entry);
  const id = entry.uploadId ?? "";
  queue.cancel(entry.id);
  const effects = queue.next(0);
  assert.deepEqual(
    [only(effects, "abort").length, only(effects, "stop-sending").length, only(effects, "request").length],
    [1, 1, 0],
  );
  queue.finished({ success: false, upload_id: id, reason: "aborted" }, 0);
  assert.equal(only(queue.next(0), "request").length, 1);
  assert.deepEqual(states(queue), ["cancelled", "requesting"]);
});

test("an upload that is cancelled while it is requested is aborted once it is accepted", () => {
  const queue = queueOf(5);
  queue.next(0);
  queue.booking.settled(1);
  const [request] = only(queue.next(0), "request");
  queue.cancel(request.entry.id);
  assert.equal(only(queue.next(0), "abort").length, 0);
  accept(queue, request.entry);
  assert.equal(only(queue.next(0), "abort").length, 1);
});

test("pausing stops what is on its way, and resuming sends it again", () => {
  const queue = queueOf(25);
  const { entries } = begin(queue, 1);
  queue.pause(entries[0]?.id ?? 0);
  assert.equal(only(queue.next(0), "stop-sending").length, 1);
  assert.deepEqual(queue.next(0), []);
  queue.resume(entries[0]?.id ?? 0);
  assert.deepEqual(
    only(queue.next(0), "send").map((send) => send.index),
    [0, 1],
  );
});

test("who pauses for longer than a service waits has not failed", () => {
  const queue = queueOf(25);
  const { entries } = begin(queue, 1);
  const [entry] = entries;
  assert.ok(entry);
  queue.pauseAll();
  queue.finished({ success: false, upload_id: entry.uploadId ?? "", reason: "nothing came" }, 0);
  assert.deepEqual(states(queue), ["waiting"]);
  queue.resumeAll();
  assert.equal(only(queue.next(1000), "request").length, 1);
});

test("a file whose service went away begins anew, a few times", () => {
  const queue = queueOf(25);
  let { entries } = begin(queue, 1);
  for (let attempt = 1; attempt < 4; attempt += 1) {
    const id = entries[0]?.uploadId ?? "";
    queue.stageFinished(id, true);
    queue.finished({ success: false, upload_id: id, reason: "gone" }, 0);
    assert.deepEqual(states(queue), ["waiting"]);
    entries = only(queue.next(100_000), "request").map((request) => request.entry);
    if (entries[0]) accept(queue, entries[0]);
  }
  queue.finished({ success: false, upload_id: entries[0]?.uploadId ?? "", reason: "gone" }, 0);
  assert.deepEqual(states(queue), ["failed"]);
});

test("a file that could not be entered has failed at once", () => {
  const queue = queueOf(5);
  const { entries } = begin(queue, 1);
  const id = entries[0]?.uploadId ?? "";
  queue.stageFinished(id, false);
  queue.finished({ success: false, upload_id: id, reason: "you may not write it" }, 0);
  assert.deepEqual(states(queue), ["failed"]);
  queue.retry(entries[0]?.id ?? 0);
  assert.equal(only(queue.next(0), "request").length, 1);
});

test("after a lost connection everything that was not finished starts again", () => {
  const queue = queueOf(5, 5, 5, 5);
  const { entries } = begin(queue, 3);
  const [done, deciding] = entries;
  assert.ok(done && deciding);
  complete(queue, done);
  queue.stageFinished(deciding.uploadId ?? "", false);
  queue.names.askedByManager(deciding.uploadId ?? "", "/", null);
  queue.offline();
  assert.deepEqual(states(queue), ["done", "waiting", "waiting", "waiting"]);
  assert.deepEqual(queue.names.conflicts.open, []);
  assert.deepEqual(only(queue.next(0), "request"), []);
  queue.online();
  assert.deepEqual(only(queue.next(0), "book"), [{ do: "book", amount: 3 }]);
});

test("a file is sent with its modification time, if the manager takes such a one", () => {
  const timeOf = (lastModified?: number) => new Entry(1, { name: "a", size: 1, lastModified }, "/", false).modifiedAt;
  assert.equal(timeOf(1_234_567_890_125), "2009-02-13T23:31:30.125Z");
  assert.equal(timeOf(-500), "1969-12-31T23:59:59.500Z");
  for (const time of [undefined, NaN, Infinity, 8.64e15, -1.2e13]) assert.equal(timeOf(time), null);
});

/** @returns a stored file with this name */
const stored = (name: string, change: Partial<FileItem> = {}): FileItem => ({
  kind: "file",
  key: `file:${name}`,
  id: 1,
  name,
  type: "text/plain",
  size: 3,
  createdAt: null,
  updatedAt: "2026-01-01",
  modifiedAt: "2026-01-01",
  status: "owned",
  sharedAt: null,
  can: "rw",
  hasThumbnail: false,
  ...change,
});

const folderNamed = (name: string): Item => ({ kind: "folder", key: `folder:${name}`, id: 1, name });

/** A queue whose manager tells which names are taken, with files of these sizes. */
function checkedQueueOf(...sizes: number[]) {
  const queue = new UploadQueue();
  queue.online({ check: true });
  addTo(queue, "/", ...sizes);
  return queue;
}

function addTo(queue: UploadQueue, folder: string, ...sizes: number[]) {
  queue.add(sizes.map((size, index) => ({ source: { name: `file ${index}`, size }, folder, isPublic: false })));
}

/** Has the manager say what has which name in the root. */
function check(queue: UploadQueue, ...taken: Item[]) {
  const names = new Map(taken.map((item) => [item.name, item]));
  for (const each of only(queue.next(0), "check-names")) queue.names.checked(each, names);
}

const answers = (effects: Effect[]) => only(effects, "answer").map(({ uploadId, action }) => [uploadId, action]);
const asked = (queue: UploadQueue) => queue.names.conflicts.open.map((entry) => entry.id);

test("taken names are asked about before anything is sent, in the order of the list, while the others go on", () => {
  const queue = checkedQueueOf(5, 5, 5);
  check(queue, stored("file 2"), stored("file 0"));
  assert.deepEqual(
    [asked(queue), states(queue)],
    [
      [1, 3],
      ["deciding", "waiting", "deciding"],
    ],
  );
  assert.deepEqual(
    begin(queue, 3).entries.map((entry) => entry.id),
    [2],
  );
  assert.equal(queue.isWorking, true);
});

test("nothing is requested before it is known whether its name is taken", () => {
  const queue = checkedQueueOf(5);
  addTo(queue, "/other", 5);
  const checks = only(queue.next(0), "check-names");
  assert.deepEqual(
    checks.map((each) => each.folder),
    ["/", "/other"],
  );
  queue.booking.settled(2);
  assert.deepEqual(queue.next(0), []);
  queue.names.checked(checks[1], new Map());
  queue.next(0);
  queue.booking.settled(2);
  assert.deepEqual(
    only(queue.next(0), "request").map(({ entry }) => entry.folder),
    ["/other"],
  );
});

test("where nobody can say which names are taken, the manager asks after the upload", () => {
  const queue = checkedQueueOf(5);
  const [unknown] = only(queue.next(0), "check-names");
  queue.names.checked(unknown, null);
  const [entry] = begin(queue, 1).entries;
  queue.stageFinished(entry?.uploadId ?? "", false);
  queue.names.askedByManager(entry?.uploadId ?? "", "/", null);
  assert.deepEqual([states(queue), entry?.sentBytes], [["deciding"], 5]);
  assert.equal(queueOf(5).next(0)[0]?.do, "book");
});

test("in a folder that is missing no name is taken, nor in the folders that lie in it", () => {
  const queue = new UploadQueue();
  queue.online({ check: true });
  for (const folder of ["/trip/one/deep", "/trip/two/deep", "/trip", "/tripod"]) addTo(queue, folder, 5);
  const [first, second] = only(queue.next(0), "check-names");
  queue.names.folderMissing(first, "/trip");
  assert.deepEqual(
    only(queue.next(0), "check-names").map(({ folder }) => folder),
    ["/tripod"],
  );
  queue.names.checked(second, new Map());
  queue.booking.settled(2);
  queue.next(0);
  queue.booking.settled(3);
  assert.deepEqual(
    only(queue.next(0), "request").map(({ entry }) => entry.folder),
    ["/trip/one/deep", "/trip", "/trip/two/deep"],
  );
});

test("names are looked up again when the connection was lost meanwhile", () => {
  const queue = checkedQueueOf(5);
  const [lost] = only(queue.next(0), "check-names");
  queue.offline();
  queue.names.checked(lost, null);
  queue.online({ check: true });
  assert.equal(only(queue.next(0), "check-names").length, 1);
});

test("what is skipped is never sent, and what is to be kept or replaced is sent and asked about no more", () => {
  const queue = checkedQueueOf(5, 5, 5);
  check(queue, stored("file 0"), stored("file 1"), stored("file 2"));
  queue.names.decide(1, "skip", false);
  queue.names.decide(2, "rename", false);
  queue.names.decide(3, "overwrite", false);
  assert.deepEqual(states(queue), ["skipped", "waiting", "waiting"]);
  const [kept, replacing] = begin(queue, 3).entries;
  assert.ok(kept?.uploadId && replacing?.uploadId);
  for (const { uploadId } of [kept, replacing]) queue.stageFinished(uploadId ?? "", false);
  queue.names.askedByManager(kept.uploadId, "/", stored("file 1", { size: 99 }));
  queue.names.askedByManager(replacing.uploadId, "/", stored("file 2"));
  assert.deepEqual(answers(queue.next(0)), [
    [kept.uploadId, "rename"],
    [replacing.uploadId, "overwrite"],
  ]);
  assert.deepEqual(asked(queue), []);
});

test("what was to be replaced is asked about again when it has become something else", () => {
  const queue = checkedQueueOf(5);
  check(queue, stored("file 0"));
  queue.names.decide(1, "overwrite", false);
  const [entry] = begin(queue, 1).entries;
  queue.stageFinished(entry?.uploadId ?? "", false);
  queue.names.askedByManager(entry?.uploadId ?? "", "/", stored("file 0", { updatedAt: "2026-02-02" }));
  assert.deepEqual([asked(queue), answers(queue.next(0))], [[1], []]);
});

test("one answer for all settles the open questions of a selection, and those to come, before and after the upload", () => {
  const queue = checkedQueueOf(5, 5, 5);
  check(queue, stored("file 0"), stored("file 1"));
  const [entry] = begin(queue, 1).entries;
  queue.names.decide(1, "rename", true);
  queue.stageFinished(entry?.uploadId ?? "", false);
  queue.names.askedByManager(entry?.uploadId ?? "", "/", stored("file 2"));
  assert.deepEqual([states(queue), answers(queue.next(0))], [["waiting", "waiting", "storing"], [[entry?.uploadId, "rename"]]]);
});

test("an answer for all says nothing about the files of another selection", () => {
  const queue = checkedQueueOf(5);
  check(queue, stored("file 0"));
  addTo(queue, "/", 5);
  check(queue, stored("file 0"));
  queue.names.decide(1, "skip", true);
  assert.deepEqual([states(queue), asked(queue)], [["skipped", "deciding"], [2]]);
});

test("replacing all replaces no folder, and nothing that may not be changed", () => {
  const queue = checkedQueueOf(5, 5, 5, 0);
  check(queue, stored("file 0"), folderNamed("file 1"), stored("file 2", { can: "r" }), stored("file 3"));
  queue.names.decide(1, "overwrite", true);
  assert.deepEqual(
    [states(queue), asked(queue)],
    [
      ["waiting", "deciding", "deciding", "deciding"],
      [2, 3, 4],
    ],
  );
  const { prompt, questions } = panelOf(queue)(0);
  assert.deepEqual([questions, prompt?.canReplace, prompt?.more], [3, false, 2]);
});

test("questions that are put off wait until somebody wants to answer, or chooses more files", () => {
  const queue = checkedQueueOf(5);
  const panel = panelOf(queue);
  check(queue, stored("file 0"));
  queue.names.conflicts.isPutOff = true;
  assert.deepEqual([panel(0).prompt, panel(0).questions], [null, 1]);
  addTo(queue, "/other", 5);
  assert.equal(panel(0).prompt?.id, 1);
});

test("a question is gone with its upload", () => {
  const queue = checkedQueueOf(5, 5);
  check(queue, stored("file 0"), stored("file 1"));
  queue.cancel(1);
  assert.deepEqual([states(queue), asked(queue)], [["cancelled", "deciding"], [2]]);
});

test("an empty file that is kept beside another takes the first free number", () => {
  const queue = checkedQueueOf(0);
  check(queue, stored("file 0"));
  queue.names.decide(1, "rename", false);
  const [{ entry }] = only(queue.next(0), "make-empty");
  assert.equal(entry.numberedName, "file 0 (1)");
  queue.emptyFailed(entry, "taken");
  assert.equal(only(queue.next(0), "make-empty").length, 1);
  queue.emptyMade(entry);
  assert.deepEqual([states(queue), entry.renamedTo], [["done"], "file 0 (2)"]);
});

test("a question that the manager asks again is put to the person again", () => {
  const queue = queueOf(1);
  const [entry] = begin(queue, 1).entries;
  assert.ok(entry);
  const id = entry.uploadId ?? "";
  queue.stageFinished(id, false);
  queue.names.askedByManager(id, "/", folderNamed("file 0"));
  queue.names.decide(entry.id, "rename", false);
  queue.names.askedByManager(id, "/", null);
  assert.deepEqual([entry.existing, entry.state], [null, "deciding"]);
});

test("an upload that cannot be stored until somebody acts is not sent again", () => {
  const queue = queueOf(5);
  const [entry] = begin(queue, 1).entries;
  assert.ok(entry);
  queue.next(0);
  queue.chunks.storageFailed(entry.uploadId ?? "", "the disk is full");
  assert.deepEqual([entry.state, entry.reason], ["failed", "the disk is full"]);
  assert.deepEqual(only(queue.next(0), "abort").length, 1);
  assert.deepEqual(only(queue.next(60_000), "send"), []);
});

test("empty files need no service", () => {
  const queue = queueOf(0);
  const effects = queue.next(0);
  assert.deepEqual(
    effects.map((effect) => effect.do),
    ["make-empty"],
  );
  queue.emptyMade(only(effects, "make-empty")[0].entry);
  assert.deepEqual(queue.next(0), []);
  assert.deepEqual(states(queue), ["done"]);
});

test("a refused request is tried once more", () => {
  const queue = queueOf(5);
  queue.next(0);
  queue.booking.settled(1);
  const [request] = only(queue.next(0), "request");
  queue.rejected(request.entry, "the disk is full", "later", 0);
  assert.deepEqual(states(queue), ["waiting"]);
  queue.rejected(only(queue.next(60_000), "request")[0].entry, "the disk is still full", "later", 60_000);
  assert.deepEqual(states(queue), ["failed"]);
  assert.equal(request.entry.reason, "the disk is still full");
});

test("a request that met no free service is made again, however often that happens", () => {
  const queue = queueOf(5);
  queue.next(0);
  queue.booking.settled(1);
  for (let now = 0; now < 600_000; now += 60_000) {
    queue.rejected(only(queue.next(now), "request")[0].entry, "all are busy", "soon", now);
    assert.deepEqual(states(queue), ["waiting"]);
    assert.deepEqual(only(queue.next(now), "request"), []);
  }
});

test("a request that cannot succeed fails at once", () => {
  const queue = queueOf(5);
  queue.next(0);
  queue.booking.settled(1);
  const [request] = only(queue.next(0), "request");
  queue.rejected(request.entry, "a file is in the way", "never", 0);
  assert.deepEqual(states(queue), ["failed"]);
  assert.equal(request.entry.reason, "a file is in the way");
});

test("tidying forgets what is over and keeps the rest", () => {
  const queue = queueOf(5, 5);
  const { entries } = begin(queue, 1);
  const [entry] = entries;
  assert.ok(entry);
  complete(queue, entry);
  queue.tidy();
  assert.deepEqual([...queue.entries.keys()], [2]);
});

test("what goes into a folder that is renamed or moved goes along, also what was tried before", () => {
  const queue = new UploadQueue();
  const folders = ["/a", "/a/in", "/ab", "/x/a", "/"];
  queue.add(folders.map((folder) => ({ source: { name: "file", size: 1 }, folder, isPublic: false })));
  queue.cancel(1);
  queue.folderMoved(["a"], ["x", "a (1)"]);
  assert.deepEqual(
    Array.from(queue.entries.values(), (entry) => entry.folder),
    ["/x/a (1)", "/x/a (1)/in", "/ab", "/x/a", "/"],
  );
  assert.deepEqual(foldersAround(queue.folders, "a"), [["x"]]);
  assert.deepEqual(foldersAround(queue.folders, "x"), [[]]);
  assert.deepEqual(foldersAround(queue.folders, "file"), []);
});

test("a file is found where it goes or went, without a look at any other", () => {
  const queue = new UploadQueue();
  let reads = 0;
  const sourceOf = (name: string) => ({
    size: 1,
    get name() {
      reads += 1;
      return name;
    },
  });
  const add = (name: string) => queue.add([{ source: sourceOf(name), folder: "/a", isPublic: false }]);
  for (let number = 0; number < 5_000; number += 1) add(`file ${number}`);
  reads = 0;
  assert.ok(queue.entries.hasAt("/a", "file 4999"));
  assert.ok(!queue.entries.hasAt("/", "file 4999"));
  assert.ok(!queue.entries.hasAt("/a", "other"));
  assert.equal(reads, 0);

  queue.folderMoved(["a"], ["b"]);
  assert.deepEqual([queue.entries.hasAt("/a", "file 1"), queue.entries.hasAt("/b", "file 1")], [false, true]);
  const [first] = queue.entries.values();
  assert.ok(first);
  first.renamedTo = "file (1)";
  assert.deepEqual([queue.entries.hasAt("/b", "file 0"), queue.entries.hasAt("/b", "file (1)")], [false, true]);
  add("twice");
  add("twice");
  queue.cancel(5_001);
  queue.tidy();
  assert.ok(queue.entries.hasAt("/a", "twice"));
  queue.cancel(5_002);
  queue.tidy();
  assert.ok(!queue.entries.hasAt("/a", "twice"));
});

test("nothing is requested until it is known which folders went along with a moved one", () => {
  const queue = queueOf(1);
  queue.lookups = 1;
  queue.next(0);
  queue.booking.settled(1);
  assert.equal(only(queue.next(0), "request").length, 0);
  queue.lookups = 0;
  assert.equal(only(queue.next(0), "request").length, 1);
});

test("where the manager has put an upload is where it is shown", () => {
  const queue = queueOf(1);
  queue.next(0);
  queue.booking.settled(1);
  const [{ entry }] = only(queue.next(0), "request");
  const answer = { name: "", path: "/moved", accepted: true, chunk_size: CHUNK, upload_id: "one", upload_address: "" };
  queue.accepted(entry, answer);
  assert.deepEqual([entry.folder, entry.state], ["/moved", "sending"]);
  queue.stageFinished("one", false);
  queue.names.askedByManager("one", "/moved again", null);
  assert.deepEqual([entry.folder, entry.state], ["/moved again", "deciding"]);
});

test("an upload that the manager would put into a folder's old place begins anew in the new one", () => {
  const queue = new UploadQueue();
  queue.online();
  queue.add([{ source: { name: "file", size: 1 }, folder: "/old", isPublic: false }]);
  queue.next(0);
  queue.booking.settled(1);
  const [{ entry }] = only(queue.next(0), "request");
  // The news of the folder crosses the request, which the manager takes for one into a new folder.
  queue.folderMoved(["old"], ["new"]);
  queue.accepted(entry, { name: "", path: "/old", accepted: true, chunk_size: CHUNK, upload_id: "one", upload_address: "" });
  assert.deepEqual(queue.next(0), [{ do: "abort", uploadId: "one" }]);
  queue.finished({ success: false, upload_id: "one", reason: "the upload was aborted" }, 0);
  const again = only(queue.next(0), "request");
  assert.deepEqual([again.length, entry.folder, entry.attempts], [1, "/new", 0]);
  accept(queue, entry);
  assert.equal(entry.state, "sending");
});

test("a pause says nothing about how long the rest takes", () => {
  const queue = queueOf(20 * CHUNK);
  const {
    entries: [entry],
  } = begin(queue, 1);
  const id = entry?.uploadId ?? "";
  const meter = new Meter();
  const secondsLeft = (second: number) => summarise(queue, 0, meter, new ProgressWatch(), second * 1_000).secondsLeft;
  const stores = (index: number) => {
    queue.next(0);
    queue.chunks.stored(id, index);
  };
  secondsLeft(0);
  for (const second of [1, 2, 3, 4]) {
    stores(second - 1);
    secondsLeft(second);
  }
  assert.equal(secondsLeft(4), 16);
  queue.pauseAll();
  assert.equal(secondsLeft(5), null);
  queue.resumeAll();
  queue.next(0);
  assert.equal(secondsLeft(600), null);
  stores(4);
  assert.equal(secondsLeft(601), null);
  stores(5);
  assert.equal(secondsLeft(602), 14);
});

test("a file that was changed on the disk is not tried again, but can be chosen again", () => {
  const queue = queueOf(3 * CHUNK);
  const {
    entries: [entry],
  } = begin(queue, 1);
  assert.ok(entry);
  const source = { name: "file 0", size: CHUNK };
  queue.chooseAgain(entry.id, source);
  assert.equal(entry.size, 3 * CHUNK);
  queue.chunks.sourceLost(entry.uploadId ?? "", "changed");
  queue.finished({ success: false, upload_id: entry.uploadId ?? "" }, 0);
  assert.deepEqual([entry.state, entry.reason, entry.isLost], ["failed", "changed", true]);
  queue.retry(entry.id);
  assert.equal(entry.state, "failed");
  queue.chooseAgain(entry.id, source);
  assert.deepEqual([entry.state, entry.reason, entry.size], ["waiting", null, CHUNK]);
  assert.equal(only(queue.next(0), "request").length, 1);
});

test("all that failed is tried again, and nothing else", () => {
  const queue = queueOf(CHUNK, CHUNK, CHUNK, CHUNK);
  const { entries } = begin(queue, 4);
  const [lost, failed, cancelled, sending] = entries as [Entry, Entry, Entry, Entry];
  queue.chunks.sourceLost(lost.uploadId ?? "", "gone");
  queue.finished({ success: false, upload_id: lost.uploadId ?? "" }, 0);
  queue.stageFinished(failed.uploadId ?? "", false);
  queue.finished({ success: false, upload_id: failed.uploadId ?? "", reason: "no" }, 0);
  queue.cancel(cancelled.id);
  queue.finished({ success: false, upload_id: cancelled.uploadId ?? "" }, 0);
  queue.retryFailed();
  assert.deepEqual(
    [lost, failed, cancelled, sending].map((entry) => entry.state),
    ["failed", "waiting", "cancelled", "sending"],
  );
});

/** What the panel shows, second by second. */
function panelOf(queue: UploadQueue) {
  const meter = new Meter();
  const watch = new ProgressWatch();
  return (second: number) => summarise(queue, 0, meter, watch, second * 1_000);
}

test("totals are those of what runs now, and what was stored before is a line of its own", () => {
  const queue = queueOf(40, 60);
  const panel = panelOf(queue);
  for (const entry of begin(queue, 2).entries) complete(queue, entry);
  assert.deepEqual([panel(0).counts.done, panel(0).finished], [2, []]);
  queue.add([{ source: { name: "next", size: 70 }, folder: "/", isPublic: false }]);
  begin(queue, 1);
  const { totalBytes, sentBytes, count, finished } = panel(1);
  assert.deepEqual([totalBytes, sentBytes, count], [70, 0, 1]);
  assert.deepEqual(
    finished.map((batch) => [batch.count, batch.bytes]),
    [[2, 100]],
  );
  queue.batches.clear(finished[0]?.id ?? 0);
  assert.deepEqual(panel(2).finished, []);
});

test("what is added while something runs belongs to it", () => {
  const queue = queueOf(40, 60);
  const panel = panelOf(queue);
  const [first] = begin(queue, 2).entries;
  assert.ok(first);
  complete(queue, first);
  queue.add([{ source: { name: "next", size: 70 }, folder: "/", isPublic: false }]);
  assert.deepEqual([panel(0).totalBytes, panel(0).sentBytes, panel(0).finished], [170, 40, []]);
});

test("trying one again after everything is over does not count what was stored", () => {
  const queue = queueOf(40, 60);
  const panel = panelOf(queue);
  const [stored, cancelled] = begin(queue, 2).entries;
  assert.ok(stored && cancelled);
  complete(queue, stored);
  queue.cancel(cancelled.id);
  queue.finished({ success: false, upload_id: cancelled.uploadId ?? "" }, 0);
  queue.retry(cancelled.id);
  assert.deepEqual([panel(0).totalBytes, panel(0).finished.length], [60, 1]);
});

test("old batches are counted together, so that they stay few lines", () => {
  const queue = queueOf(1);
  const panel = panelOf(queue);
  for (let batch = 0; batch < 6; batch += 1) {
    for (const entry of begin(queue, 1).entries) complete(queue, entry);
    queue.next(0);
    queue.bookingCleared();
    queue.add([{ source: { name: `next ${batch}`, size: 1 }, folder: "/", isPublic: false }]);
  }
  assert.deepEqual(
    panel(0).finished.map((batch) => batch.count),
    [4, 1, 1],
  );
});

test("uploads that do not go on say so instead of a forecast, and for what they wait", () => {
  const queue = queueOf(10 * CHUNK);
  const panel = panelOf(queue);
  const [entry] = begin(queue, 1).entries;
  const id = entry?.uploadId ?? "";
  panel(0);
  queue.chunks.progress(id, 0, 5, 3_000);
  assert.ok(panel(3).secondsLeft);
  panel(8);
  panel(12);
  assert.deepEqual([panel(12).stall, panel(12).secondsLeft], [null, null]);
  const stalled = panel(14);
  assert.deepEqual(stalled.stall, { why: "service-silent", seconds: 11, trouble: null });
  assert.deepEqual([stalled.rows[0]?.stalledFor, stalled.rows[0]?.secondsLeft], [11, null]);
  queue.chunks.failed(id, 0, "out of order", 14_000);
  assert.deepEqual(panel(15).stall, { why: "trouble", seconds: 12, trouble: "out of order" });
  queue.next(60_000);
  // Sending the same bytes again is no progress.
  queue.chunks.progress(id, 0, 4, 60_000);
  assert.equal(panel(60).stall?.why, "trouble");
  queue.chunks.stored(id, 0);
  assert.deepEqual([panel(61).stall, panel(61).rows[0]?.trouble], [null, null]);
});

test("uploads without a service, an answer or a connection say that they wait for it", () => {
  const queue = queueOf(1, 1);
  const panel = panelOf(queue);
  queue.next(0);
  queue.booking.settled(0);
  panel(0);
  assert.equal(panel(10).stall?.why, "no-service");
  queue.booking.changed(1);
  queue.next(0);
  assert.equal(panel(11).stall?.why, "no-answer");
  queue.offline();
  assert.equal(panel(12).stall?.why, "offline");
});

test("what waits because somebody wants it to has not stalled", () => {
  const queue = queueOf(10 * CHUNK, 1);
  const panel = panelOf(queue);
  begin(queue, 2);
  queue.pauseAll();
  panel(0);
  assert.deepEqual([panel(100).stall, panel(100).rows[0]?.stalledFor], [null, null]);
});

test("a cancelled upload that is wanted again before its end was told begins anew after that", () => {
  const queue = queueOf(5);
  const [entry] = begin(queue, 1).entries;
  assert.ok(entry);
  queue.cancel(entry.id);
  queue.retry(entry.id);
  assert.deepEqual([entry.state, panelOf(queue)(0).rows[0]?.state], ["cancelled", "waiting"]);
  assert.deepEqual(only(queue.next(0), "request"), []);
  queue.finished({ success: false, upload_id: entry.uploadId ?? "", reason: "aborted" }, 0);
  assert.equal(only(queue.next(0), "request").length, 1);
});

test("an upload that is cancelled, wanted again and cancelled once more stays cancelled", () => {
  const queue = queueOf(5);
  const [entry] = begin(queue, 1).entries;
  assert.ok(entry);
  queue.cancel(entry.id);
  queue.retry(entry.id);
  queue.cancel(entry.id);
  queue.finished({ success: false, upload_id: entry.uploadId ?? "", reason: "aborted" }, 0);
  assert.deepEqual([states(queue), only(queue.next(0), "request")], [["cancelled"], []]);
});

test("what was wanted again while it was requested, or when the connection was lost, begins anew", () => {
  for (const end of ["refused", "offline"]) {
    const queue = queueOf(5);
    queue.next(0);
    queue.booking.settled(1);
    const [{ entry }] = only(queue.next(0), "request");
    queue.cancel(entry.id);
    queue.retry(entry.id);
    if (end === "refused") queue.rejected(entry, "no", "never", 0);
    else queue.offline();
    queue.online();
    queue.next(0);
    assert.deepEqual([end, states(queue)], [end, end === "refused" ? ["requesting"] : ["waiting"]]);
  }
});

test("all that was cancelled is tried again at once, and what failed is not", () => {
  const queue = queueOf(5, 5, 5);
  const [failed] = begin(queue, 1).entries;
  queue.stageFinished(failed?.uploadId ?? "", false);
  queue.finished({ success: false, upload_id: failed?.uploadId ?? "", reason: "no" }, 0);
  queue.cancelAll();
  assert.deepEqual(states(queue), ["failed", "cancelled", "cancelled"]);
  queue.retryCancelled();
  assert.deepEqual(states(queue), ["failed", "waiting", "waiting"]);
});

test("what was cancelled before the page was loaded can be tried again, or its file chosen anew", () => {
  const queue = queueOf();
  const cancelled = { source: { name: "film", size: 5 }, folder: "/", isPublic: false };
  const [again, lost] = [queue.addCancelled(cancelled), queue.addCancelled(cancelled)];
  queue.retry(again.id);
  queue.fileMissing(lost, "unreadable");
  assert.deepEqual([states(queue), lost.isLost], [["waiting", "failed"], true]);
  queue.chooseAgain(lost.id, { name: "film", size: 6 });
  assert.deepEqual([lost.state, lost.size], ["waiting", 6]);
});

test("what went wrong before an upload got on is not said of a later stall", () => {
  const queue = queueOf(10 * CHUNK);
  const panel = panelOf(queue);
  const [entry] = begin(queue, 1).entries;
  const id = entry?.uploadId ?? "";
  queue.chunks.failed(id, 0, "out of order", 0);
  panel(0);
  queue.next(60_000);
  queue.chunks.progress(id, 0, 5, 60_000);
  panel(60);
  assert.deepEqual(panel(75).stall, { why: "service-silent", seconds: 15, trouble: null });
});
