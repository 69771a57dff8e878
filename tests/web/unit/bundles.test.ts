/** Bundles in the upload queue: small files that go together, each with a life of its own. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { BundleSize, bodyOf } from "../../../page/app/uploads/bundling.js";
import { UploadQueue } from "../../../page/app/uploads/queue.js";

import type { Bundle } from "../../../page/app/uploads/bundle.js";
import type { Entry } from "../../../page/app/uploads/entry.js";
import type { Effect } from "../../../page/app/uploads/effects.js";
import type { UploadRejection } from "../../../page/types/wire.js";

const SMALL = 1024 * 1024;

/** A queue that may bundle, with files of these sizes and services. */
function queueOf({ sizes, services = 1, canKeep = false }: { sizes: number[]; services?: number; canKeep?: boolean }) {
  const queue = new UploadQueue();
  queue.online({ keep: canKeep, bundle: true });
  queue.add(sizes.map((size, index) => ({ source: { name: `file ${index}`, size }, folder: "/", isPublic: false })));
  queue.next(0);
  queue.booking.settled(services);
  return queue;
}

function only<Do extends Effect["do"]>(effects: Effect[], kind: Do) {
  return effects.filter((effect): effect is Extract<Effect, { do: Do }> => effect.do === kind);
}

const states = (queue: UploadQueue) => [...queue.entries.values()].map((entry) => entry.state);

function requested(queue: UploadQueue, now = 0): Bundle {
  const [effect] = only(queue.next(now), "request-bundle");
  assert.ok(effect);
  return effect.bundle;
}

/** Lets the manager accept a bundle; `rejections` by name of the file. */
function accept(queue: UploadQueue, bundle: Bundle, rejections: Record<string, UploadRejection> = {}) {
  const uploads = bundle.entries.map((entry) => {
    const rejection = rejections[entry.source.name];
    return rejection ? { rejection } : { upload_id: `upload ${entry.id}` };
  });
  queue.bundles.accepted(bundle, { bundle_id: "bundle", upload_address: "http://service", uploads }, 0);
}

/** A bundle whose body is on its way. */
function sending(sizes: number[]) {
  const queue = queueOf({ sizes });
  const bundle = requested(queue);
  accept(queue, bundle);
  const [send] = only(queue.next(0), "send-bundle");
  assert.ok(send);
  return { queue, bundle, body: send.entries, entries: bundle.entries as Entry[] };
}

/** What happens once there are as many services as files that go by themselves need. */
function booked(queue: UploadQueue, services: number, now = 0) {
  queue.next(now);
  queue.booking.settled(services);
  return queue.next(now);
}

const aborted = (queue: UploadQueue, now = 0) => only(queue.next(now), "abort").map((effect) => effect.uploadId);

/** The manager says that an upload was aborted. */
const abortTold = (queue: UploadQueue, entry: Entry | undefined) =>
  queue.finished({ success: false, upload_id: `upload ${entry?.id}`, reason: "aborted" }, 0);

test("small files go together on one service, larger ones by themselves", () => {
  const queue = queueOf({ sizes: [1, SMALL + 1, 2, SMALL] });
  const effects = queue.next(0);
  const [request] = only(effects, "request-bundle");
  assert.ok(request);
  assert.deepEqual(
    request.bundle.entries.map((entry) => entry.size),
    [1, 2, SMALL],
  );
  assert.deepEqual(only(effects, "request"), []);
  accept(queue, request.bundle);
  const [send] = only(queue.next(0), "send-bundle");
  assert.equal(send?.bundleId, "bundle");
  assert.equal(send?.entries.length, 3);
  queue.stageFinished("bundle", false);
  assert.equal(only(queue.next(0), "request").length, 1, "the service is free for the next file");
});

test("no more services are booked than bundles and large files need", () => {
  const queue = new UploadQueue();
  queue.online({ bundle: true });
  const sizes = [...Array.from({ length: 300 }, () => 1), SMALL + 1];
  queue.add(sizes.map((size, index) => ({ source: { name: `file ${index}`, size }, folder: "/", isPublic: false })));
  assert.deepEqual(only(queue.next(0), "book"), [{ do: "book", amount: 3 }]);
});

test("bundles and chunks share what may be on its way", () => {
  const queue = queueOf({ sizes: [...Array.from({ length: 6 * 250 }, () => 1), 2 * SMALL], services: 7 });
  const effects = queue.next(0);
  only(effects, "request-bundle").forEach(({ bundle }, number) =>
    queue.bundles.accepted(
      bundle,
      {
        bundle_id: `bundle ${number}`,
        upload_address: "http://service",
        uploads: bundle.entries.map((entry) => ({ upload_id: `upload ${entry.id}` })),
      },
      0,
    ),
  );
  const sent = queue.next(0);
  assert.deepEqual([only(sent, "send-bundle").length, only(sent, "send").length], [4, 0]);
});

test("each file of a bundle has an end of its own", () => {
  const queue = queueOf({ sizes: [1, 1, 1, 1] });
  const bundle = requested(queue);
  accept(queue, bundle, { "file 3": { code: "quota-exceeded", reason: "full", retry: "never" } });
  queue.next(0);
  queue.stageFinished("bundle", false);
  queue.names.askedByManager("upload 3", "/", null);
  const files = [
    { upload_id: "upload 1", success: true },
    { upload_id: "upload 2", success: false, reason: "no" },
    { upload_id: "upload 3" },
  ];
  queue.bundles.finished({ bundle_id: "bundle", files }, 0);
  assert.deepEqual(states(queue), ["done", "failed", "deciding", "failed"]);
  queue.finished({ success: true, upload_id: "upload 3" }, 0);
  assert.deepEqual(states(queue), ["done", "failed", "done", "failed"]);
});

test("progress of a body is that of its files, one after the other", () => {
  const { queue, bundle } = sending([100, 100, 100]);
  queue.bundles.progress(bundle, 20 + 100 + 20 + 50, 0);
  assert.deepEqual(
    bundle.entries.map((entry) => entry.sentBytes),
    [100, 50, 0],
  );
});

test("what no bundle takes is sent by itself", () => {
  const queue = queueOf({ sizes: [1, 1] });
  queue.bundles.rejected(requested(queue), { code: "no-bundles-here", reason: "none", retry: "soon" }, 0);
  const effects = booked(queue, 1, 1000);
  assert.deepEqual([only(effects, "request-bundle").length, only(effects, "request").length], [0, 1]);
  assert.deepEqual(states(queue), ["requesting", "waiting"]);
});

test("a body that does not get through is sent again, and in the end each file by itself", () => {
  const { queue, bundle, body } = sending([1, 1]);
  queue.bundles.failed(bundle, body, "out of order", false, 0);
  assert.deepEqual(only(queue.next(0), "send-bundle"), []);
  const [again] = only(queue.next(1_000), "send-bundle");
  assert.ok(again);
  queue.bundles.failed(bundle, body, "out of order", false, 1_000);
  assert.equal(bundle.isOnItsWay, true, "news of an earlier body mean nothing");
  queue.bundles.failed(bundle, again.entries, "out of order", false, 1_000);
  const [last] = only(queue.next(10_000), "send-bundle");
  assert.ok(last);
  queue.bundles.failed(bundle, last.entries, "out of order", false, 10_000);
  assert.deepEqual(aborted(queue, 10_000), ["bundle"]);
  const files = bundle.entries.map((entry) => ({ upload_id: entry.uploadId ?? "", success: false, reason: "aborted" }));
  queue.bundles.finished({ bundle_id: "bundle", files }, 10_000);
  assert.deepEqual(states(queue), ["waiting", "waiting"]);
  assert.equal(only(booked(queue, 1, 20_000), "request").length, 1);
});

test("when nothing can be stored all files of a bundle fail", () => {
  const { queue, bundle, body } = sending([1, 1]);
  queue.bundles.failed(bundle, body, "the disk is full", true, 0);
  assert.deepEqual(states(queue), ["failed", "failed"]);
  assert.deepEqual(aborted(queue), ["bundle"]);
});

test("one file of a bundle is cancelled, and the others go on", () => {
  const { queue, bundle, entries } = sending([1, 1, 1]);
  queue.cancel(1);
  assert.deepEqual(aborted(queue), ["upload 1"]);
  assert.equal(bundle.isOnItsWay, true);
  queue.retry(1);
  assert.equal(entries[0]?.state, "cancelled", "not before the manager has told its end");
  abortTold(queue, entries[0]);
  queue.retry(1);
  assert.equal(entries[0]?.state, "waiting");
  queue.stageFinished("bundle", false);
  assert.deepEqual(states(queue), ["waiting", "storing", "storing"]);
  queue.bundles.finished(
    {
      bundle_id: "bundle",
      files: [
        { upload_id: "upload 2", success: true },
        { upload_id: "upload 3", success: true },
      ],
    },
    0,
  );
  assert.equal(only(queue.next(0), "request").length, 1);
});

test("a file that is cancelled while its bundle is requested is taken back at once", () => {
  const queue = queueOf({ sizes: [1, 1] });
  const bundle = requested(queue);
  queue.cancel(2);
  accept(queue, bundle);
  const effects = queue.next(0);
  assert.deepEqual(only(effects, "abort"), [{ do: "abort", uploadId: "upload 2" }]);
  assert.deepEqual(
    only(effects, "send-bundle").map(({ entries }) => entries.map((entry) => entry.id)),
    [[1]],
  );
});

test("when all files of a bundle are cancelled it ends as a whole", () => {
  const { queue } = sending([1, 1, 1]);
  queue.cancelAll();
  const effects = queue.next(0);
  assert.deepEqual(only(effects, "abort"), [{ do: "abort", uploadId: "bundle" }]);
  assert.deepEqual(only(effects, "stop-sending"), [{ do: "stop-sending", uploadId: "bundle" }]);
});

test("a file of a bundle that is paused leaves it, and goes again when it is resumed", () => {
  const { queue, entries } = sending([1, 1, 1]);
  queue.pause(1);
  assert.deepEqual(aborted(queue), ["upload 1"]);
  abortTold(queue, entries[0]);
  assert.equal(entries[0]?.row(queue.isHeld(entries[0]), 0).state, "paused");
  assert.equal(entries[0]?.attempts, 0);
  queue.stageFinished("bundle", false);
  assert.deepEqual(only(queue.next(0), "request"), []);
  queue.resume(1);
  assert.equal(only(booked(queue, 1), "request").length, 1);
});

test("when everything is paused no body is sent, and afterwards it is sent again", () => {
  const { queue, bundle } = sending([100, 100]);
  queue.bundles.progress(bundle, 150, 0);
  queue.pauseAll();
  assert.deepEqual(queue.next(0), [{ do: "stop-sending", uploadId: "bundle" }]);
  assert.equal(bundle.entries[0]?.sentBytes, 0);
  queue.resumeAll();
  assert.equal(only(queue.next(0), "send-bundle").length, 1);
});

test("a file that was changed on the disk fails alone", () => {
  const { queue, bundle, body, entries } = sending([1, 1]);
  queue.bundles.sourcesLost(bundle, body, entries.slice(0, 1), "changed");
  const effects = queue.next(0);
  assert.deepEqual(only(effects, "abort"), [{ do: "abort", uploadId: "upload 1" }]);
  assert.deepEqual(
    only(effects, "send-bundle").map((effect) => effect.entries.map((entry) => entry.id)),
    [[2]],
  );
  assert.equal(entries[0]?.isLost, true);
});

test("files whose folder went elsewhere before the answer go again, to where it is", () => {
  const queue = queueOf({ sizes: [1, 1] });
  const bundle = requested(queue);
  queue.folderMoved([], ["moved"]);
  accept(queue, bundle);
  assert.deepEqual(aborted(queue), ["bundle"]);
  const files = bundle.entries.map((entry) => ({ upload_id: `upload ${entry.id}`, success: false }));
  queue.bundles.finished({ bundle_id: "bundle", files }, 0);
  assert.deepEqual(
    requested(queue).entries.map((entry) => entry.folder),
    ["/moved", "/moved"],
  );
});

test("after a lost connection it is asked first what was entered, and only the rest goes again", () => {
  const queue = queueOf({ sizes: [1, 1], canKeep: true });
  accept(queue, requested(queue));
  queue.next(0);
  queue.stageFinished("bundle", false);
  queue.offline();
  queue.online({ keep: true, bundle: true });
  queue.next(0);
  queue.booking.settled(2);
  const effects = queue.next(0);
  assert.deepEqual(
    only(effects, "resume").map((effect) => effect.uploadId),
    ["upload 1", "upload 2"],
  );
  const [first, second] = only(effects, "resume").map((effect) => effect.entry);
  assert.ok(first && second);
  queue.resumed(first, { upload_id: "upload 1", name: "file 0", path: "/", size: 1, chunk_size: 1, missing: [] });
  queue.finished({ success: true, upload_id: "upload 1" }, 0);
  queue.resumeRejected(second, { code: "upload-gone", reason: "gone", retry: "never" }, 0);
  assert.deepEqual(states(queue), ["done", "waiting"]);
  const again = queue.next(0);
  assert.deepEqual([only(again, "tell-anew").length, only(again, "request").length], [0, 1]);
});

test("a bundle that a lost connection cut off begins again, and stops sending", () => {
  const { queue } = sending([1, 1]);
  queue.offline();
  assert.deepEqual(only(queue.next(0), "stop-sending"), [{ do: "stop-sending", uploadId: "bundle" }]);
  assert.deepEqual(states(queue), ["waiting", "waiting"]);
});

test("bundles are as large as the line is fast", () => {
  const size = new BundleSize();
  const first = size.bytes;
  size.sent(first, 500);
  assert.equal(size.bytes, 2 * first);
  size.sent(10, 1);
  assert.equal(size.bytes, 2 * first, "a small body tells nothing");
  size.sent(size.bytes, 10_000);
  assert.equal(size.bytes, first);
});

test("a body has the id, the size and the contents of each file", async () => {
  const contents = ["one", "seven"].map((text) => new Blob([text]));
  const queue = queueOf({ sizes: contents.map((blob) => blob.size) });
  const { entries } = requested(queue);
  entries.forEach((entry, index) => {
    entry.source = Object.assign(contents[index] as Blob, { name: entry.source.name });
    entry.uploadId = `00000000-0000-4000-8000-00000000000${index}`;
  });
  const bytes = Buffer.from(await bodyOf(entries).arrayBuffer());
  assert.equal(bytes.subarray(0, 16).toString("hex"), "00000000000040008000000000000000");
  assert.equal(bytes.readUInt32BE(16), 3);
  assert.equal(bytes.subarray(20, 23).toString(), "one");
  assert.equal(bytes.subarray(23, 39).toString("hex"), "00000000000040008000000000000001");
  assert.equal(bytes.readUInt32BE(39), 5);
  assert.equal(bytes.subarray(43).toString(), "seven");
});
