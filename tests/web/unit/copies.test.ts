/** What is taken for a copy, when copying is undone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isCopyOf } from "../../../page/app/state/copies.js";
import { fileItem, folderItem } from "../../../page/app/state/listing.js";

function file(name: string, { size = 1, type = "text/plain", status = "owned" as const } = {}) {
  const ownership = { status, can: "rw" as const };
  return fileItem({ id: 1, name, type, has_thumbnail: false, ownership, created_at: null, updated_at: null, size });
}

const folder = (name: string) => folderItem({ id: 1, name, parent_folder: null });

test("a copy has the name of the original, or a number after that", () => {
  for (const name of ["plan.txt", "plan (1).txt", "plan (12).txt"]) assert.ok(isCopyOf(file(name), file("plan.txt")), name);
  assert.ok(isCopyOf(file("plan (1) (2)"), file("plan (1)")));
  assert.ok(isCopyOf(folder("v1.5 (1)"), folder("v1.5")));
  for (const name of ["plan1.txt", "plan (1).md", "a plan.txt"]) assert.ok(!isCopyOf(file(name), file("plan.txt")), name);
});

test("what differs in anything else, or is somebody else's, is no copy", () => {
  const original = file("a.txt");
  assert.ok(!isCopyOf(file("a.txt", { size: 2 }), original));
  assert.ok(!isCopyOf(file("a.txt", { type: "text/html" }), original));
  assert.ok(!isCopyOf(file("a.txt", { status: "public" as any }), original));
  assert.ok(!isCopyOf(folder("a.txt"), original));
  assert.ok(!isCopyOf(original, folder("a.txt")));
});
