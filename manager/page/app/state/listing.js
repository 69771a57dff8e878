/**
 * A folder as a long list of rows, of which only the pages around the visible ones are here: first the
 * folders, then the files. Pure.
 */

/** @import { Item, Listing, Order, PageKind } from "../../types/state.js" */
/** @import { FileHandle, FolderHandle, FolderStatus } from "../../types/wire.js" */

const DEFAULT_PAGE_SIZE = 100;
/** Pages that are kept; the ones farthest from the newest go first. */
export const KEPT_PAGES = 40;

/** @typedef {{ kind: PageKind, page: number }} PageRef */

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
  return { ...listing, pages };
}

/**
 * Pages that rows `first` to `last` (inclusive) need and that are not here.
 * @param {Listing} listing
 * @param {number} first
 * @param {number} last
 * @returns {PageRef[]}
 */
export function missingPages(listing, first, last) {
  /** @type {Map<string, PageRef>} */
  const missing = new Map();
  const end = Math.min(last, rawCount(listing) - 1);
  for (let row = Math.max(0, first); row <= end; ) {
    const ref = pageOf(listing, row);
    if (!listing.pages.has(pageKey(ref))) missing.set(pageKey(ref), ref);
    row = nextPageRow(listing, ref);
  }
  return [...missing.values()];
}

/**
 * Rows there are, without those that are hidden.
 * @param {Listing} listing
 * @param {ReadonlySet<string>} hidden
 */
export function rowCount(listing, hidden) {
  return rawCount(listing) - hiddenRows(listing, hidden).length;
}

/**
 * The item in a row; null when its page is not here.
 * @param {Listing} listing
 * @param {ReadonlySet<string>} hidden
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
 * @param {ReadonlySet<string>} hidden
 * @param {string} key
 */
export function rowOf(listing, hidden, key) {
  if (hidden.has(key)) return -1;
  const raw = rawRowOf(listing, key);
  return raw < 0 ? -1 : raw - hiddenRows(listing, hidden).filter((row) => row < raw).length;
}

/**
 * Where a visible row stands when nothing is hidden.
 * @param {Listing} listing
 * @param {ReadonlySet<string>} hidden
 * @param {number} row
 */
export function rawRow(listing, hidden, row) {
  let raw = row;
  for (const gone of hiddenRows(listing, hidden)) if (gone <= raw) raw += 1;
  return raw;
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
 * @param {PageRef} ref
 */
function nextPageRow(listing, ref) {
  const next = firstRow(listing, pageKey(ref)) + listing.pageSize;
  return ref.kind === "subfolders" ? Math.min(next, listing.folderCount) : next;
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
 * @param {Listing} listing
 * @param {string} key
 */
function rawRowOf(listing, key) {
  for (const [page, items] of listing.pages) {
    const index = items.findIndex((item) => item.key === key);
    if (index >= 0) return firstRow(listing, page) + index;
  }
  return -1;
}

/** @type {WeakMap<Listing["pages"], WeakMap<ReadonlySet<string>, number[]>>} */
const hiddenCache = new WeakMap();

/**
 * Raw rows of the hidden items that are here, in order.
 * @param {Listing} listing
 * @param {ReadonlySet<string>} hidden
 * @returns {number[]}
 */
function hiddenRows(listing, hidden) {
  if (hidden.size === 0) return [];
  const cached = hiddenCache.get(listing.pages)?.get(hidden);
  if (cached) return cached;
  const rows = [...hidden].map((key) => rawRowOf(listing, key)).filter((row) => row >= 0);
  rows.sort((a, b) => a - b);
  if (!hiddenCache.has(listing.pages)) hiddenCache.set(listing.pages, new WeakMap());
  hiddenCache.get(listing.pages)?.set(hidden, rows);
  return rows;
}
