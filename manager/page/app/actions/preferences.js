/** What this browser remembers about how somebody likes the page. */

/** @import { Preferences as Remembered } from "../../types/state.js" */
/** @import { Store } from "../state/store.js" */

const KEY = "discord-cloud.preferences";

export class Preferences {
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  load() {
    const { preferences } = this.#store.state;
    this.#store.set({ preferences: { ...preferences, ...read() } });
    this.#apply();
  }

  /** @param {Partial<Remembered>} change */
  change(change) {
    const preferences = { ...this.#store.state.preferences, ...change };
    this.#store.set({ preferences });
    localStorage.setItem(KEY, JSON.stringify(preferences));
    this.#apply();
  }

  #apply() {
    document.documentElement.dataset["theme"] = this.#store.state.preferences.theme;
  }
}

/** @returns {Partial<Remembered>} */
function read() {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
