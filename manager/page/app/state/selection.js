/** What is selected, and where the keyboard is. Pure. */

/** @import { Item, Selection } from "../../types/state.js" */

/** @type {Selection} */
export const noSelection = { items: new Map(), focus: -1, anchor: -1 };

/**
 * One item alone.
 * @param {Item} item
 * @param {number} row
 * @returns {Selection}
 */
export function only(item, row) {
  return { items: new Map([[item.key, item]]), focus: row, anchor: row };
}

/**
 * Adds an item, or takes it out.
 * @param {Selection} selection
 * @param {Item} item
 * @param {number} row
 * @returns {Selection}
 */
export function toggled(selection, item, row) {
  const items = new Map(selection.items);
  if (!items.delete(item.key)) items.set(item.key, item);
  return { items, focus: row, anchor: row };
}

/**
 * The rows from the anchor to `row`, whose items are given.
 * @param {Selection} selection
 * @param {readonly Item[]} items
 * @param {number} row
 * @returns {Selection}
 */
export function extended(selection, items, row) {
  const anchor = Math.max(0, selection.anchor);
  return { items: new Map(items.map((item) => [item.key, item])), focus: row, anchor };
}

/**
 * @param {Selection} selection
 * @param {number} row
 * @returns {Selection}
 */
export function focused(selection, row) {
  return { ...selection, focus: row };
}

/**
 * Nothing selected; the keyboard stays where it is, or on the last row.
 * @param {Selection} selection
 * @param {number} lastRow
 * @returns {Selection}
 */
export function cleared(selection, lastRow) {
  const focus = Math.min(selection.focus, lastRow);
  return { items: new Map(), focus, anchor: focus };
}

/**
 * Newer versions of selected items, and without those that are gone.
 * @param {Selection} selection
 * @param {(item: Item) => Item | null} newer
 * @returns {Selection}
 */
export function refreshed(selection, newer) {
  /** @type {Map<string, Item>} */
  const items = new Map();
  for (const item of selection.items.values()) {
    const now = newer(item);
    if (now) items.set(now.key, now);
  }
  return { ...selection, items };
}
