/** Holds the state, and tells whoever looks at it. */

/** @import { State } from "../../types/state.js" */

export class Store {
  /** @type {State} */
  #state;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {State} initial */
  constructor(initial) {
    this.#state = initial;
  }

  get state() {
    return this.#state;
  }

  /**
   * Replaces some parts of the state.
   * @param {Partial<State> | ((state: State) => Partial<State>)} change
   */
  set(change) {
    const part = typeof change === "function" ? change(this.#state) : change;
    this.#state = { ...this.#state, ...part };
    for (const watcher of [...this.#watchers]) watcher();
  }

  /**
   * @param {() => void} watcher is called after every change
   * @returns {() => void} ends watching
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
