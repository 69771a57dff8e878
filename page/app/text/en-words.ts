/** Words of English texts that depend on a number. */

import { formatCount } from "./format.js";

export function capitalised(words: string) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function counted(count: number, one: string) {
  return `${formatCount(count)} ${one}${count === 1 ? "" : "s"}`;
}

export function things(files: number, folders: number) {
  return counted(files + folders, folders === 0 ? "file" : files === 0 ? "folder" : "item");
}

export function entries(count: number) {
  return count === 1 ? "1 entry" : `${formatCount(count)} entries`;
}
