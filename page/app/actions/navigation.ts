/** The address bar, both ways: every folder, order and opened file can be bookmarked. */

import type { Order, Route } from "../../types/state.js";
import type { Store } from "../state/store.js";
import { formatRoute, parseRoute } from "../state/route.js";
import { Covers } from "./covers.js";

export class Navigation {
  #store;
  #covers;
  /** What comes after the entry of the file that was closed is left, which takes a moment; null: none is being left. */
  #waiting: (() => void)[] | null = null;

  constructor(store: Store) {
    this.#store = store;
    this.#covers = new Covers(() => this.#write("replace"));
  }

  start() {
    const read = () => this.#store.set({ route: parseRoute(location.hash), drawerOpen: false, menu: null });
    window.addEventListener("popstate", () => {
      if (!this.#covers.left()) read();
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const action of waiting) action();
    });
    window.addEventListener("hashchange", read);
    read();
  }

  /**
   * Lets the back button close what lies over the page.
   * @returns to be called when it is closed, whoever did so
   */
  cover(close: () => void): () => void {
    return this.#covers.add(close);
  }

  openFolder(path: readonly string[]) {
    this.#go({ path, open: null }, "push");
  }

  openFile(name: string) {
    this.#go({ open: name }, this.#store.state.route.open ? "replace" : "push");
  }

  /** Going back does not open it again. A file that is closed already is not closed twice, which would leave the folder. */
  closeFile() {
    const { route } = this.#store.state;
    if (route.open === null) return;
    if (!history.state?.opensFile) return this.#go({ open: null }, "replace");
    this.#waiting ??= [];
    this.#store.set({ route: { ...route, open: null } });
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
    this.#go({ order }, "replace");
  }

  view(view: Route["view"]) {
    this.#go({ view }, "replace");
  }

  #go(change: Partial<Route>, how: "push" | "replace") {
    if (this.#waiting) return void this.#waiting.push(() => this.#go(change, how));
    this.#covers.whenStill(() => {
      const route = { ...this.#store.state.route, ...change };
      this.#store.set({ route, drawerOpen: false, menu: null, renaming: null });
      // Going elsewhere ends what lies over the page, and takes its place in the history.
      this.#write(
        how === "push" && !this.#covers.end() ? "push" : "replace",
        how === "push" ? { opensFile: route.open !== null } : history.state,
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
