/** The address bar, both ways: every folder, order, search and opened file can be bookmarked. */

import type { Order, Place, Route, SearchFilter } from "../../types/state.js";
import type { Store } from "../state/store.js";
import { isWithin } from "../state/paths.js";
import { formatRoute, parseRoute, saysHow, showsFolder } from "../state/route.js";
import { NO_FILTER } from "../state/search.js";
import { Covers } from "./covers.js";
import { Places } from "./places.js";

export class Navigation {
  readonly places = new Places();
  /** Called when a folder is opened from one below it, with the name of the one through which that was reached. */
  onAscent: (name: string) => void = () => {};
  #store;
  #covers;
  /** What comes after an entry is left that was closed, which takes a moment; null: none is being left. */
  #waiting: (() => void)[] | null = null;

  constructor(store: Store) {
    this.#store = store;
    this.#covers = new Covers(() => this.#write("replace"));
  }

  start() {
    window.addEventListener("popstate", () => {
      if (!this.#covers.left()) this.#read();
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const action of waiting) action();
    });
    window.addEventListener("hashchange", () => this.#read());
    this.#read();
    if (saysHow(location.hash)) return;
    const { order, view } = this.#store.state.preferences;
    this.#go({ order, view }, "replace");
  }

  /**
   * Lets the back button close what lies over the page.
   * @returns to be called when it is closed, whoever did so
   */
  cover(close: () => void): () => void {
    return this.#covers.add(close);
  }

  openFolder(path: readonly string[]) {
    const { route } = this.#store.state;
    const child = showsFolder(route) && isWithin(route.path, path) ? route.path[path.length] : undefined;
    this.#go({ path, place: null, query: null, open: null }, "push");
    if (child !== undefined) this.onAscent(child);
  }

  openPlace(place: Place) {
    this.#go({ path: [], place, query: null, open: null }, "push");
  }

  /**
   * Looks for words, from the folder that is shown on.
   * @param query null ends that
   */
  search(query: string | null) {
    if (this.#waiting) return void this.#waiting.push(() => this.search(query));
    const { route } = this.#store.state;
    if (query === route.query) return;
    if (query !== null) {
      const how = route.query === null ? "push" : "replace";
      const filter = route.query === null ? NO_FILTER : route.filter;
      return this.#go({ query, filter, place: null, open: null }, how, { opensSearch: true });
    }
    if (!history.state?.opensSearch) return this.#go({ query }, "replace");
    this.#waiting = [];
    history.back();
  }

  /** Asks a search for more than its words. */
  filter(filter: Partial<SearchFilter>) {
    const { route } = this.#store.state;
    if (route.query !== null) this.#go({ filter: { ...route.filter, ...filter } }, "replace");
  }

  openFile(name: string) {
    this.#go({ open: name }, this.#store.state.route.open ? "replace" : "push");
  }

  /** A file anywhere, in its folder. */
  openFileIn(path: readonly string[], name: string) {
    this.#go({ path, place: null, query: null, open: name }, "push");
  }

  /** Going back does not open it again. A file that is closed already is not closed twice, which would leave the folder. */
  closeFile() {
    if (this.#store.state.route.open === null) return;
    if (!history.state?.opensFile) return this.#go({ open: null }, "replace");
    this.#waiting ??= [];
    this.#store.set(({ route }) => ({ route: { ...route, open: null } }));
    history.back();
  }

  /** The address names a file that is not there. */
  forgetFile() {
    this.#go({ open: null }, "replace");
  }

  /** A folder is elsewhere now; the old address is of no use. */
  moveTo(path: readonly string[]) {
    this.#go({ path }, "replace");
  }

  sort(order: Order) {
    this.places.startOver();
    this.#go({ order }, "replace");
  }

  view(view: Route["view"]) {
    this.places.startOver();
    this.#go({ view }, "replace");
  }

  /** The address is another one now. */
  #read() {
    // Browsers tell twice when both the entry and the fragment have changed.
    if (history.state?.entry !== this.places.entry) {
      this.places.leave();
      const entry = this.places.arrive(history.state);
      history.replaceState({ ...history.state, entry }, "");
    }
    this.#store.set({ route: parseRoute(location.hash), drawerOpen: false, menu: null });
  }

  /** @param marks of a new entry of the history */
  #go(change: Partial<Route>, how: "push" | "replace", marks: { opensSearch?: boolean } = {}) {
    if (this.#waiting) return void this.#waiting.push(() => this.#go(change, how, marks));
    this.#covers.whenStill(() => {
      const route = { ...this.#store.state.route, ...change };
      const isNew = how === "push";
      if (isNew) this.places.leave();
      const entry = isNew ? this.places.arrive(null) : history.state?.entry;
      this.#store.set({ route, drawerOpen: false, menu: null, renaming: null });
      // Going elsewhere ends what lies over the page, and takes its place in the history.
      this.#write(
        isNew && !this.#covers.end() ? "push" : "replace",
        isNew ? { opensFile: route.open !== null, entry, ...marks } : history.state,
      );
    });
  }

  /**
   * Makes the address bar say where one is.
   * @param state of the history's entry
   */
  #write(how: "push" | "replace", state: unknown = history.state) {
    const address = formatRoute(this.#store.state.route);
    if (how === "push") history.pushState(state, "", address);
    else history.replaceState(state, "", address);
  }
}
