/** What this browser remembers about how somebody likes the page. */

import type { Column, Order, Preferences as Remembered } from "../../types/state.js";
import type { Store } from "../state/store.js";
import { COLUMNS, DEFAULT_COLUMNS, SORT_KEYS } from "../state/columns.js";

const KEY = "discord-cloud.preferences";

export class Preferences {
  #store;

  constructor(store: Store) {
    this.#store = store;
  }

  load() {
    const standard = this.#store.state.preferences;
    const remembered = { ...standard, ...read() };
    const preferences = {
      ...remembered,
      columns: columnsIn(remembered.columns),
      order: orderIn(remembered.order, standard.order),
    };
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

/** What another release, or somebody else, has written may be anything. */
function columnsIn(columns: unknown): readonly Column[] {
  return Array.isArray(columns) ? COLUMNS.filter((column) => columns.includes(column)) : DEFAULT_COLUMNS;
}

function orderIn(order: unknown, standard: Order): Order {
  const { by, ascending } = (order ?? {}) as Partial<Order>;
  return SORT_KEYS.some((key) => key === by) && typeof ascending === "boolean" ? (order as Order) : standard;
}

function read(): Partial<Remembered> {
  try {
    const value = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
