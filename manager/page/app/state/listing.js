/**
 * A folder as a long list of rows, of which only the pages around the visible ones are here: first the
 * folders, then the files. Pure.
 */

/** @import { FileItem, Hidden, Item, Listing, Order, PageKind } from "../../types/state.js" */
/** @import { FileHandle, FolderHandle, FolderStatus } from "../../types/wire.js" */

const DEFAULT_PAGE_SIZE = 100;
/** Pages that are kept; the ones farthest from the newest go first. */
export const KEPT_PAGES = 40;

/** @typedef {{ kind: PageKind, page: number }} PageRef */
/** @typedef {ReadonlyMap<string, Hidden>} HiddenItems by key */

/**
 * @param {readonly string[]} path
 * @param {Order} order
 * @returns {Listing}
 */
export function emptyListing(path, order) {
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

/**
 * @param {Listing} listing
 * @param {FolderStatus} status
 * @returns {Listing}
 */
export function withStatus(listing, status) {
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

/**
 * @param {Listing} listing
 * @param {PageRef} ref
 * @param {readonly Item[]} items
 * @param {number} [kept] pages
 * @returns {Listing}
 */
export function withPage(listing, ref, items, kept = KEPT_PAGES) {
  const pages = new Map(listing.pages).set(pageKey(ref), items);
  const distance = (/** @type {string} */ key) => Math.abs(firstRow(listing, key) - firstRow(listing, pageKey(ref)));
  while (pages.size > kept) {
    pages.delete([...pages.keys()].reduce((a, b) => (distance(b) > distance(a) ? b : a)));
  }
  return { ...listing, pages, keys: new Map(listing.keys).set(pageKey(ref), items.map((item) => item.key)) };
}

/**
 * Knowing also where the items stand that were seen in another listing of the same folder and order, which may be older.
 * @param {Listing} listing
 * @param {Listing} other
 * @returns {Listing}
 */
export function withPlaces(listing, other) {
  return { ...listing, keys: new Map([...other.keys, ...listing.keys]) };
}

/**
 * Pages that rows `first` to `last` (inclusive) need and that are not here.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {number} first
 * @param {number} last
 * @returns {PageRef[]}
 */
export function missingPages(listing, hidden, first, last) {
  /** @type {Map<string, PageRef>} */
  const missing = new Map();
  const end = Math.min(last, rowCount(listing, hidden) - 1);
  for (let row = Math.max(0, first); row <= end; row += 1) {
    const ref = pageOf(listing, rawRow(listing, hidden, row));
    if (!listing.pages.has(pageKey(ref))) missing.set(pageKey(ref), ref);
  }
  return [...missing.values()];
}

/**
 * Rows there are, without those that are hidden.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 */
export function rowCount(listing, hidden) {
  return rawCount(listing) - hiddenRows(listing, hidden).length;
}

/**
 * Folders and files there are, without those that are hidden.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 */
export function countsOf(listing, hidden) {
  const rows = hiddenRows(listing, hidden);
  const folders = below(rows, listing.folderCount);
  return { folders: listing.folderCount - folders, files: listing.fileCount - (rows.length - folders) };
}

/**
 * The item in a row; null when its page is not here.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {number} row
 * @returns {Item | null}
 */
export function itemAt(listing, hidden, row) {
  const raw = rawRow(listing, hidden, row);
  if (raw < 0 || raw >= rawCount(listing)) return null;
  const ref = pageOf(listing, raw);
  const page = listing.pages.get(pageKey(ref));
  return page?.[raw - firstRow(listing, pageKey(ref))] ?? null;
}

/**
 * The row of an item that is here; -1 when it is not.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {string} key
 */
export function rowOf(listing, hidden, key) {
  const raw = rawRowOf(listing, key);
  const rows = hiddenRows(listing, hidden);
  const before = below(rows, raw);
  return raw < 0 || rows[before] === raw ? -1 : raw - before;
}

/**
 * Which of the files one is, counted from 1, and how many there are; null when it is not here.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {string} key
 */
export function fileNumber(listing, hidden, key) {
  const row = rowOf(listing, hidden, key);
  const { folders, files } = countsOf(listing, hidden);
  return row < 0 ? null : { number: row - folders + 1, count: files };
}

/**
 * The visible row of a raw one that is not hidden itself.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {number} raw
 */
export function visibleRow(listing, hidden, raw) {
  return raw - below(hiddenRows(listing, hidden), raw);
}

/**
 * Where to look for a name from a raw row on, and then from the top: indexes among the items of their kind.
 * @param {Listing} listing
 * @param {number} from
 * @returns {{ kind: PageKind, start: number }[]}
 */
export function searchOrder(listing, from) {
  const { folderCount, fileCount } = listing;
  const start = from < rawCount(listing) ? from : 0;
  /** @type {{ kind: PageKind, start: number }[]} */
  const parts =
    start < folderCount
      ? [{ kind: "subfolders", start }, { kind: "files", start: 0 }]
      : [{ kind: "files", start: start - folderCount }, { kind: "subfolders", start: 0 }];
  if (parts[0] && parts[0].start > 0) parts.push({ kind: parts[0].kind, start: 0 });
  return parts.filter((part) => part.start < (part.kind === "files" ? fileCount : folderCount));
}

/**
 * As `searchOrder`, among the items that are here: the raw row of the first whose name begins so; -1: none.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {string} prefix
 * @param {number} after the raw row behind which it begins
 */
export function firstLoaded(listing, hidden, prefix, after) {
  const wanted = prefix.toLowerCase();
  const rows = loadedItems(listing)
    .filter((item) => item.name.toLowerCase().startsWith(wanted) && rowOf(listing, hidden, item.key) >= 0)
    .map((item) => rawRowOf(listing, item.key));
  return rows.find((row) => row > after) ?? rows[0] ?? -1;
}

/**
 * How items of a kind are sorted. Folders have neither size nor date: unless names are sorted, they stay in order of
 * their names.
 * @param {Listing} listing
 * @param {PageKind} kind
 * @returns {Order}
 */
export function orderOf(listing, kind) {
  return kind === "files" || listing.order.by === "name" ? listing.order : { by: "name", ascending: true };
}

/**
 * All items that are here, in order.
 * @param {Listing} listing
 * @returns {Item[]}
 */
export function loadedItems(listing) {
  const keys = [...listing.pages.keys()].sort((a, b) => firstRow(listing, a) - firstRow(listing, b));
  return keys.flatMap((key) => listing.pages.get(key) ?? []);
}

/**
 * The file of a name, if it is here.
 * @param {Listing} listing
 * @param {string | null} name
 * @returns {FileItem | null}
 */
export function loadedFile(listing, name) {
  if (name === null) return null;
  for (const item of loadedItems(listing)) if (item.kind === "file" && item.name === name) return item;
  return null;
}

/** @param {Listing} listing */
export function rawCount(listing) {
  return listing.folderCount + listing.fileCount;
}

/**
 * @param {FileHandle} handle
 * @returns {Item}
 */
export function fileItem(handle) {
  const { ownership } = handle;
  return {
    kind: "file",
    key: `file:${handle.id}`,
    id: handle.id,
    name: handle.name,
    type: handle.type,
    size: handle.size,
    createdAt: handle.created_at,
    updatedAt: handle.updated_at,
    status: ownership.status,
    sharedAt: ownership.share?.shared_at ?? null,
    can: ownership.can ?? (ownership.status === "restricted" ? "none" : "r"),
    hasThumbnail: handle.has_thumbnail,
  };
}

/**
 * @param {FolderHandle} handle
 * @returns {Item}
 */
export function folderItem(handle) {
  return { kind: "folder", key: `folder:${handle.id}`, id: handle.id, name: handle.name };
}

/** @param {PageRef} ref */
function pageKey(ref) {
  return `${ref.kind}/${ref.page}`;
}

/**
 * @param {Listing} listing
 * @param {number} raw
 * @returns {PageRef}
 */
function pageOf(listing, raw) {
  const inFolders = raw < listing.folderCount;
  const offset = inFolders ? raw : raw - listing.folderCount;
  return { kind: inFolders ? "subfolders" : "files", page: Math.floor(offset / listing.pageSize) };
}

/**
 * @param {Listing} listing
 * @param {string} key
 */
function firstRow(listing, key) {
  const [kind, page] = key.split("/");
  return Number(page) * listing.pageSize + (kind === "files" ? listing.folderCount : 0);
}

/**
 * The raw row of an item that is here; -1 when it is not.
 * @param {Listing} listing
 * @param {string} key
 */
export function rawRowOf(listing, key) {
  for (const [page, items] of listing.pages) {
    const index = items.findIndex((item) => item.key === key);
    if (index >= 0) return firstRow(listing, page) + index;
  }
  return -1;
}

/**
 * Where a visible row stands when nothing is hidden.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @param {number} row
 */
export function rawRow(listing, hidden, row) {
  const rows = hiddenRows(listing, hidden);
  return row + firstIndex(rows.length, (index) => (rows[index] ?? 0) - index > row);
}

/** @type {WeakMap<Listing["keys"], WeakMap<HiddenItems, number[]>>} */
const hiddenCache = new WeakMap();

/**
 * Raw rows of the hidden items, in order.
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @returns {number[]}
 */
function hiddenRows(listing, hidden) {
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
 * @param {Listing} listing
 * @param {HiddenItems} hidden
 * @returns {Set<number>}
 */
function findHidden(listing, hidden) {
  const sought = new Set([...hidden].filter(([, { folderId }]) => folderId === listing.folderId).map(([key]) => key));
  /** @type {Set<number>} */
  const rows = new Set();
  const find = (/** @type {string} */ page) => {
    const found = (listing.keys.get(page) ?? []).flatMap((key, index) => (sought.has(key) ? [{ key, row: firstRow(listing, page) + index }] : []));
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
 * @param {Listing} listing
 * @param {Set<number>} rows
 * @param {number} first
 * @param {number} end exclusive
 * @param {number} count
 */
function takeLast(listing, rows, first, end, count) {
  for (let row = end - 1; row >= first && count > 0; row -= 1) {
    if (rows.has(row) || listing.pages.has(pageKey(pageOf(listing, row)))) continue;
    rows.add(row);
    count -= 1;
  }
}

/**
 * How many of the numbers, which are in order, are less than a limit.
 * @param {readonly number[]} numbers
 * @param {number} limit
 */
function below(numbers, limit) {
  return firstIndex(numbers.length, (index) => (numbers[index] ?? 0) >= limit);
}

/**
 * The first index at which something is true that then stays true; `length` when it never is.
 * @param {number} length
 * @param {(index: number) => boolean} isTrue
 */
function firstIndex(length, isTrue) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
