/** What is selected, and where the keyboard is. Pure. */

import type { Item, Selection } from "../../types/state.js";

export const noSelection: Selection = { items: new Map(), focus: -1, anchor: -1 };

/** One item alone. */
export function only(item: Item, row: number): Selection {
  return { items: new Map([[item.key, item]]), focus: row, anchor: row };
}

/** Adds an item, or takes it out. */
export function toggled(selection: Selection, item: Item, row: number): Selection {
  const items = new Map(selection.items);
  if (!items.delete(item.key)) items.set(item.key, item);
  return { items, focus: row, anchor: row };
}

/** The rows from the anchor to `row`, whose items are given. */
export function extended(selection: Selection, items: readonly Item[], row: number): Selection {
  const anchor = Math.max(0, selection.anchor);
  return { items: new Map(items.map((item) => [item.key, item])), focus: row, anchor };
}

export function focused(selection: Selection, row: number): Selection {
  return { ...selection, focus: row };
}

/** Nothing selected; the keyboard stays where it is, or on the last row. */
export function cleared(selection: Selection, lastRow: number): Selection {
  const focus = Math.min(selection.focus, lastRow);
  return { items: new Map(), focus, anchor: focus };
}

/** Newer versions of selected items, and without those that are gone. */
export function refreshed(selection: Selection, newer: (item: Item) => Item | null): Selection {
  const items = new Map<string, Item>();
  for (const item of selection.items.values()) {
    const now = newer(item);
    if (now) items.set(now.key, now);
  }
  return { ...selection, items };
}
