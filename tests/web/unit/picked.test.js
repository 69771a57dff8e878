/** What is read of a drop. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readDrop } from "../../../manager/page/app/uploads/picked.js";

/**
 * A file as browsers hand it over; without content one that cannot be read.
 * @param {string} name
 * @param {string} [content]
 */
function file(name, content) {
  const give = (/** @type {(file: File) => void} */ take, /** @type {(error: Error) => void} */ fail) =>
    content === undefined ? fail(new Error("NotReadableError")) : take(new File([content], name));
  return { isFile: true, name, file: give };
}

/**
 * @param {string} name
 * @param {object[] | null} children null: it cannot be listed
 */
function folder(name, children) {
  const createReader = () => {
    let left = children;
    return {
      readEntries: (/** @type {(some: object[]) => void} */ take, /** @type {(error: Error) => void} */ fail) => {
        if (!left) return fail(new Error("NotReadableError"));
        const some = left;
        left = [];
        return take(some);
      },
    };
  };
  return { isFile: false, name, createReader };
}

/** @param {object[]} entries */
function drop(entries) {
  return readDrop(/** @type {any} */ ({ items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })) }));
}

test("what cannot be read is named, and keeps nothing else away", async () => {
  const picked = await drop([
    folder("trip", [file("a.txt", "a"), file("locked.txt"), folder("secret", null), folder("hollow", [])]),
    file("b.txt", "b"),
  ]);
  assert.deepEqual(picked.files.map(({ file: { name }, folder: inside }) => [...inside, name].join("/")), ["trip/a.txt", "b.txt"]);
  assert.deepEqual(picked.emptyFolders, [["trip", "hollow"]]);
  assert.deepEqual(picked.unreadable, ["locked.txt", "secret"]);
});
