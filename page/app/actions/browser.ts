/** Keeps the listing of the folder that is looked at: loads what is seen, and follows changes of others. */

import type { Item, Listing } from "../../types/state.js";
import type { Events, FolderSummary } from "../../types/wire.js";
import type { HiddenItems, PageRef } from "../state/listing.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Navigation } from "./navigation.js";
import { Disconnected, messageOf } from "../protocol/errors.js";
import { goneFrom, nothingHidden, revealed } from "../state/hidden.js";
import {
  emptyListing,
  fileItem,
  folderItem,
  itemAt,
  itemsOf,
  loadedItems,
  missingPages,
  orderOf,
  rowOf,
  withPage,
  withPlaces,
  withSameItems,
  withStatus,
} from "../state/listing.js";
import { formatPath, isWithin, parsePath, relocated, samePath } from "../state/paths.js";
import { focused, noSelection, refreshed } from "../state/selection.js";
import { atMostEvery, severalAtOnce } from "./timing.js";

const FIRST_ROWS = 60;
const RELOAD_EVERY_MS = 400;
const RESIZE_EVERY_MS = 3_000;
/** Pages that are asked for at the same time when many are. */
const PAGES_AT_ONCE = 6;
/** How often a page is asked for when the folder is loaded anew meanwhile. */
const ATTEMPTS = 3;

export class Browser {
  /** Counts what was opened; answers that belong to an earlier folder are dropped. */
  #generation = 0;
  #visible = { first: 0, last: FIRST_ROWS };
  /** Pages on their way. */
  #loading = new Map<string, Promise<void>>();
  /** Items whose change was announced since the listing was replaced. */
  #changedKeys = new Set<string>();
  /** What has the keyboard's focus while the list is loaded in another order. */
  #focusKey: string | undefined;
  #store;
  #connection;
  #navigation;
  #reloadSoon;
  #resizeSoon;

  constructor(store: Store, connection: Connection, navigation: Navigation) {
    this.#store = store;
    this.#connection = connection;
    this.#navigation = navigation;
    this.#resizeSoon = atMostEvery(() => this.reload(), RESIZE_EVERY_MS);
    this.#reloadSoon = atMostEvery(() => this.reload(), RELOAD_EVERY_MS);
    store.watch(() => this.#follow());
    connection.on("s2c:file-modify", (change) => this.#fileChanged(change));
    connection.on("s2c:folder-modify", (change) => this.#folderChanged(change));
  }

  /** Settles when the folder has been loaded, as far as it can be, after everything that was asked for until then. */
  loaded = Promise.resolve();

  online() {
    void this.reload();
  }

  /** Rows that are seen, or soon will be; loads what is missing. */
  show(first: number, last: number) {
    const { listing, hidden } = this.#store.state;
    this.#visible = { first, last };
    for (const ref of missingPages(listing, hidden, first, last)) void this.#load(ref);
  }

  /** Loads the folder anew; what is shown stays until the new rows are here. */
  reload() {
    this.loaded = this.#reload();
    return this.loaded;
  }

  async #reload() {
    const generation = ++this.#generation;
    const { listing: old, hidden } = this.#store.state;
    const gone = goneFrom(hidden);
    this.#loading.clear();
    try {
      const status = await this.#connection.request("c2s:folder-status-request", { path: formatPath(old.path) });
      const empty = withPlaces(withStatus(emptyListing(old.path, old.order), status), old);
      const listing = await this.#filled(empty, revealed(hidden, gone), this.#visible);
      if (generation === this.#generation) this.#replace(listing, gone);
    } catch (error) {
      if (generation === this.#generation) this.#failed(error);
    }
    // A later reload has superseded this one: its listing is what the caller waits for.
    if (generation !== this.#generation) await this.loaded;
  }

  /**
   * The items of rows `first` to `last`, also of those that are not here. Rejects with `Refused` and `Disconnected`.
   * @param onPage is told how many pages have come; what it throws ends it
   */
  async itemsBetween(first: number, last: number, onPage: (done: number, total: number) => void): Promise<Item[]> {
    const { listing, hidden } = this.#store.state;
    const generation = this.#generation;
    const whole = await this.#filled(listing, hidden, { first, last }, onPage);
    if (generation === this.#generation) this.#store.set((state) => ({ listing: withPlaces(state.listing, whole) }));
    const rows = Array.from({ length: last - first + 1 }, (_, index) => itemAt(whole, hidden, first + index));
    return rows.filter((item) => item !== null);
  }

  /** The item that stands in a raw row, whose page is here then. Null when there is none, or the folder was left. */
  async bring(raw: number): Promise<Item | null> {
    const { path, order } = this.#store.state.listing;
    for (let attempt = 0; attempt <= ATTEMPTS; attempt += 1) {
      const { listing } = this.#store.state;
      if (listing.path !== path || listing.order !== order) return null;
      const [missing] = missingPages(listing, nothingHidden, raw, raw);
      if (!missing) return itemAt(listing, nothingHidden, raw);
      await this.#load(missing);
    }
    return null;
  }

  /** A new address is another folder, or another order of it. */
  #follow() {
    const { route, listing } = this.#store.state;
    const isSame = samePath(route.path, listing.path);
    if (isSame && route.order.by === listing.order.by && route.order.ascending === listing.order.ascending) return;
    const { arrived } = this.#navigation.places;
    const start = (!isSame && arrived) || { first: 0, last: FIRST_ROWS, focus: -1, focusKey: null };
    this.#visible = { first: start.first, last: start.last };
    const selection = isSame ? this.#store.state.selection : focused(noSelection, start.focus);
    this.#focusKey = (isSame ? itemAt(listing, this.#store.state.hidden, selection.focus)?.key : start.focusKey) ?? undefined;
    this.#store.set({ listing: emptyListing(route.path, route.order), selection, renaming: null });
    if (this.#connection.isOnline) void this.reload();
  }

  /**
   * A listing with all pages that some rows need. It takes several rounds when pages hold more that is hidden than was known.
   * @param onPage is told how many pages have come
   */
  async #filled(
    listing: Listing,
    hidden: HiddenItems,
    { first, last }: { first: number; last: number },
    onPage: (done: number, total: number) => void = () => {},
  ) {
    let whole = listing;
    let done = 0;
    for (;;) {
      const refs = missingPages(whole, hidden, first, last);
      if (refs.length === 0) return whole;
      const total = done + refs.length;
      await severalAtOnce(refs, PAGES_AT_ONCE, async (ref) => {
        const page = await this.#fetch(listing, ref);
        whole = withPage(whole, ref, page, Infinity);
        onPage(++done, total);
      });
    }
  }

  #load(ref: PageRef) {
    const key = `${ref.kind}/${ref.page}`;
    const loading = this.#loading.get(key) ?? this.#loadOnce(ref, key);
    this.#loading.set(key, loading);
    return loading;
  }

  async #loadOnce(ref: PageRef, key: string) {
    const generation = this.#generation;
    try {
      const items = await this.#fetch(this.#store.state.listing, ref);
      if (generation !== this.#generation) return;
      this.#store.set(({ listing }) => ({ listing: withPage(listing, ref, items) }));
    } catch (error) {
      if (generation === this.#generation) this.#failed(error);
    } finally {
      if (generation === this.#generation) this.#loading.delete(key);
    }
  }

  async #fetch(listing: Listing, { kind, page }: PageRef): Promise<Item[]> {
    const order = orderOf(listing, kind);
    const asked = { path: formatPath(listing.path), page, ascending_sort: order.ascending };
    const [answer, summaries] = await Promise.all([
      this.#connection.request("c2s:list-request", { ...asked, type: kind, sort_by: order.by }),
      kind === "subfolders" ? this.#summaries(asked) : new Map<number, FolderSummary>(),
    ]);
    return itemsOf(answer, summaries);
  }

  /** Sizes and dates of the folders on a page, by id; without them folders are shown all the same. */
  async #summaries(asked: { path: string; page: number; ascending_sort: boolean }): Promise<Map<number, FolderSummary>> {
    if (!this.#store.state.hasOverview) return new Map();
    const answer = await this.#connection.request("c2s:folder-summaries-request", asked).catch(() => null);
    return new Map(answer?.folders.map((summary) => [summary.id, summary]));
  }

  /** @param gone hidden items that are certainly not in it */
  #replace(newest: Listing, gone: readonly string[]) {
    const { selection, hidden: before, listing: old } = this.#store.state;
    const listing = samePath(newest.path, old.path) ? withSameItems(newest, old, this.#changedKeys) : newest;
    this.#changedKeys = new Set();
    const hidden = revealed(before, gone);
    const items = new Map(loadedItems(listing).map((item) => [item.key, item]));
    const focusKey = itemAt(old, before, selection.focus)?.key ?? this.#focusKey;
    this.#focusKey = undefined;
    // What is not among the loaded rows may well exist still.
    const isComplete = items.size === listing.folderCount + listing.fileCount;
    const newer = refreshed(selection, (item) => items.get(item.key) ?? (isComplete ? null : item));
    const row = focusKey ? rowOf(listing, hidden, focusKey) : -1;
    this.#store.set({ listing, hidden, selection: row < 0 ? newer : { ...newer, focus: row } });
    // What was deleted meanwhile may be counted in the new listing or not.
    if (goneFrom(hidden).length > 0) this.#reloadSoon();
  }

  #failed(error: unknown) {
    // A lost connection is told elsewhere, and reloads when it is back.
    if (error instanceof Disconnected) return;
    this.#store.set(({ listing }) => ({ listing: { ...listing, status: "failed", reason: messageOf(error) } }));
  }

  #fileChanged(change: Events["s2c:file-modify"]) {
    if (change.action === "delete" && this.#isHidden(fileItem(change.handle))) return;
    const { path } = this.#store.state.listing;
    const folder = parsePath(change.path);
    if (samePath(folder, path)) {
      this.#changedKeys.add(fileItem(change.handle).key);
      this.#reloadSoon();
    }
    // The folder through which it is reached has another size now.
    else if (isWithin(folder, path)) this.#resizeSoon();
  }

  /** When it is deleted, nothing changes that is seen. */
  #isHidden({ key }: Item) {
    const { listing, hidden } = this.#store.state;
    return hidden.has(key) && hidden.get(key)?.folderId === listing.folderId;
  }

  #folderChanged(change: Events["s2c:folder-modify"]) {
    if (change.action === "delete" && this.#isHidden(folderItem(change.handle))) return;
    const { path } = this.#store.state.listing;
    const folder = parsePath(change.path);
    const parent = folder.slice(0, -1);
    if (change.action === "rename" && change.rename_origin) {
      const before = [...parent, change.rename_origin];
      if (isWithin(path, before)) return this.#navigation.moveTo(relocated(path, before, folder));
    }
    if (change.action === "move") return void this.#followMove(folder, change.rename_origin ?? change.handle.name);
    if (samePath(parent, path) || isWithin(path, folder)) this.#reloadSoon();
  }

  /**
   * Goes along when the folder that is looked at, or one around it, was moved. Where it came from is not told: a folder
   * around this one had the moved one's name, and below its new place lies the very folder that is looked at.
   * @param moved where it stands now
   */
  async #followMove(moved: readonly string[], formerName: string) {
    const { path, folderId } = this.#store.state.listing;
    const places = path.flatMap((name, depth) => (name === formerName ? [[...moved, ...path.slice(depth + 1)]] : []));
    for (const place of folderId === null ? [] : places) {
      const status = await this.#connection.request("c2s:folder-status-request", { path: formatPath(place) }).catch(() => null);
      if (!samePath(path, this.#store.state.listing.path)) return;
      if (status?.folder_id === folderId) return this.#navigation.moveTo(place);
    }
    this.#reloadSoon();
  }
}
