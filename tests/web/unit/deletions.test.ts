/** Deleting, and undoing that, against a manager that answers when the test says so. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { FileItem, Item } from "../../../page/types/state.js";
import { Deletions } from "../../../page/app/actions/deletions.js";
import { Toasts } from "../../../page/app/actions/toasts.js";
import { Undoing } from "../../../page/app/actions/undoing.js";
import { initialState } from "../../../page/app/state/initial.js";
import { Store } from "../../../page/app/state/store.js";

function file(id: number): FileItem {
  const item = { kind: "file", key: `file:${id}`, id, name: `${id}.txt`, type: "text/plain", size: 1, can: "rw" } as const;
  return { ...item, createdAt: null, updatedAt: null, modifiedAt: null, status: "owned", sharedAt: null, hasThumbnail: false };
}

// Messages close by themselves, which nobody here waits for.
mock.timers.enable({ apis: ["setTimeout"] });

type Answer = { name: string; resolve: (answer: object) => void; reject: (error: Error) => void };

/** @param refused ids that the trash does not give back */
function works({ isOnline = true, refused = [] as number[] } = {}) {
  const store = new Store(initialState());
  const toasts = new Toasts(store);
  const undoing = new Undoing(toasts);
  const asked: Answer[] = [];
  const restored: Item[] = [];
  const selected: Item[][] = [];
  const parts = {
    connection: {
      isOnline,
      request: (_: string, { name }: { name: string }) =>
        new Promise((resolve, reject) => asked.push({ name, resolve: () => resolve({}), reject })),
    },
    selecting: { clear: () => {}, restore: (items: Item[]) => selected.push(items) },
    browser: { reload: async () => {} },
    trash: {
      restore: async (items: Item[]) => {
        restored.push(...items);
        return { restored: [], refused: refused.map((id) => ({ kind: "file", id, code: "x", message: "It is full." })) };
      },
    },
  };
  const { connection, selecting, browser, trash } = parts as any;
  const deletions = new Deletions(store, connection, toasts, undoing, selecting, browser, trash);
  const settled = async () => {
    await deletions.settled();
    // What follows an answer has no other sign than what it does.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const words = () => store.state.toasts.map(({ text }) => text);
  const hidden = () => [...store.state.hidden.keys()];
  return { store, undoing, deletions, asked, restored, selected, settled, words, hidden };
}

test("what is deleted vanishes at once, and comes back from the trash", async () => {
  const { undoing, deletions, asked, restored, selected, settled, words, hidden } = works();
  deletions.delete([file(1), file(2)]);
  assert.deepEqual([hidden(), words()], [["file:1", "file:2"], ["2 items deleted."]]);
  for (const { resolve } of asked) resolve({});
  await settled();
  assert.deepEqual(hidden(), ["file:1", "file:2"]);
  undoing.undoLast();
  await settled();
  assert.deepEqual([hidden(), words(), restored.length, selected.map((items) => items.length)], [[], [], 2, [2]]);
});

test("deleting can be undone while it lasts, however long, and for ten seconds afterwards", async () => {
  const { undoing, deletions, asked, settled } = works();
  deletions.delete([file(1)]);
  mock.timers.tick(60_000);
  assert.equal(undoing.isPossible, true);
  for (const { resolve } of asked) resolve({});
  await settled();
  mock.timers.tick(9_000);
  assert.equal(undoing.isPossible, true);
  mock.timers.tick(1_000);
  assert.equal(undoing.isPossible, false);
});

test("what cannot be deleted comes back, with one message and nothing to undo", async () => {
  const { undoing, deletions, asked, settled, words, hidden } = works();
  deletions.delete([file(1), file(2)]);
  for (const { reject } of asked) reject(new Error("It is locked."));
  await settled();
  assert.deepEqual(
    [hidden(), words(), undoing.isPossible],
    [[], ["2 items could not be deleted, such as 1.txt. It is locked."], false],
  );
  undoing.withdrawAll();
});

test("undoing while it goes on deletes no more, and restores what was deleted", async () => {
  const { undoing, deletions, asked, restored, settled, hidden } = works();
  deletions.delete(Array.from({ length: 20 }, (_, index) => file(index)));
  assert.equal(asked.length, 8);
  undoing.undoLast();
  for (const { resolve } of asked) resolve({});
  await settled();
  assert.deepEqual([asked.length, restored.length, hidden()], [8, 8, []]);
});

test("what the trash does not give back is said", async () => {
  const { undoing, deletions, asked, selected, settled, words } = works({ refused: [1] });
  deletions.delete([file(1)]);
  for (const { resolve } of asked) resolve({});
  await settled();
  undoing.undoLast();
  await settled();
  assert.deepEqual([words(), selected], [["1 item could not be restored. It is full."], []]);
});

test("nothing is deleted without a connection, without a right, or without a question where there is no trash", async () => {
  const offline = works({ isOnline: false });
  offline.deletions.delete([file(1)]);
  assert.deepEqual([offline.hidden(), offline.words()], [[], ["There is no connection at the moment."]]);
  const { store, deletions, words, hidden, asked } = works();
  deletions.delete([{ ...file(1), can: "r" }]);
  assert.deepEqual([hidden(), words()], [[], ["You may not delete one of the files."]]);
  store.set({ features: { hasTrash: false, hasSpaces: false } });
  deletions.delete([file(1)]);
  assert.deepEqual([store.state.dialog, hidden(), asked.length], [{ kind: "delete-forever", items: [file(1)] }, [], 0]);
});
