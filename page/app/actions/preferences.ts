/** What this browser remembers about how somebody likes the page. */

import type { Preferences as Remembered } from "../../types/state.js";
import type { Store } from "../state/store.js";

const KEY = "discord-cloud.preferences";

export class Preferences {
  #store;

  constructor(store: Store) {
    this.#store = store;
  }

  load() {
    const preferences = { ...this.#store.state.preferences, ...read() };
    // Where there is no room beside the files, details are shown when they are asked for.
    this.#store.set({ preferences: hasRoom() ? preferences : { ...preferences, details: false } });
    this.#apply();
  }

  change(change: Partial<Remembered>) {
    const preferences = { ...this.#store.state.preferences, ...change };
    this.#store.set({ preferences });
    const remembered = hasRoom() ? preferences : { ...preferences, details: read().details ?? true };
    localStorage.setItem(KEY, JSON.stringify(remembered));
    this.#apply();
  }

  #apply() {
    document.documentElement.dataset["theme"] = this.#store.state.preferences.theme;
  }
}

function hasRoom() {
  return window.matchMedia("(min-width: 1081px)").matches;
}

function read(): Partial<Remembered> {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
