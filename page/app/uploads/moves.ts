/** What moves of folders mean for files on their way into them. Pure. */

import { formatPath, parsePath } from "../state/paths.js";

/**
 * Folders in which one of this name is, or is to be made, on the way to where files go.
 * @param folders into which files go
 */
export function foldersAround(folders: Iterable<string>, name: string) {
  const found = new Map<string, string[]>();
  for (const folder of new Set(folders)) {
    const path = parsePath(folder);
    path.forEach((each, depth) => each === name && found.set(formatPath(path.slice(0, depth)), path.slice(0, depth)));
  }
  return [...found.values()];
}
