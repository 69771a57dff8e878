/** What is found by a search, which columns a table has, and what addresses say of both. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMNS, fittingColumns, toggledColumn } from "../../../page/app/state/columns.js";
import { formatRoute, parseRoute, saysHow, showsFolder } from "../../../page/app/state/route.js";
import { NO_FILTER, searchRequest } from "../../../page/app/state/search.js";

const NOW = Date.UTC(2026, 6, 10);

test("a search asks for what was chosen, and for nothing else", () => {
  assert.deepEqual(searchRequest("  two words ", NO_FILTER, ["a"], NOW), { text: "two words" });
  assert.deepEqual(searchRequest(" ", { type: "folder", changed: null, size: null, isHere: true }, ["a", "b"], NOW), {
    path: "/a/b",
    entries: "subfolders",
  });
  assert.deepEqual(searchRequest("x", { type: "image", changed: "week", size: "medium", isHere: false }, [], NOW), {
    text: "x",
    types: ["image/*"],
    changed_from: "2026-07-03T00:00:00.000Z",
    min_size: 1_048_576,
    max_size: 104_857_600,
  });
});

test("addresses say what a search asks for; what they may not say is not asked for", () => {
  const search = parseRoute("#/a?q=x&type=video&changed=month&size=huge&in=here");
  assert.deepEqual(search.filter, { type: "video", changed: "month", size: "huge", isHere: true });
  assert.deepEqual(parseRoute(formatRoute(search)), search);
  assert.deepEqual(parseRoute("#/?q=x&type=toString&changed=never&size=&in=there").filter, NO_FILTER);
  const all = parseRoute("#/?type=video");
  assert.deepEqual([all.query, showsFolder(all)], ["", false]);
  assert.deepEqual(parseRoute(formatRoute(all)), all);
  assert.equal(formatRoute({ ...search, query: null }), "#/a");
});

test("addresses say what is looked for, and which place is shown", () => {
  const search = parseRoute("#/Photos?q=a%26b+c");
  assert.deepEqual([search.path, search.query, showsFolder(search)], [["Photos"], "a&b c", false]);
  assert.deepEqual(parseRoute(formatRoute(search)), search);
  const recent = parseRoute("#/?place=recent");
  assert.deepEqual([recent.place, showsFolder(recent)], ["recent", false]);
  assert.deepEqual(parseRoute(formatRoute(recent)), recent);
  assert.equal(parseRoute("#/?place=nowhere").place, null);
  assert.equal(parseRoute("#/?q=").query, null);
  assert.ok(showsFolder(parseRoute("#/a")));
});

test("what is remembered of order and view counts where the address says nothing of it", () => {
  assert.ok(!saysHow("") && !saysHow("#/a/b?q=sort"));
  assert.ok(saysHow("#/?sort=size") && saysHow("#/?view=grid"));
});

test("columns keep their order, whichever of them are shown", () => {
  assert.deepEqual(toggledColumn(["modified_at", "size"], "type"), ["type", "modified_at", "size"]);
  assert.deepEqual(toggledColumn(["modified_at", "size"], "size"), ["modified_at"]);
  assert.deepEqual(toggledColumn([], "size"), ["size"]);
});

test("a narrow table leaves out columns, and the size at last", () => {
  assert.deepEqual(fittingColumns(COLUMNS, 2_000), COLUMNS);
  assert.deepEqual(fittingColumns(COLUMNS, 520), ["modified_at", "size"]);
  assert.deepEqual(fittingColumns(COLUMNS, 360), ["size"]);
});
