/** Empty folders that were dropped. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Disconnected, NoReply, Refused } from "../../../page/app/protocol/errors.js";
import { EmptyFolders } from "../../../page/app/uploads/folders.js";

/** A manager that makes folders, and what is heard of them. */
class Manager {
  folders: Set<string> = new Set();
  /** What it says to folders of a path. */
  errors: Map<string, Error> = new Map();
  failures: string[] = [];
  changes = 0;
  empty = new EmptyFolders(
    this as any,
    () => (this.changes += 1),
    (path, reason) => this.failures.push(`${path}: ${reason}`),
  );

  async request(id: string, { path }: { path: string }) {
    const error = this.errors.get(path);
    if (id === "c2s:folder-status-request") return { exists: this.folders.has(path) };
    if (error) throw error;
    if (this.folders.has(path)) throw new Refused("there is one");
    this.folders.add(path);
    return { success: true };
  }
}

/** Lets everything answer that has an answer. */
const answers = () => new Promise(setImmediate);

test("folders are made once there is a connection, in order", async () => {
  const manager = new Manager();
  manager.errors.set("/b", new Disconnected("offline"));
  manager.empty.add(["/a", "/b", "/b/c"]);
  await answers();
  assert.deepEqual([[...manager.folders], manager.empty.count], [["/a"], 2]);
  manager.errors.clear();
  await manager.empty.make();
  assert.deepEqual([[...manager.folders], manager.empty.count], [["/a", "/b", "/b/c"], 0]);
  assert.deepEqual(manager.failures, []);
});

test("those that are added meanwhile are made too, and each once", async () => {
  const manager = new Manager();
  manager.empty.add(["/a"]);
  manager.empty.add(["/a", "/b"]);
  await answers();
  assert.deepEqual([[...manager.folders], manager.empty.count], [["/a", "/b"], 0]);
});

test("one that is there already is fine, and one that cannot be made is told and keeps no other away", async () => {
  const manager = new Manager();
  manager.folders.add("/there");
  manager.errors.set("/not", new Refused("a file is called so"));
  manager.errors.set("/silent", new NoReply("no answer"));
  manager.empty.add(["/there", "/not", "/silent", "/last"]);
  await answers();
  assert.deepEqual(manager.failures, ["/not: a file is called so", "/silent: no answer"]);
  assert.deepEqual([[...manager.folders], manager.empty.count], [["/there", "/last"], 0]);
});

test("what is given up is made no more, nor told", async () => {
  const manager = new Manager();
  manager.errors.set("/a", new Refused("no"));
  manager.empty.add(["/a", "/b"]);
  manager.empty.clear();
  await answers();
  assert.deepEqual([[...manager.folders], manager.failures, manager.empty.count], [[], [], 0]);
});
