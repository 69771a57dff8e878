/** Items that are being deleted: they are shown no more, while the manager may list them still. Pure. */

/** @import { Hidden, Item } from "../../types/state.js" */

/** @type {ReadonlyMap<string, Hidden>} */
export const nothingHidden = new Map();

/**
 * @param {ReadonlyMap<string, Hidden>} hidden
 * @param {readonly Item[]} items
 * @param {number | null} folderId in which they are
 */
export function concealed(hidden, items, folderId) {
  const now = new Map(hidden);
  for (const { key } of items) now.set(key, { folderId, isGone: false });
  return now;
}

/**
 * @param {ReadonlyMap<string, Hidden>} hidden
 * @param {Iterable<string>} keys
 */
export function revealed(hidden, keys) {
  const now = new Map(hidden);
  for (const key of keys) now.delete(key);
  return now;
}

/**
 * With some that the manager has deleted. They stay hidden until a listing is here that was made without them.
 * @param {ReadonlyMap<string, Hidden>} hidden
 * @param {Iterable<string>} keys
 */
export function withGone(hidden, keys) {
  const now = new Map(hidden);
  for (const key of keys) {
    const one = now.get(key);
    if (one) now.set(key, { ...one, isGone: true });
  }
  return now;
}

/**
 * Those that the manager has deleted.
 * @param {ReadonlyMap<string, Hidden>} hidden
 */
export function goneFrom(hidden) {
  return [...hidden].filter(([, { isGone }]) => isGone).map(([key]) => key);
}
