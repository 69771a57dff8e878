/** What is read of a drop. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readDrop } from "../../../page/app/uploads/picked.js";

/** A file as browsers hand it over; without content one that cannot be read. */
function file(name: string, content?: string) {
  const give = (take: (file: File) => void, fail: (error: Error) => void) =>
    content === undefined ? fail(new Error("NotReadableError")) : take(new File([content], name));
  return { isFile: true, name, file: give };
}

/** @param children null: it cannot be listed */
function folder(name: string, children: object[] | null) {
  const createReader = () => {
    let left = children;
    return {
      readEntries: (take: (some: object[]) => void, fail: (error: Error) => void) => {
        if (!left) return fail(new Error("NotReadableError"));
        const some = left;
        left = [];
        return take(some);
      },
    };
  };
  return { isFile: false, name, createReader };
}

function drop(entries: object[]) {
  return readDrop({ items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })) } as any);
}

test("what cannot be read is named, and keeps nothing else away", async () => {
  const picked = await drop([
    folder("trip", [file("a.txt", "a"), file("locked.txt"), folder("secret", null), folder("hollow", [])]),
    file("b.txt", "b"),
  ]);
  assert.deepEqual(
    picked.files.map(({ file: { name }, folder: inside }) => [...inside, name].join("/")),
    ["trip/a.txt", "b.txt"],
  );
  assert.deepEqual(picked.emptyFolders, [["trip", "hollow"]]);
  assert.deepEqual(picked.unreadable, ["locked.txt", "secret"]);
});
