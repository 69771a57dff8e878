/** Holds the state, and tells whoever looks at it. */

import type { State } from "../../types/state.js";

export class Store {
  #state: State;
  #watchers = new Set<() => void>();

  constructor(initial: State) {
    this.#state = initial;
  }

  get state() {
    return this.#state;
  }

  /** Replaces some parts of the state. */
  set(change: Partial<State> | ((state: State) => Partial<State>)) {
    const part = typeof change === "function" ? change(this.#state) : change;
    this.#state = { ...this.#state, ...part };
    for (const watcher of [...this.#watchers]) watcher();
  }

  /**
   * @returns ends watching
   * @param watcher is called after every change
   */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
