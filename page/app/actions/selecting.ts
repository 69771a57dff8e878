/** Selecting, by mouse and keyboard, over rows that may not be loaded. */

import type { Item, Selection } from "../../types/state.js";
import type { Store } from "../state/store.js";
import type { Browser } from "./browser.js";
import type { Navigation } from "./navigation.js";
import type { Toasts } from "./toasts.js";
import { itemAt, rowCount, rowOf } from "../state/listing.js";
import { cleared, extended, focused, noSelection, only, toggled } from "../state/selection.js";
import { text } from "../text/text.js";

/** More than anybody means to handle at once; also so much that the page stays quick. */
export const MAX_SELECTED = 5_000;
/** Fewer pages are here before anybody could read how far it is. */
const LONG_PAGES = 5;

/** Something else has been selected meanwhile. */
class Abandoned extends Error {}

export class Selecting {
  /** Counts what was selected; what takes a while is dropped when something else came after it. */
  #turn = 0;
  #store;
  #browser;
  #navigation;
  #toasts;

  constructor(store: Store, browser: Browser, navigation: Navigation, toasts: Toasts) {
    this.#store = store;
    this.#browser = browser;
    this.#navigation = navigation;
    this.#toasts = toasts;
  }

  /** Over when nothing is being selected. */
  settled = Promise.resolve();

  get items(): Item[] {
    return [...this.#store.state.selection.items.values()];
  }

  click(item: Item, row: number, how: { toggle: boolean; extend: boolean }) {
    if (how.extend) return void this.extendTo(row);
    const { selection } = this.#store.state;
    this.#select(how.toggle ? toggled(selection, item, row) : only(item, row));
  }

  /** Moves the keyboard's focus. */
  moveTo(row: number, how: { select: boolean; extend: boolean }) {
    const { listing, hidden, selection } = this.#store.state;
    const target = Math.max(0, Math.min(row, rowCount(listing, hidden) - 1));
    if (how.extend) return void this.extendTo(target);
    if (!how.select) return this.#select(focused(selection, target));
    const item = itemAt(listing, hidden, target);
    if (item) return this.#select(only(item, target));
    this.#select({ ...noSelection, focus: target, anchor: target });
    this.settled = this.#selectRange(target, target, target);
  }

  extendTo(row: number) {
    const { selection } = this.#store.state;
    this.#store.set({ selection: focused(selection, row) });
    const anchor = Math.max(0, selection.anchor);
    this.settled = this.#selectRange(Math.min(anchor, row), Math.max(anchor, row), row);
  }

  all() {
    const { listing, hidden, selection } = this.#store.state;
    this.settled = this.#selectRange(0, rowCount(listing, hidden) - 1, Math.max(0, selection.focus));
  }

  clear() {
    const { listing, hidden, selection } = this.#store.state;
    this.#select(cleared(selection, rowCount(listing, hidden) - 1));
  }

  /** Selects again what was selected before it vanished. */
  restore(items: readonly Item[], before: Selection) {
    this.#select({ ...before, items: new Map(items.map((item) => [item.key, item])) });
  }

  open(item: Item) {
    const { route, listing, hidden, selection } = this.#store.state;
    // Whoever comes back finds it where it was.
    const row = rowOf(listing, hidden, item.key);
    if (row >= 0) this.#store.set({ selection: focused(selection, row) });
    if (item.kind === "folder") this.#navigation.openFolder([...route.path, item.name]);
    else this.#navigation.openFile(item.name);
  }

  #select(selection: Selection) {
    this.#turn += 1;
    this.#store.set({ selection, selecting: null });
  }

  async #selectRange(first: number, last: number, focus: number) {
    const turn = ++this.#turn;
    const { path } = this.#store.state.listing;
    const check = () => {
      if (turn !== this.#turn || path !== this.#store.state.listing.path) throw new Abandoned();
    };
    const end = Math.min(last, first + MAX_SELECTED - 1);
    try {
      const items = await this.#browser.itemsBetween(first, end, (done, total) => {
        check();
        if (total >= LONG_PAGES) this.#store.set({ selecting: { done, total } });
      });
      check();
      this.#select(extended(this.#store.state.selection, items, focus));
      if (end < last) this.#toasts.show(text.selection.limit(MAX_SELECTED));
    } catch (error) {
      if (turn === this.#turn) this.#store.set({ selecting: null });
      if (!(error instanceof Abandoned)) this.#toasts.error(error);
    }
  }
}
