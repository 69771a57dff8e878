/** What is found by a search, which columns a table has, and what addresses say of both. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMNS, fittingColumns, toggledColumn } from "../../../page/app/state/columns.js";
import { matches } from "../../../page/app/state/matching.js";
import { formatRoute, parseRoute, saysHow, showsFolder } from "../../../page/app/state/route.js";

test("a name is found by any part of it, without regard to case and accents", () => {
  assert.ok(matches("Übersicht 2026.pdf", "uber"));
  assert.ok(matches("uebersicht.PDF", ".pdf"));
  assert.ok(matches("Café.txt", "CAFE"));
  assert.ok(!matches("notes.txt", "nodes"));
});

test("all words have to be there, in any order", () => {
  assert.ok(matches("Bay at dusk.png", "dusk bay"));
  assert.ok(!matches("Bay at dusk.png", "bay dawn"));
  assert.ok(matches("Bay at dusk.png", "  bay   "));
});

test("addresses say what is looked for, and which place is shown", () => {
  const search = parseRoute("#/Photos?q=a%26b+c");
  assert.deepEqual([search.path, search.query, showsFolder(search)], [["Photos"], "a&b c", false]);
  assert.deepEqual(parseRoute(formatRoute(search)), search);
  const recent = parseRoute("#/?place=recent");
  assert.deepEqual([recent.place, showsFolder(recent)], ["recent", false]);
  assert.deepEqual(parseRoute(formatRoute(recent)), recent);
  assert.equal(parseRoute("#/?place=trash").place, null);
  assert.equal(parseRoute("#/?q=").query, null);
  assert.ok(showsFolder(parseRoute("#/a")));
});

test("what is remembered of order and view counts where the address says nothing of it", () => {
  assert.ok(!saysHow("") && !saysHow("#/a/b?q=sort"));
  assert.ok(saysHow("#/?sort=size") && saysHow("#/?view=grid"));
});

test("columns keep their order, whichever of them are shown", () => {
  assert.deepEqual(toggledColumn(["updated_at", "size"], "type"), ["type", "updated_at", "size"]);
  assert.deepEqual(toggledColumn(["updated_at", "size"], "size"), ["updated_at"]);
  assert.deepEqual(toggledColumn([], "size"), ["size"]);
});

test("a narrow table leaves out columns, and the size at last", () => {
  assert.deepEqual(fittingColumns(COLUMNS, 2_000), COLUMNS);
  assert.deepEqual(fittingColumns(COLUMNS, 520), ["updated_at", "size"]);
  assert.deepEqual(fittingColumns(COLUMNS, 360), ["size"]);
});
