/** Archives are listed by ranges of a server, as far as a budget goes. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readArchive } from "../../../page/app/views/viewer/archive-reading.js";
import type { ArchiveKind } from "../../../page/app/state/kinds.js";
import { BudgetSpent } from "../../../page/app/views/viewer/ranged-file.js";
import { tar, tarEntry, zip } from "../harness/contents.js";

/** The contents of an archive of that size, and how much the server has sent for it. */
async function listed(kind: ArchiveKind, size: number, bytesAt: (start: number, end: number) => Buffer) {
  const sent = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    const [, first = "", last = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const part = bytesAt(Number(first), Number(last) + 1);
    sent.requests += 1;
    sent.bytes += part.length;
    response.writeHead(206, { "Content-Length": part.length }).end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return { ...(await readArchive(kind, `http://127.0.0.1:${port}/`, size, new AbortController().signal)), sent };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const within = (archive: Buffer) => (start: number, end: number) => archive.subarray(start, end);

test("of a tar archive with large files only the headers are fetched, and not too many of them", async () => {
  const [step, count] = [50 * 2 ** 20, 200];
  const bytesAt = (start: number, end: number) => {
    const part = Buffer.alloc(end - start);
    const file = start / step;
    assert.ok(Number.isInteger(file), "only what begins with a header is asked for");
    if (file < count) tarEntry(`film ${file}`, "0", Buffer.alloc(0), step - 512).copy(part);
    return part;
  };
  const { entries, count: known, sent } = await listed("tar", step * count + 1024, bytesAt);
  assert.deepEqual([entries.length, known, sent.requests], [64, null, 64]);
  assert.deepEqual([entries[63]?.name, entries[63]?.size], ["film 63", step - 512]);
});

test("all of a small archive is listed, and how many entries there are", async () => {
  const files = { "a.txt": Buffer.from("a"), "b/c.txt": Buffer.alloc(400_000) };
  for (const [kind, archive] of [
    ["zip", zip(files)],
    ["tar", tar(files)],
    ["gzipped-tar", gzipSync(tar(files))],
  ] as const) {
    const { entries, count } = await listed(kind, archive.length, within(archive));
    assert.deepEqual([entries.map(({ name }) => name), count], [["a.txt", "b/c.txt"], 2], kind);
  }
});

test("of many entries the first thousand are listed", async () => {
  const files = Object.fromEntries(Array.from({ length: 1_200 }, (_, index) => [`${index}.txt`, Buffer.alloc(0)]));
  const zipped = zip(files);
  const inZip = await listed("zip", zipped.length, within(zipped));
  assert.deepEqual([inZip.entries.length, inZip.count], [1_000, 1_200]);
  const archive = tar(files);
  const inTar = await listed("tar", archive.length, within(archive));
  assert.deepEqual([inTar.entries.length, inTar.count], [1_000, null]);
});

test("a compressed archive is read as far as the budget goes, and a damaged one is refused", async () => {
  const archive = gzipSync(tar({ first: Buffer.from("1"), film: randomBytes(17 * 2 ** 20), last: Buffer.from("2") }), {
    level: 1,
  });
  const { entries, count } = await listed("gzipped-tar", archive.length, within(archive));
  assert.deepEqual([entries.map(({ name }) => name), count], [["first", "film"], null]);
  const damaged = randomBytes(2_000);
  for (const kind of ["zip", "tar", "gzipped-tar"] as const) await assert.rejects(listed(kind, damaged.length, within(damaged)));
});

test("a directory of a zip archive that would take too much memory is not fetched", async () => {
  const end = Buffer.from("504b0506000000000000000000000000000000000000", "hex");
  end.writeUInt16LE(60_000, 8);
  end.writeUInt16LE(60_000, 10);
  end.writeUInt32LE(20 * 2 ** 20, 12);
  const archive = Buffer.concat([Buffer.alloc(20 * 2 ** 20), end]);
  await assert.rejects(listed("zip", archive.length, within(archive)), BudgetSpent);
});
