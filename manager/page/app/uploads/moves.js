/** What moves of folders mean for files on their way into them. Pure. */

import { formatPath, parsePath } from "../state/paths.js";

/**
 * Folders in which one of this name is, or is to be made, on the way to where files go.
 * @param {Iterable<string>} folders into which files go
 * @param {string} name
 */
export function foldersAround(folders, name) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const folder of new Set(folders)) {
    const path = parsePath(folder);
    path.forEach((each, depth) => each === name && found.set(formatPath(path.slice(0, depth)), path.slice(0, depth)));
  }
  return [...found.values()];
}
