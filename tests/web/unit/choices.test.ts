/** What is offered for files and folders. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState } from "../../../page/app/state/initial.js";
import { fileItem, folderItem } from "../../../page/app/state/listing.js";
import { Store } from "../../../page/app/state/store.js";
import { choicesFor } from "../../../page/app/views/item-actions.js";

import type { State } from "../../../page/types/state.js";
import type { Can, OwnershipStatus } from "../../../page/types/wire.js";

function file(status: OwnershipStatus, can: Can) {
  const ownership = {
    status,
    can,
    ...(status === "shared" && { share: { can_write: can === "rw", file: 1, shared_at: "2026-01-31T12:00:00.000Z", user: 2 } }),
  };
  return fileItem({
    id: 1,
    name: "a",
    type: "text/plain",
    has_thumbnail: false,
    ownership,
    created_at: null,
    updated_at: null,
    size: 1,
  });
}

const folder = folderItem({ id: 1, name: "f", parent_folder: null });

/** Labels, notes in brackets, and lines. */
function offered(
  items: readonly import("../../../page/types/state.js").Item[],
  canOrganise: boolean = true,
  more: Partial<State> = {},
) {
  const store = new Store({ ...initialState(), canOrganise, ...more });
  const choices = choicesFor({ store } as any, items);
  return choices.map((choice) => (choice === "line" ? "-" : "note" in choice ? "[why]" : choice.label)).join(" ");
}

test("an owner is offered everything", () => {
  assert.equal(
    offered([file("owned", "rw")]),
    "Preview Download Copy a link Share - Rename Cut Move Details Transfer ownership - Delete",
  );
  assert.equal(offered([folder]), "Open Download as zip Copy a link - Rename Cut Move Details - Delete");
});

test("others are offered what they can do, and told why that is not all", () => {
  assert.equal(offered([file("public", "rw")]), "Preview Download - Rename Cut Move Details - Delete - [why]");
  assert.equal(offered([file("shared", "r")]), "Preview Download - Details - [why]");
  assert.equal(offered([file("restricted", "none")]), "Details - [why]");
});

test("of several it is enough that one of them can be had, moved or deleted", () => {
  const [theirs, mine] = [file("restricted", "none"), file("owned", "rw")];
  assert.equal(offered([theirs, mine]), "Download - Cut Move Details - Delete");
  assert.equal(offered([theirs, theirs]), "Details - [why]");
  assert.equal(offered([file("shared", "r"), theirs]), "Download - Details");
});

test("folders are moved where the manager knows how", () => {
  assert.equal(offered([folder], false), "Open Download as zip Copy a link - Rename Details - Delete");
  assert.equal(offered([folder, folder], false), "Download - Details - Delete");
});

test("what can be read is copied where the manager knows how", () => {
  const copies = (items: Parameters<typeof offered>[0]) => offered(items, true, { canCopy: true });
  assert.equal(copies([file("shared", "r")]), "Preview Download - Copy Details - [why]");
  assert.equal(copies([file("restricted", "none")]), "Details - [why]");
  assert.equal(copies([folder]), "Open Download as zip Copy a link - Rename Cut Copy Move Details - Delete");
});

test("folders are shared where users have homes, and those that stand for others stay where they are", () => {
  const features = { hasTrash: true, hasSpaces: true };
  const listing = { ...initialState().listing, path: ["Shared"] };
  const common = folderItem({ id: 2, name: "Common", parent_folder: null });
  assert.equal(
    offered([folder], true, { features }),
    "Open Download as zip Copy a link Share - Rename Cut Move Details Transfer ownership - Delete",
  );
  assert.equal(offered([common], true, { features }), "Open Download as zip - Details");
  assert.equal(
    offered([folder], true, { features, listing }),
    "Open Download as zip Copy a link Share Leave folder - Details Transfer ownership",
  );
});
