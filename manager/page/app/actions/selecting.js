/** Selecting, by mouse and keyboard, over rows that may not be loaded. */

/** @import { Item, Selection } from "../../types/state.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Browser } from "./browser.js" */
/** @import { Navigation } from "./navigation.js" */
/** @import { Toasts } from "./toasts.js" */
import { itemAt, rowCount } from "../state/listing.js";
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

  /**
   * @param {Store} store
   * @param {Browser} browser
   * @param {Navigation} navigation
   * @param {Toasts} toasts
   */
  constructor(store, browser, navigation, toasts) {
    this.#store = store;
    this.#browser = browser;
    this.#navigation = navigation;
    this.#toasts = toasts;
  }

  /** Over when nothing is being selected. */
  settled = Promise.resolve();

  /** @returns {Item[]} */
  get items() {
    return [...this.#store.state.selection.items.values()];
  }

  /**
   * @param {Item} item
   * @param {number} row
   * @param {{ toggle: boolean, extend: boolean }} how
   */
  click(item, row, how) {
    if (how.extend) return void this.extendTo(row);
    const { selection } = this.#store.state;
    this.#select(how.toggle ? toggled(selection, item, row) : only(item, row));
  }

  /**
   * Moves the keyboard's focus.
   * @param {number} row
   * @param {{ select: boolean, extend: boolean }} how
   */
  moveTo(row, how) {
    const { listing, hidden, selection } = this.#store.state;
    const target = Math.max(0, Math.min(row, rowCount(listing, hidden) - 1));
    if (how.extend) return void this.extendTo(target);
    if (!how.select) return this.#select(focused(selection, target));
    const item = itemAt(listing, hidden, target);
    if (item) return this.#select(only(item, target));
    this.#select({ ...noSelection, focus: target, anchor: target });
    this.settled = this.#selectRange(target, target, target);
  }

  /** @param {number} row */
  extendTo(row) {
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

  /**
   * Selects again what was selected before it vanished.
   * @param {readonly Item[]} items
   * @param {Selection} before
   */
  restore(items, before) {
    this.#select({ ...before, items: new Map(items.map((item) => [item.key, item])) });
  }

  /** @param {Item} item */
  open(item) {
    const { route } = this.#store.state;
    if (item.kind === "folder") this.#navigation.openFolder([...route.path, item.name]);
    else this.#navigation.openFile(item.name);
  }

  /** @param {Selection} selection */
  #select(selection) {
    this.#turn += 1;
    this.#store.set({ selection, selecting: null });
  }

  /**
   * @param {number} first
   * @param {number} last
   * @param {number} focus
   */
  async #selectRange(first, last, focus) {
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
