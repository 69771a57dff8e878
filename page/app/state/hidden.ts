/** Items that are being deleted: they are shown no more, while the manager may list them still. Pure. */

import type { Hidden, Item } from "../../types/state.js";

export const nothingHidden: ReadonlyMap<string, Hidden> = new Map();

/** @param folderId in which they are */
export function concealed(hidden: ReadonlyMap<string, Hidden>, items: readonly Item[], folderId: number | null) {
  const now = new Map(hidden);
  for (const { key } of items) now.set(key, { folderId, isGone: false });
  return now;
}

export function revealed(hidden: ReadonlyMap<string, Hidden>, keys: Iterable<string>) {
  const now = new Map(hidden);
  for (const key of keys) now.delete(key);
  return now;
}

/** With some that the manager has deleted. They stay hidden until a listing is here that was made without them. */
export function withGone(hidden: ReadonlyMap<string, Hidden>, keys: Iterable<string>) {
  const now = new Map(hidden);
  for (const key of keys) {
    const one = now.get(key);
    if (one) now.set(key, { ...one, isGone: true });
  }
  return now;
}

/** Those that the manager has deleted. */
export function goneFrom(hidden: ReadonlyMap<string, Hidden>) {
  return [...hidden].filter(([, { isGone }]) => isGone).map(([key]) => key);
}
