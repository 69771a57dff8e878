/** What a copy is called. Pure. */

import type { Item } from "../../types/state.js";

/** Whether something new can be a copy of an item: the manager numbers a name that is taken. */
export function isCopyOf(made: Item, original: Item) {
  if (made.kind === "file") {
    if (original.kind !== "file" || made.status !== "owned") return false;
    if (made.size !== original.size || made.type !== original.type) return false;
  } else if (original.kind !== "folder") return false;
  return made.name === original.name || unnumbered(made) === original.name;
}

/** `plan.txt` of `plan (2).txt`. */
function unnumbered({ kind, name }: Item) {
  return name.replace(kind === "file" ? / \(\d+\)(?=(\.[^.]*)?$)/ : / \(\d+\)$/, "");
}
