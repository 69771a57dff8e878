/** What comes into the folder that is looked at comes into sight, and is marked for a moment. */

import type { Item, PageKind } from "../../types/state.js";
import type { Events } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Browser } from "./browser.js";
import type { Finder } from "./finder.js";
import type { Selecting } from "./selecting.js";
import { NOTHING_FRESH } from "../state/initial.js";
import { fileItem, itemAt } from "../state/listing.js";
import { parsePath, samePath } from "../state/paths.js";
import { afterQuiet } from "./timing.js";

const MARKED_MS = 3_000;
/** What belongs together comes within such a time. */
const QUIET_MS = 300;

export class Arrivals {
  /** Whether the list has gone to something of the uploads that run. */
  #hasGone = false;
  /** Name of the first upload that was stored since the list was looked after. */
  #first: string | null = null;
  #store;
  #browser;
  #finder;
  #selecting;
  #isUploaded;
  #showSoon;
  #fadeSoon;

  /** @param isUploaded whether this page has uploaded a file of that name into a folder just now */
  constructor(
    store: Store,
    connection: Connection,
    browser: Browser,
    finder: Finder,
    selecting: Selecting,
    isUploaded: (folder: string, name: string) => boolean,
  ) {
    this.#store = store;
    this.#browser = browser;
    this.#finder = finder;
    this.#selecting = selecting;
    this.#isUploaded = isUploaded;
    this.#showSoon = afterQuiet(() => void this.#showUploads(), QUIET_MS);
    this.#fadeSoon = afterQuiet(() => this.#store.set({ fresh: NOTHING_FRESH }), MARKED_MS);
    connection.on("s2c:file-modify", (change) => this.#fileChanged(change));
    store.watch(() => this.#follow());
  }

  /** A folder was made by this very person. */
  async folderMade(path: readonly string[]) {
    const name = path.at(-1);
    if (name === undefined || !this.#isAt(path.slice(0, -1))) return;
    await this.#browser.reload();
    await this.#show("subfolders", name, { isOwn: true });
  }

  /** Selects what somebody has come to this folder for, once that is loaded. */
  async select(item: Item) {
    await this.#browser.loaded;
    const row = await this.#finder.rowOf(item.kind === "folder" ? "subfolders" : "files", item.name);
    if (row >= 0) this.#selecting.moveTo(row, { select: true, extend: false });
  }

  /** Whoever comes up from a folder begins at that folder. */
  async cameUp(name: string) {
    await this.#browser.loaded;
    const { path } = this.#store.state.listing;
    const row = await this.#finder.rowOf("subfolders", name);
    if (row < 0 || path !== this.#store.state.listing.path || this.#store.state.selection.focus >= 0) return;
    this.#selecting.moveTo(row, { select: false, extend: false });
  }

  /** The next uploads are others. */
  #follow() {
    const { waiting, requesting, sending, storing, paused } = this.#store.state.uploads.counts;
    if (waiting + requesting + sending + storing + paused === 0 && this.#first === null) this.#hasGone = false;
  }

  #fileChanged({ action, path, handle }: Events["s2c:file-modify"]) {
    const folder = parsePath(path);
    if (action === "delete" || !this.#isAt(folder) || !this.#isUploaded(path, handle.name)) return;
    this.#mark(fileItem(handle).key);
    this.#first ??= handle.name;
    this.#showSoon();
  }

  #isAt(path: readonly string[]) {
    return samePath(path, this.#store.state.listing.path);
  }

  async #showUploads() {
    const name = this.#first;
    this.#first = null;
    if (name === null || this.#hasGone) return;
    this.#hasGone = true;
    // The listing may be older than the upload: its rows are not there to be gone to.
    await this.#browser.reload();
    await this.#show("files", name, { isOwn: false });
  }

  /** Whoever does something else in the list, or elsewhere, is left alone. */
  get #isBusy() {
    const { selection, dialog, menu, renaming, route } = this.#store.state;
    return selection.items.size > 0 || dialog !== null || menu !== null || renaming !== null || route.open !== null;
  }

  /** @param how `isOwn`: whether the person has just made it by hand, and so goes on there */
  async #show(kind: PageKind, name: string, { isOwn }: { isOwn: boolean }) {
    const path = this.#store.state.listing.path;
    const row = await this.#finder.rowOf(kind, name);
    const { listing, hidden } = this.#store.state;
    const item = itemAt(listing, hidden, row);
    if (!item || path !== this.#store.state.listing.path) return;
    this.#mark(item.key);
    // It is not selected: the next one is made as easily, and a finger opens it.
    if (isOwn) this.#selecting.moveTo(row, { select: false, extend: false });
    else if (this.#isBusy) return;
    this.#store.set(({ fresh }) => ({ fresh: { ...fresh, sought: item.key } }));
  }

  #mark(key: string) {
    this.#store.set(({ fresh }) => ({ fresh: { ...fresh, keys: new Set(fresh.keys).add(key) } }));
    this.#fadeSoon();
  }
}
