/** The address bar, both ways: every folder, order and opened file can be bookmarked. */

/** @import { Order, Route } from "../../types/state.js" */
/** @import { Store } from "../state/store.js" */
import { formatRoute, parseRoute } from "../state/route.js";

export class Navigation {
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  start() {
    const read = () => this.#store.set({ route: parseRoute(location.hash), drawerOpen: false, menu: null });
    window.addEventListener("popstate", read);
    window.addEventListener("hashchange", read);
    read();
  }

  /** @param {readonly string[]} path */
  openFolder(path) {
    this.#go({ path, open: null }, "push");
  }

  /** @param {string} name */
  openFile(name) {
    this.#go({ open: name }, this.#store.state.route.open ? "replace" : "push");
  }

  /** Going back does not open it again. */
  closeFile() {
    if (history.state?.opensFile) history.back();
    else this.#go({ open: null }, "replace");
  }

  /**
   * A folder is elsewhere now; the old address is of no use.
   * @param {readonly string[]} path
   */
  moveTo(path) {
    this.#go({ path }, "replace");
  }

  /** @param {Order} order */
  sort(order) {
    this.#go({ order }, "replace");
  }

  /** @param {Route["view"]} view */
  view(view) {
    this.#go({ view }, "replace");
  }

  /**
   * @param {Partial<Route>} change
   * @param {"push" | "replace"} how
   */
  #go(change, how) {
    const route = { ...this.#store.state.route, ...change };
    if (how === "push") history.pushState({ opensFile: route.open !== null }, "", formatRoute(route));
    else history.replaceState(history.state, "", formatRoute(route));
    this.#store.set({ route, drawerOpen: false, menu: null, renaming: null });
  }
}
