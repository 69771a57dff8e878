/** The entries of tar archives. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { NotTar, tarEntries, type ArchiveEntry } from "../../../page/app/state/tar.js";
import { tarEntry } from "../harness/contents.js";

/** The entries, and how many bytes were read for them. */
async function listed(archive: Uint8Array) {
  const entries: ArchiveEntry[] = [];
  let read = 0;
  const readAt = async (offset: number, length: number) => {
    const bytes = new Uint8Array(archive.subarray(offset, offset + length));
    read += bytes.length;
    return bytes;
  };
  for await (const entry of tarEntries(readAt)) entries.push(entry);
  return { entries, read };
}

test("what tar writes is listed in each of its formats, and the contents are passed over", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tar-"));
  const long = `${"a long name ".repeat(12)}.txt`;
  mkdirSync(path.join(folder, "docs"));
  writeFileSync(path.join(folder, "docs", "grün.txt"), "x".repeat(100_000));
  writeFileSync(path.join(folder, "docs", long), "y");
  for (const format of ["gnu", "pax", "ustar"]) {
    // ustar has no room for the long name.
    const names = format === "ustar" ? ["docs/grün.txt"] : ["docs"];
    const archive = execFileSync("tar", [`--format=${format}`, "--sort=name", "-cf", "-", ...names], { cwd: folder });
    const { entries, read } = await listed(archive);
    const found = entries.map(({ name, isFolder, size }) => [name, isFolder, size]);
    const grun = ["docs/grün.txt", false, 100_000];
    const all = [["docs/", true, 0], [`docs/${long}`, false, 1], grun];
    assert.deepEqual(found, format === "ustar" ? [grun] : all, format);
    assert.ok(entries.every(({ changedAt }) => Math.abs(Date.now() - (changedAt ?? 0)) < 600_000));
    assert.ok(read < 20_000, `${read} bytes were read`);
  }
  rmSync(folder, { recursive: true });
});

test("sizes of more than eleven octal digits are read, as GNU tar and pax write them", async () => {
  const gnu = tarEntry("film", "0", Buffer.alloc(0));
  gnu.set([0x80, 0, 0, 0, 0, 0, 0, 0x05, 0, 0, 0, 0], 124);
  gnu.write("        ", 148);
  gnu.write(
    `${gnu
      .subarray(0, 512)
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  assert.equal((await listed(gnu)).entries[0]?.size, 5 * 2 ** 32);
  const facts = Buffer.from("20 size=21474836480\n");
  const pax = Buffer.concat([tarEntry("facts", "x", facts), tarEntry("film", "0", Buffer.alloc(0))]);
  assert.equal((await listed(pax)).entries[0]?.size, 5 * 2 ** 32);
});

test("what is no tar archive is refused, and one that ends too early is listed as far as it goes", async () => {
  await assert.rejects(listed(Buffer.alloc(2048, "no tar at all")), NotTar);
  const archive = Buffer.concat([tarEntry("first", "0", Buffer.from("1")), tarEntry("second", "0", Buffer.from("2"))]);
  assert.deepEqual(
    (await listed(archive.subarray(0, 1100))).entries.map(({ name }) => name),
    ["first"],
  );
  assert.deepEqual((await listed(Buffer.alloc(0))).entries, []);
  const cyclic = Buffer.concat([tarEntry("facts", "x", Buffer.from("0 path=a\n")), tarEntry("file", "0", Buffer.from(""))]);
  assert.deepEqual(
    (await listed(cyclic)).entries.map(({ name }) => name),
    ["file"],
  );
});
