/** The folders that stand for others, where each user has a home. Pure. */

import type { Item } from "../../types/state.js";

/** What others share with the user, as the manager names it. */
export const SHARED: readonly string[] = ["Shared"];
/** The space in which everybody writes. */
export const COMMON: readonly string[] = ["Common"];

export function isShared(path: readonly string[]) {
  return path.length === 1 && path[0] === SHARED[0];
}

/** Whether a path leads into one of them. */
export function isIn(path: readonly string[], space: readonly string[]) {
  return path[0] === space[0];
}

/** Whether an item is the common space, or the folder of what is shared. */
export function isEntry(path: readonly string[], item: Item) {
  return item.kind === "folder" && path.length === 0 && [SHARED[0], COMMON[0]].includes(item.name);
}

/** Whether an item is a folder that is shown where it does not lie: its name and place are not this user's matter. */
export function isFixed(path: readonly string[], item: Item) {
  return isEntry(path, item) || (item.kind === "folder" && isShared(path));
}
