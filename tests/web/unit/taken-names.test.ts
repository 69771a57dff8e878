/** What is asked of the manager before files are sent. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { lookInto } from "../../../page/app/uploads/taken-names.js";

/** A manager that has these folders, and what it was asked. */
function managerWith(...folders: string[]) {
  const asked: string[] = [];
  const request = async (_id: string, { path }: { path: string }) => {
    asked.push(path);
    return { path, exists: folders.includes(path) };
  };
  return { asked, connection: { request } as unknown as Parameters<typeof lookInto>[0] };
}

test("of a dropped folder that is new only the way to its first file is asked about", async () => {
  const { asked, connection } = managerWith("/photos");
  const existing = new Set<string>();
  assert.deepEqual(await lookInto(connection, "/photos/trip/one/deep", existing), { missing: "/photos/trip" });
  assert.deepEqual(asked, ["/photos/trip/one/deep", "/photos/trip/one", "/photos/trip", "/photos"]);
  assert.deepEqual(await lookInto(connection, "/photos/other/one", existing), { missing: "/photos/other" });
  assert.deepEqual(asked.slice(4), ["/photos/other/one", "/photos/other"]);
});

test("a folder that exists is asked about once", async () => {
  const { asked, connection } = managerWith("/photos");
  assert.deepEqual(await lookInto(connection, "/photos", new Set()), { path: "/photos", exists: true });
  assert.deepEqual(asked, ["/photos"]);
});
