/**
 * A folder as a long list of rows, of which only the pages around the visible ones are here: first the
 * folders, then the files. Pure.
 */

import type { FileItem, FolderItem, Hidden, Item, Listing, Order, PageKind } from "../../types/state.js";
import type { FileHandle, FolderHandle, FolderStatus, FolderSummary, ListAnswer } from "../../types/wire.js";

const DEFAULT_PAGE_SIZE = 100;
/** Pages that are kept; the ones farthest from the newest go first. */
export const KEPT_PAGES = 40;
/** Pages of which it is known where their items stand: more than the largest selection needs. */
export const KEPT_PLACES = 200;

export type PageRef = { kind: PageKind; page: number };
/** by key */
export type HiddenItems = ReadonlyMap<string, Hidden>;

export function emptyListing(path: readonly string[], order: Order): Listing {
  return {
    path,
    order,
    status: "loading",
    reason: null,
    folderId: null,
    folderCount: 0,
    fileCount: 0,
    pageSize: DEFAULT_PAGE_SIZE,
    pages: new Map(),
    keys: new Map(),
  };
}

export function withStatus(listing: Listing, status: FolderStatus): Listing {
  return {
    ...listing,
    status: status.exists ? "ready" : "missing",
    reason: null,
    folderId: status.folder_id,
    folderCount: status.subfolder_count,
    fileCount: status.file_count,
    pageSize: status.page_size,
  };
}

/** @param kept pages */
export function withPage(listing: Listing, ref: PageRef, items: readonly Item[], kept: number = KEPT_PAGES): Listing {
  const pages = new Map(listing.pages).set(pageKey(ref), items);
  const distance = (key: string) => Math.abs(firstRow(listing, key) - firstRow(listing, pageKey(ref)));
  while (pages.size > kept) {
    pages.delete([...pages.keys()].reduce((a, b) => (distance(b) > distance(a) ? b : a)));
  }
  const keys = items.map((item) => item.key);
  return { ...listing, pages, keys: latest([...listing.keys, [pageKey(ref), keys]]) };
}

/**
 * With the very items of another listing of the same folder where nothing has changed, so that they need not be drawn again.
 * @param changed keys of items of which something has changed that they do not show, such as whom they are shared with
 */
export function withSameItems(listing: Listing, other: Listing, changed: ReadonlySet<string>): Listing {
  const known = new Map(loadedItems(other).map((item) => [item.key, item]));
  const reused = (item: Item) => {
    const before = known.get(item.key);
    return before && !changed.has(item.key) && isSame(before, item) ? before : item;
  };
  return { ...listing, pages: new Map([...listing.pages].map(([page, items]) => [page, items.map(reused)])) };
}

/** Whether two items have the same fields, which are all plain values. */
function isSame(a: Item, b: Item) {
  return (Object.entries(a) as [keyof Item, unknown][]).every(([field, value]) => b[field] === value);
}

/** Knowing also where the items stand that were seen in another listing of the same folder and order, which may be older. */
export function withPlaces(listing: Listing, other: Listing): Listing {
  return { ...listing, keys: latest([...other.keys, ...listing.keys]) };
}

/** The keys of the pages that came last; of the same page the last ones. */
function latest(entries: readonly (readonly [string, readonly string[]])[]): Listing["keys"] {
  const keys = new Map<string, readonly string[]>();
  for (const [page, items] of entries) {
    keys.delete(page);
    keys.set(page, items);
  }
  return new Map([...keys].slice(-KEPT_PLACES));
}

/** Pages that rows `first` to `last` (inclusive) need and that are not here. */
export function missingPages(listing: Listing, hidden: HiddenItems, first: number, last: number): PageRef[] {
  const missing = new Map<string, PageRef>();
  const end = Math.min(last, rowCount(listing, hidden) - 1);
  for (let row = Math.max(0, first); row <= end; row += 1) {
    const ref = pageOf(listing, rawRow(listing, hidden, row));
    if (!listing.pages.has(pageKey(ref))) missing.set(pageKey(ref), ref);
  }
  return [...missing.values()];
}

/** Rows there are, without those that are hidden. */
export function rowCount(listing: Listing, hidden: HiddenItems) {
  return rawCount(listing) - hiddenRows(listing, hidden).length;
}

/** Folders and files there are, without those that are hidden. */
export function countsOf(listing: Listing, hidden: HiddenItems) {
  const rows = hiddenRows(listing, hidden);
  const folders = below(rows, listing.folderCount);
  return { folders: listing.folderCount - folders, files: listing.fileCount - (rows.length - folders) };
}

/** The item in a row; null when its page is not here. */
export function itemAt(listing: Listing, hidden: HiddenItems, row: number): Item | null {
  const raw = rawRow(listing, hidden, row);
  if (raw < 0 || raw >= rawCount(listing)) return null;
  const ref = pageOf(listing, raw);
  const page = listing.pages.get(pageKey(ref));
  return page?.[raw - firstRow(listing, pageKey(ref))] ?? null;
}

/** The row of an item that is here; -1 when it is not. */
export function rowOf(listing: Listing, hidden: HiddenItems, key: string) {
  const raw = rawRowOf(listing, key);
  const rows = hiddenRows(listing, hidden);
  const before = below(rows, raw);
  return raw < 0 || rows[before] === raw ? -1 : raw - before;
}

/** Which of the files one is, counted from 1, and how many there are; null when it is not here. */
export function fileNumber(listing: Listing, hidden: HiddenItems, key: string) {
  const row = rowOf(listing, hidden, key);
  const { folders, files } = countsOf(listing, hidden);
  return row < 0 ? null : { number: row - folders + 1, count: files };
}

/** The visible row of a raw one that is not hidden itself. */
export function visibleRow(listing: Listing, hidden: HiddenItems, raw: number) {
  return raw - below(hiddenRows(listing, hidden), raw);
}

/** Where to look for a name from a raw row on, and then from the top: indexes among the items of their kind. */
export function searchOrder(listing: Listing, from: number): { kind: PageKind; start: number }[] {
  const { folderCount, fileCount } = listing;
  const start = from < rawCount(listing) ? from : 0;
  const parts: { kind: PageKind; start: number }[] =
    start < folderCount
      ? [
          { kind: "subfolders", start },
          { kind: "files", start: 0 },
        ]
      : [
          { kind: "files", start: start - folderCount },
          { kind: "subfolders", start: 0 },
        ];
  if (parts[0] && parts[0].start > 0) parts.push({ kind: parts[0].kind, start: 0 });
  return parts.filter((part) => part.start < (part.kind === "files" ? fileCount : folderCount));
}

/**
 * As `searchOrder`, among the items that are here: the raw row of the first whose name begins so; -1: none.
 * @param after the raw row behind which it begins
 */
export function firstLoaded(listing: Listing, hidden: HiddenItems, prefix: string, after: number) {
  const wanted = prefix.toLowerCase();
  const rows = loadedItems(listing)
    .filter((item) => item.name.toLowerCase().startsWith(wanted) && rowOf(listing, hidden, item.key) >= 0)
    .map((item) => rawRowOf(listing, item.key));
  return rows.find((row) => row > after) ?? rows[0] ?? -1;
}

/**
 * How items of a kind are sorted. Folders have neither size nor date: unless names are sorted, they stay in order of
 * their names.
 */
export function orderOf(listing: Listing, kind: PageKind): Order {
  return kind === "files" || listing.order.by === "name" ? listing.order : { by: "name", ascending: true };
}

/** All items that are here, in order. */
export function loadedItems(listing: Listing): Item[] {
  const keys = [...listing.pages.keys()].sort((a, b) => firstRow(listing, a) - firstRow(listing, b));
  return keys.flatMap((key) => listing.pages.get(key) ?? []);
}

/** The file of a name, if it is here. */
export function loadedFile(listing: Listing, name: string | null): FileItem | null {
  if (name === null) return null;
  for (const item of loadedItems(listing)) if (item.kind === "file" && item.name === name) return item;
  return null;
}

export function rawCount(listing: Listing) {
  return listing.folderCount + listing.fileCount;
}

/** What names a file among all items. */
export function fileKey(id: number) {
  return `file:${id}`;
}

/** What names a folder among all items. */
export function folderKey(id: number) {
  return `folder:${id}`;
}

export function fileItem(handle: FileHandle): FileItem {
  const { ownership } = handle;
  return {
    kind: "file",
    key: fileKey(handle.id),
    id: handle.id,
    name: handle.name,
    type: handle.type,
    size: handle.size,
    createdAt: handle.created_at,
    updatedAt: handle.updated_at,
    modifiedAt: handle.modified_at ?? handle.updated_at,
    status: ownership.status,
    sharedAt: ownership.share?.shared_at ?? null,
    can: ownership.can ?? (ownership.status === "restricted" ? "none" : "r"),
    hasThumbnail: handle.has_thumbnail,
  };
}

/** @param summary undefined: nothing more is known of it */
export function folderItem(handle: FolderHandle, summary?: FolderSummary): FolderItem {
  return {
    kind: "folder",
    key: folderKey(handle.id),
    id: handle.id,
    name: handle.name,
    size: summary?.total_size ?? null,
    modifiedAt: summary?.changed_at ?? null,
  };
}

/**
 * What a page of a listing holds.
 * @param summaries of folders, by id
 */
export function itemsOf({ folders = [], files = [] }: ListAnswer, summaries?: ReadonlyMap<number, FolderSummary>): Item[] {
  return [...folders.map((folder) => folderItem(folder, summaries?.get(folder.id))), ...files.map(fileItem)];
}

function pageKey(ref: PageRef) {
  return `${ref.kind}/${ref.page}`;
}

function pageOf(listing: Listing, raw: number): PageRef {
  const inFolders = raw < listing.folderCount;
  const offset = inFolders ? raw : raw - listing.folderCount;
  return { kind: inFolders ? "subfolders" : "files", page: Math.floor(offset / listing.pageSize) };
}

function firstRow(listing: Listing, key: string) {
  const [kind, page] = key.split("/");
  return Number(page) * listing.pageSize + (kind === "files" ? listing.folderCount : 0);
}

/** The raw row of an item that is here; -1 when it is not. */
export function rawRowOf(listing: Listing, key: string) {
  for (const [page, items] of listing.pages) {
    const index = items.findIndex((item) => item.key === key);
    if (index >= 0) return firstRow(listing, page) + index;
  }
  return -1;
}

/** Where a visible row stands when nothing is hidden. */
export function rawRow(listing: Listing, hidden: HiddenItems, row: number) {
  const rows = hiddenRows(listing, hidden);
  return row + firstIndex(rows.length, (index) => (rows[index] ?? 0) - index > row);
}

const hiddenCache = new WeakMap<Listing["keys"], WeakMap<HiddenItems, number[]>>();

/** Raw rows of the hidden items, in order. */
function hiddenRows(listing: Listing, hidden: HiddenItems): number[] {
  if (hidden.size === 0) return [];
  const cached = hiddenCache.get(listing.keys)?.get(hidden);
  if (cached) return cached;
  const rows = [...findHidden(listing, hidden)].sort((a, b) => a - b);
  if (!hiddenCache.has(listing.keys)) hiddenCache.set(listing.keys, new WeakMap());
  hiddenCache.get(listing.keys)?.set(hidden, rows);
  return rows;
}

/**
 * Most hidden items stand on pages that are here, or were. Where the others stand is not known, only that it is nowhere
 * on these pages: they count as the last ones of the rest, until their page comes.
 */
function findHidden(listing: Listing, hidden: HiddenItems): Set<number> {
  const sought = new Set([...hidden].filter(([, { folderId }]) => folderId === listing.folderId).map(([key]) => key));
  const rows = new Set<number>();
  const find = (page: string) => {
    const found = (listing.keys.get(page) ?? []).flatMap((key, index) =>
      sought.has(key) ? [{ key, row: firstRow(listing, page) + index }] : [],
    );
    const end = page.startsWith("files") ? rawCount(listing) : listing.folderCount;
    for (const { key, row } of found) if (row < end && rows.add(row)) sought.delete(key);
  };
  // Where an item stood on a page that is not here any more may be out of date.
  for (const page of listing.pages.keys()) find(page);
  for (const page of listing.keys.keys()) if (!listing.pages.has(page)) find(page);
  const left = [...sought];
  const folders = left.filter((key) => key.startsWith("folder")).length;
  takeLast(listing, rows, 0, listing.folderCount, folders);
  takeLast(listing, rows, listing.folderCount, rawCount(listing), left.length - folders);
  return rows;
}

/**
 * Takes the last rows in a range whose pages are not here, as far as there are any.
 * @param end exclusive
 */
function takeLast(listing: Listing, rows: Set<number>, first: number, end: number, count: number) {
  for (let row = end - 1; row >= first && count > 0; row -= 1) {
    if (rows.has(row) || listing.pages.has(pageKey(pageOf(listing, row)))) continue;
    rows.add(row);
    count -= 1;
  }
}

/** How many of the numbers, which are in order, are less than a limit. */
function below(numbers: readonly number[], limit: number) {
  return firstIndex(numbers.length, (index) => (numbers[index] ?? 0) >= limit);
}

/** The first index at which something is true that then stays true; `length` when it never is. */
function firstIndex(length: number, isTrue: (index: number) => boolean) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
