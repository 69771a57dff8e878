/** Finds items by their names in the whole folder, also where its pages are not here. */

import type { FileItem, Item, PageKind } from "../../types/state.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Browser } from "./browser.js";
import type { Navigation } from "./navigation.js";
import type { Selecting } from "./selecting.js";
import type { Toasts } from "./toasts.js";
import { Disconnected, Refused } from "../protocol/errors.js";
import {
  firstLoaded,
  loadedFile,
  orderOf,
  rawCount,
  rawRow,
  rawRowOf,
  rowOf,
  searchOrder,
  visibleRow,
} from "../state/listing.js";
import { formatPath } from "../state/paths.js";
import { text } from "../text/text.js";

const TYPING_PAUSE_MS = 900;
/** A file may move to another page while its page is loaded. */
const ATTEMPTS = 3;
/** Files that are looked at for the next one to open, since each page of them has to be loaded. */
const MOST_PASSED = 1_000;
const NOWHERE = { raw: -1, place: -1 };

/** A word that is being typed. */
export type Typing = { word: string; typedAt: number; origin: number };

export class Finder {
  #typing: Typing | null = null;
  /** Each letter waits for the one before, which may have moved the focus. */
  #settled = Promise.resolve();
  /** Name of the file that is being looked for. */
  #opening = "";
  #stepped = Promise.resolve(false);
  #store;
  #connection;
  #browser;
  #selecting;
  #navigation;
  #toasts;

  constructor(
    store: Store,
    connection: Connection,
    browser: Browser,
    selecting: Selecting,
    navigation: Navigation,
    toasts: Toasts,
  ) {
    this.#store = store;
    this.#connection = connection;
    this.#browser = browser;
    this.#selecting = selecting;
    this.#navigation = navigation;
    this.#toasts = toasts;
  }

  isTyping(now: number) {
    return this.#typing !== null && now - this.#typing.typedAt <= TYPING_PAUSE_MS;
  }

  /** The next letter begins another word. */
  endWord() {
    this.#typing = null;
  }

  /**
   * Goes to the next item whose name begins with what was typed, or where names are sorted to where it would stand;
   * the same letter again goes on to the one after.
   */
  type(letter: string, now: number) {
    if (!this.#typing || !this.isTyping(now)) this.#typing = { word: "", typedAt: now, origin: this.#focus };
    const typing = this.#typing;
    typing.word += letter;
    typing.typedAt = now;
    const { word } = typing;
    this.#settled = this.#settled.then(() => this.#goTo(typing, word));
  }

  /** Loads the page of the file that the address says is open. One that is not there is told, and opened no more. */
  async bringFile(name: string) {
    if (this.#opening === name) return;
    this.#opening = name;
    const { path, order } = this.#store.state.listing;
    const isWanted = () => {
      const { route, listing } = this.#store.state;
      return route.open === name && listing.path === path && listing.order === order && this.#connection.isOnline;
    };
    try {
      const isThere = await this.#bringFile(name);
      if (isThere || !isWanted()) return;
      this.#toasts.show(text.viewer.notFound(name), "bad");
      this.#navigation.forgetFile();
    } catch (error) {
      // It is looked for again once the folder is loaded anew.
      if (!(error instanceof Disconnected)) this.#toasts.error(error);
    } finally {
      this.#opening = "";
    }
  }

  /**
   * Opens the file after the open one that may be read, or the one before.
   * @param accepts what is passed over when it says no
   * @returns whether there was one
   */
  step(by: 1 | -1, accepts: (file: FileItem) => boolean = () => true): Promise<boolean> {
    this.#stepped = this.#stepped.then(() => this.#step(by, accepts));
    return this.#stepped;
  }

  async #step(by: 1 | -1, accepts: (file: FileItem) => boolean) {
    const { listing, route } = this.#store.state;
    const file = loadedFile(listing, route.open);
    if (!file) return false;
    const row = rawRowOf(listing, file.key);
    const [first, last] = [Math.max(listing.folderCount, row - MOST_PASSED), Math.min(rawCount(listing) - 1, row + MOST_PASSED)];
    for (let raw = row + by; raw >= first && raw <= last; raw += by) {
      const item = await this.#browser.bring(raw);
      if (item?.kind !== "file" || this.#store.state.route.open !== file.name) return false;
      if (!this.#isShown(item) || item.can === "none" || !accepts(item)) continue;
      this.#navigation.openFile(item.name);
      return true;
    }
    return false;
  }

  /** @param item one whose page is here */
  #isShown(item: Item) {
    const { listing, hidden } = this.#store.state;
    return rowOf(listing, hidden, item.key) >= 0;
  }

  /** Raw row of the keyboard's focus; -1: none. */
  get #focus() {
    const { listing, hidden, selection } = this.#store.state;
    return rawRow(listing, hidden, selection.focus);
  }

  /** @param word what was typed until then */
  async #goTo(typing: Typing, word: string) {
    const isCycling = word.split("").every((letter) => letter === word[0]);
    const isWanted = () => this.#typing === typing && (isCycling || typing.word === word);
    if (!isWanted()) return;
    const wanted = isCycling ? word.charAt(0) : word;
    const { row, isThere } = await this.#find(wanted, isCycling ? this.#focus : typing.origin);
    if (!isWanted()) return;
    this.#store.set({ announcement: isThere ? "" : text.listing.noName(wanted) });
    const { listing, hidden } = this.#store.state;
    if (row >= 0) this.#selecting.moveTo(visibleRow(listing, hidden, row), { select: true, extend: false });
  }

  /**
   * The raw row of the first item behind another one whose name begins so, from the top again after the last. If none
   * does, the row where it would stand; -1: nowhere.
   */
  async #find(prefix: string, after: number): Promise<{ row: number; isThere: boolean }> {
    const { listing, hidden, canOrganise } = this.#store.state;
    const loaded = () => {
      const row = firstLoaded(listing, hidden, prefix, after);
      return { row, isThere: row >= 0 };
    };
    if (!canOrganise) return loaded();
    let place = -1;
    try {
      for (const { kind, start } of searchOrder(listing, after + 1)) {
        const found = await this.#locate(kind, prefix, { isPrefix: true, start });
        if (found.raw >= 0) return { row: found.raw, isThere: true };
        place = Math.max(place, found.place);
      }
      return { row: place, isThere: false };
    } catch {
      return loaded();
    }
  }

  /** Whether there is such a file, whose page then is here. */
  async #bringFile(name: string) {
    const isLoaded = () => loadedFile(this.#store.state.listing, name) !== null;
    for (let attempt = 0; attempt < ATTEMPTS && !isLoaded(); attempt += 1) {
      if (!this.#store.state.canOrganise) return false;
      try {
        if ((await this.#locate("files", name, { isPrefix: false, start: 0 })).raw < 0) return false;
      } catch (error) {
        // What the manager takes for no name is the name of no file.
        if (error instanceof Refused) return false;
        throw error;
      }
    }
    return isLoaded();
  }

  /** The row of an item of the folder, by its name, with its page loaded; -1: none. */
  async rowOf(kind: PageKind, name: string): Promise<number> {
    if (!this.#store.state.canOrganise) return -1;
    const { raw } = await this.#locate(kind, name, { isPrefix: false, start: 0 }).catch(() => NOWHERE);
    const { listing, hidden } = this.#store.state;
    return raw < 0 ? -1 : visibleRow(listing, hidden, raw);
  }

  /**
   * The raw row of the first item of a kind that is called so, or whose name begins so; its page is loaded. -1: none,
   * and then that where the manager says it would stand.
   */
  async #locate(kind: PageKind, name: string, { isPrefix, start }: { isPrefix: boolean; start: number }) {
    const { path } = this.#store.state.listing;
    for (let from = start; ;) {
      const { listing } = this.#store.state;
      if (listing.path !== path) return NOWHERE;
      const order = orderOf(listing, kind);
      const { index, place } = await this.#connection.request("c2s:position-request", {
        path: formatPath(path),
        type: kind,
        name,
        is_prefix: isPrefix,
        start: from,
        sort_by: order.by,
        ascending_sort: order.ascending,
      });
      const first = kind === "files" ? listing.folderCount : 0;
      if (index === null) return { raw: -1, place: place === undefined ? -1 : Math.min(first + place, rawCount(listing) - 1) };
      const raw = first + index;
      const item = await this.#browser.bring(raw);
      if (!item) return NOWHERE;
      // What is being deleted is shown no more, and so is not gone to.
      if (!isPrefix || this.#isShown(item)) return { raw, place: -1 };
      from = index + 1;
    }
  }
}
