/** Listings, selections, addresses and names. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { concealed, goneFrom, nothingHidden, revealed, withGone } from "../../../page/app/state/hidden.js";
import { bytesByKind, kindOf, languageOf, largest, previewOf, textKindOf } from "../../../page/app/state/kinds.js";
import * as listings from "../../../page/app/state/listing.js";
import { factsOf } from "../../../page/app/state/metadata.js";
import { formatPath, isWithin, nameProblem, parsePath, relocated, stemLength } from "../../../page/app/state/paths.js";
import { formatRoute, parseRoute } from "../../../page/app/state/route.js";
import { NO_FILTER } from "../../../page/app/state/search.js";
import { cleared, extended, noSelection, only, refreshed, toggled } from "../../../page/app/state/selection.js";

import type { Item, Listing } from "../../../page/types/state.js";

const NOTHING = nothingHidden;

const folder = (id: number): Item => listings.folderItem({ id, name: `folder ${id}`, parent_folder: null });

const file = (id: number): Item =>
  listings.fileItem({
    id,
    name: `file ${id}`,
    type: "text/plain",
    has_thumbnail: false,
    ownership: { status: "owned", can: "rw" },
    created_at: null,
    updated_at: null,
    size: 1,
  });

function listing(folders: number, files: number) {
  const empty = listings.emptyListing([], { by: "name", ascending: true });
  return listings.withStatus(empty, {
    path: "/",
    folder_id: null,
    exists: true,
    file_count: files,
    subfolder_count: folders,
    page_size: 10,
  });
}

/** @param end exclusive */
const range = (first: number, end: number) => Array.from({ length: end - first }, (_, index) => first + index);

/** @param items of the root */
const hiding = (items: readonly Item[]) => concealed(nothingHidden, items, null);

/** @param last row up to which every page is loaded */
function loaded(whole: Listing, last: number = listings.rawCount(whole)) {
  for (const ref of listings.missingPages(whole, NOTHING, 0, last)) {
    const total = ref.kind === "files" ? whole.fileCount : whole.folderCount;
    const ids = Array.from({ length: Math.min(10, total - ref.page * 10) }, (_, index) => ref.page * 10 + index);
    whole = listings.withPage(whole, ref, ids.map(ref.kind === "files" ? file : folder));
  }
  return whole;
}

test("folders come before files, also when their last page is not full", () => {
  const whole = loaded(listing(13, 25));
  assert.equal(listings.rowCount(whole, NOTHING), 38);
  assert.equal(listings.itemAt(whole, NOTHING, 12)?.key, "folder:12");
  assert.equal(listings.itemAt(whole, NOTHING, 13)?.key, "file:0");
  assert.equal(listings.itemAt(whole, NOTHING, 37)?.key, "file:24");
  assert.equal(listings.itemAt(whole, NOTHING, 38), null);
  assert.equal(listings.itemAt(whole, NOTHING, -1), null);
  assert.equal(listings.loadedItems(whole).length, 38);
});

test("only pages that are seen are missing", () => {
  const whole = listing(13, 100_000);
  assert.deepEqual(listings.missingPages(whole, NOTHING, 8, 24), [
    { kind: "subfolders", page: 0 },
    { kind: "subfolders", page: 1 },
    { kind: "files", page: 0 },
    { kind: "files", page: 1 },
  ]);
  assert.deepEqual(listings.missingPages(whole, NOTHING, 50_013, 50_013), [{ kind: "files", page: 5000 }]);
  assert.deepEqual(listings.missingPages(listing(0, 0), NOTHING, 0, 60), []);
});

test("pages far from the newest are dropped", () => {
  let whole = listing(0, 10_000);
  for (let page = 0; page < 100; page += 1) whole = listings.withPage(whole, { kind: "files", page }, [file(page)]);
  assert.equal(whole.pages.size, listings.KEPT_PAGES);
  assert.ok(whole.pages.has("files/99"));
  assert.ok(!whole.pages.has("files/0"));
  assert.equal(listings.withPage(whole, { kind: "files", page: 0 }, [file(0)], Infinity).pages.size, listings.KEPT_PAGES + 1);
});

test("places of the pages that came last are known", () => {
  let whole = listing(0, 10_000);
  for (let page = 0; page < 300; page += 1) whole = listings.withPage(whole, { kind: "files", page }, [file(page)]);
  whole = listings.withPage(whole, { kind: "files", page: 100 }, [file(100)]);
  whole = listings.withPage(whole, { kind: "files", page: 300 }, [file(300)]);
  assert.equal(whole.keys.size, listings.KEPT_PLACES);
  assert.ok(whole.keys.has("files/100") && whole.keys.has("files/300"));
  assert.ok(!whole.keys.has("files/101"));
  assert.equal(listings.withPlaces(listing(0, 10_000), whole).keys.size, listings.KEPT_PLACES);
});

test("what has not changed in a newer listing stays the very same item", () => {
  const before = listings.withPage(listing(0, 3), { kind: "files", page: 0 }, [file(0), file(1)]);
  const changed = { ...file(1), hasThumbnail: true } as Item;
  const newer = listings.withPage(listing(0, 3), { kind: "files", page: 0 }, [file(0), changed, file(2)]);
  const whole = listings.withSameItems(newer, before, new Set());
  assert.equal(listings.itemAt(whole, NOTHING, 0), listings.itemAt(before, NOTHING, 0));
  assert.equal(listings.itemAt(whole, NOTHING, 1), changed);
  assert.equal(listings.loadedItems(whole).length, 3);
  const announced = listings.withSameItems(newer, before, new Set([file(0).key]));
  assert.notEqual(listings.itemAt(announced, NOTHING, 0), listings.itemAt(before, NOTHING, 0));
});

test("hidden items leave no gap", () => {
  const whole = loaded(listing(2, 5));
  const hidden = hiding([folder(1), file(0), file(4), file(77)]);
  assert.equal(listings.rowCount(whole, hidden), 4);
  const keys = [0, 1, 2, 3].map((row) => listings.itemAt(whole, hidden, row)?.key);
  assert.deepEqual(keys, ["folder:0", "file:1", "file:2", "file:3"]);
  assert.deepEqual(
    keys.map((key) => listings.rowOf(whole, hidden, key ?? "")),
    [0, 1, 2, 3],
  );
  assert.equal(listings.rowOf(whole, hidden, "file:0"), -1);
  assert.equal(listings.itemAt(whole, hidden, 4), null);
});

test("what is hidden elsewhere, or gone from here, hides nothing", () => {
  const whole = loaded(listing(2, 5));
  assert.equal(listings.rowCount(whole, concealed(nothingHidden, [file(0)], 7)), 7);
  const hidden = hiding([file(0), file(1)]);
  assert.deepEqual(goneFrom(withGone(hidden, ["file:1", "file:9"])), ["file:1"]);
  assert.equal(listings.rowCount(whole, revealed(hidden, ["file:1"])), 6);
});

test("more can be hidden than is loaded, and is where it was seen", () => {
  const seen = listings.withPlaces(listing(13, 1_000), loaded(listing(13, 1_000)));
  const whole = loaded(seen, 20);
  const hidden = hiding([folder(0), ...range(5, 900).map(file)]);
  assert.deepEqual(listings.countsOf(whole, hidden), { folders: 12, files: 105 });
  assert.equal(listings.rowCount(whole, hidden), 117);
  assert.equal(listings.itemAt(whole, hidden, 16)?.key, "file:4");
  // The row after them stands far below, and only its page is asked for.
  assert.equal(listings.itemAt(whole, hidden, 17), null);
  assert.deepEqual(listings.missingPages(whole, hidden, 0, 20), [{ kind: "files", page: 90 }]);
  const all = hiding([...range(0, 13).map(folder), ...range(0, 1_000).map(file)]);
  assert.equal(listings.rowCount(whole, all), 0);
  assert.deepEqual(listings.missingPages(whole, all, 0, 20), []);
});

test("a new listing knows where the hidden items stood in the old one, as far as that can be", () => {
  const hidden = hiding(range(5, 900).map(file));
  const fresh = listing(0, 1_001);
  const known = listings.withPlaces(fresh, loaded(listing(0, 1_000)));
  assert.deepEqual(listings.missingPages(known, hidden, 0, 9), [
    { kind: "files", page: 0 },
    { kind: "files", page: 90 },
  ]);
  // Somebody has added a file before them meanwhile.
  const first = listings.withPage(known, { kind: "files", page: 0 }, [file(5_000), ...range(0, 9).map(file)]);
  assert.equal(listings.rowCount(first, hidden), 106);
  assert.deepEqual(
    [0, 5, 6].map((row) => listings.itemAt(first, hidden, row)?.key),
    ["file:5000", "file:4", undefined],
  );
  // In another order nothing is known, but how many there are.
  assert.equal(listings.rowCount(fresh, hidden), 106);
  const other = listings.withPage(fresh, { kind: "files", page: 0 }, range(891, 901).map(file));
  assert.equal(listings.rowCount(other, hidden), 106);
  assert.equal(listings.itemAt(other, hidden, 0)?.key, "file:900");
});

test("a name is looked for behind the focus first, and from the top again after the last row", () => {
  const whole = listing(3, 5);
  const files = (start: number) => ({ kind: "files", start });
  const subfolders = (start: number) => ({ kind: "subfolders", start });
  assert.deepEqual(listings.searchOrder(whole, 0), [subfolders(0), files(0)]);
  assert.deepEqual(listings.searchOrder(whole, 2), [subfolders(2), files(0), subfolders(0)]);
  assert.deepEqual(listings.searchOrder(whole, 3), [files(0), subfolders(0)]);
  assert.deepEqual(listings.searchOrder(whole, 6), [files(3), subfolders(0), files(0)]);
  assert.deepEqual(listings.searchOrder(whole, 8), [subfolders(0), files(0)]);
  assert.deepEqual(listings.searchOrder(listing(0, 5), 1), [files(1), files(0)]);
  assert.deepEqual(listings.searchOrder(listing(0, 0), 0), []);
});

test("among the rows that are here a name is found in the same order, and none that is hidden", () => {
  const whole = loaded(listing(2, 5));
  const first = (prefix: string, after: number, hidden = NOTHING) => listings.firstLoaded(whole, hidden, prefix, after);
  assert.deepEqual([first("F", -1), first("f", 0), first("file", -1), first("f", 6)], [0, 1, 2, 0]);
  assert.equal(first("file 3", 6), 5);
  assert.equal(first("g", -1), -1);
  assert.equal(first("f", 0, hiding([folder(1)])), 2);
});

test("files are counted among themselves, without those that are hidden", () => {
  const whole = loaded(listing(2, 5));
  assert.deepEqual(listings.fileNumber(whole, NOTHING, "file:2"), { number: 3, count: 5 });
  assert.deepEqual(listings.fileNumber(whole, hiding([folder(0), file(0), file(4)]), "file:2"), { number: 2, count: 3 });
  assert.equal(listings.fileNumber(whole, NOTHING, "file:9"), null);
  const hidden = hiding([folder(0), file(0)]);
  assert.deepEqual(
    [1, 3, 6].map((raw) => listings.visibleRow(whole, hidden, raw)),
    [0, 1, 4],
  );
});

test("folders keep the order of their names unless names are sorted", () => {
  const by = (order: import("../../../page/types/state.js").Order) => ({ ...listing(1, 1), order });
  assert.deepEqual(listings.orderOf(by({ by: "size", ascending: false }), "subfolders"), { by: "name", ascending: true });
  assert.deepEqual(listings.orderOf(by({ by: "size", ascending: false }), "files"), { by: "size", ascending: false });
  assert.deepEqual(listings.orderOf(by({ by: "name", ascending: false }), "subfolders"), { by: "name", ascending: false });
});

test("items are selected alone, in addition, and in ranges", () => {
  const one = only(file(1), 1);
  const two = toggled(one, file(3), 3);
  assert.deepEqual([...two.items.keys()], ["file:1", "file:3"]);
  assert.deepEqual([...toggled(two, file(1), 1).items.keys()], ["file:3"]);
  const range = extended(one, [file(1), file(2), file(3)], 3);
  assert.deepEqual([range.items.size, range.anchor, range.focus], [3, 1, 3]);
  assert.deepEqual([cleared(range, 9).items.size, cleared(range, 9).focus, cleared(range, 1).focus], [0, 3, 1]);
  assert.equal(noSelection.items.size, 0);
});

test("a selection loses what is gone", () => {
  const selection = toggled(only(file(1), 1), file(2), 2);
  const now = refreshed(selection, (item) => (item.id === 1 ? null : { ...item, name: "renamed" }));
  assert.deepEqual(
    [...now.items.values()].map((item) => item.name),
    ["renamed"],
  );
});

test("a route survives the address bar", () => {
  for (const route of [
    parseRoute(""),
    {
      path: ["a b", "100 % ?#&", "ß"],
      place: null,
      query: "what & where?",
      filter: { type: "pdf" as const, changed: null, size: "small" as const, isHere: false },
      order: { by: "size" as const, ascending: true },
      view: "grid" as const,
      open: "x & y?.png",
    },
    {
      path: [],
      place: "links" as const,
      query: null,
      filter: NO_FILTER,
      order: { by: "name" as const, ascending: false },
      view: "table" as const,
      open: null,
    },
  ]) {
    assert.deepEqual(parseRoute(formatRoute(route)), route);
  }
});

test("whatever stands in the address bar is a route", () => {
  assert.deepEqual(parseRoute("#/%E0%A4%A/x//?sort=nonsense&view=cube").path, ["%E0%A4%A", "x"]);
  assert.equal(formatRoute(parseRoute("#/")), "#/");
  assert.equal(parseRoute("#/?sort=size").order.ascending, false);
});

test("paths are read, written and moved", () => {
  assert.deepEqual(parsePath("/a/b/"), ["a", "b"]);
  assert.equal(formatPath([]), "/");
  assert.ok(isWithin(["a", "b"], ["a"]) && !isWithin(["ab"], ["a"]));
  assert.deepEqual(relocated(["a", "b", "c"], ["a", "b"], ["x"]), ["x", "c"]);
  assert.deepEqual(relocated(["z"], ["a"], ["x"]), ["z"]);
});

test("names that the manager would refuse are told at once", () => {
  const problems = ["", "a/b", "a\\b", "a\u0000", ".", "..", "end.", " a", "a ", "x".repeat(128)].map(nameProblem);
  assert.deepEqual(problems, ["empty", "character", "character", "character", "dots", "dots", "dots", "blank", "blank", "long"]);
  for (const name of ["a", ".hidden", "ünïcode ☃.txt", "x".repeat(127)]) assert.equal(nameProblem(name), null);
});

test("renaming selects what stands before the extension", () => {
  assert.deepEqual(["a.txt", "archive.tar.gz", ".hidden", "plain"].map(stemLength), [1, 11, 7, 5]);
});

test("types are kinds that people know, and known to be shown or not", () => {
  assert.deepEqual(
    [
      "image/png",
      "video/mp4",
      "audio/mpeg",
      "application/pdf",
      "application/zip",
      "text/plain",
      "application/json",
      "text/html",
      "application/octet-stream",
    ].map(kindOf),
    ["image", "video", "audio", "pdf", "archive", "document", "code", "code", "other"],
  );
  const previews = ["image/png", "image/tiff", "text/html", "application/zip", "application/octet-stream"].map((type) =>
    previewOf({ type, size: 10, name: "" }),
  );
  assert.deepEqual(previews, ["image", "converted-image", "text", "zip", "perhaps-text"]);
  assert.equal(previewOf({ type: "application/octet-stream", size: 10_000_000, name: "" }), "none");
  const archives = ["a.zip", "a.TAR", "a.tar.gz", "a.tgz", "a.7z"].map((name) =>
    previewOf({ type: "application/x-compressed", size: 10, name }),
  );
  assert.deepEqual(archives, ["zip", "tar", "gzipped-tar", "gzipped-tar", "none"]);
  const texts = ["README.md", "a.csv", "a.tsv", "Makefile"].map((name) => textKindOf({ type: "text/plain", name }));
  assert.deepEqual(texts, ["markdown", "table", "table", "code"]);
  assert.deepEqual(["a.b.PY", "Makefile"].map(languageOf), ["py", "makefile"]);
  assert.deepEqual(bytesByKind({ "image/png": 5, "image/gif": 6, "audio/wav": 20, "text/plain": 0 }), [
    { kind: "audio", bytes: 20 },
    { kind: "image", bytes: 11 },
  ]);
});

test("the largest kinds have names of their own, and all others have one together", () => {
  const parts = bytesByKind({
    "application/octet-stream": 50,
    "image/png": 40,
    "audio/wav": 30,
    "video/mp4": 20,
    "text/plain": 10,
  });
  assert.deepEqual(
    largest(parts, 4).map(({ kind, bytes }) => [kind, bytes]),
    [
      ["image", 40],
      ["audio", 30],
      ["video", 20],
      ["other", 60],
    ],
  );
  const named = parts.filter((part) => part.kind !== "other");
  assert.deepEqual(largest(named, 4), named);
  assert.deepEqual(
    largest(named, 3).map(({ kind, bytes }) => [kind, bytes]),
    [
      ["image", 40],
      ["audio", 30],
      ["other", 30],
    ],
  );
  assert.deepEqual(largest([], 4), []);
});

test("what processing found out becomes facts, and what makes no sense is left out", () => {
  const song = { kind: "audio", duration_s: 3725.4, audio: { codec: "mp3" }, tags: { title: "Sea", artist: 7 } };
  assert.deepEqual(factsOf(song), [
    { name: "title", value: "Sea" },
    { name: "duration", value: "1:02:05" },
    { name: "codec", value: "mp3" },
  ]);
  assert.deepEqual(factsOf({ width: 40, height: 30, camera: "x", taken_at: "nonsense", pages: "many" }), [
    { name: "dimensions", value: "40 × 30" },
  ]);
  assert.deepEqual(factsOf(null), []);
});
