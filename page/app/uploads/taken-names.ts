/** What has the names that files are to get, found out before anything is sent. */

import type { Item, PageKind } from "../../types/state.js";
import type { FolderStatus } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import { fileItem, folderItem } from "../state/listing.js";

/** Requests for a folder at most; where it takes more, the manager asks about taken names after the upload. */
const MAX_REQUESTS = 200;
const AT_ONCE = 4;
const ORDER = { sort_by: "name", ascending_sort: true } as const;

export type Asks = Pick<Connection, "request">;

/**
 * Items of a folder by name. Rejects with `NoReply`, `Refused`, `Disconnected`.
 * @param connection of the extension `organise`
 * @param names that are looked for
 */
export async function takenNames(connection: Asks, folder: string, names: ReadonlySet<string>): Promise<Map<string, Item>> {
  const status = await connection.request("c2s:folder-status-request", { path: folder });
  const taken = new Map<string, Item>();
  if (!status.exists) return taken;
  const counts = { subfolders: status.subfolder_count, files: status.file_count };
  for (const kind of ["subfolders", "files"] as const) {
    for (const item of await entriesNamed(connection, status, kind, counts[kind], names)) taken.set(item.name, item);
  }
  return taken;
}

/** @param count how many entries of this kind there are */
async function entriesNamed(
  connection: Asks,
  { path, page_size: pageSize }: FolderStatus,
  kind: PageKind,
  count: number,
  names: ReadonlySet<string>,
) {
  const pageCount = Math.ceil(count / pageSize);
  if (Math.min(pageCount, names.size) > MAX_REQUESTS) return [];
  let pages = Array.from({ length: pageCount }, (_, page) => page);
  if (pageCount > names.size) {
    const found = await several([...names], (name) =>
      connection.request("c2s:position-request", { path, type: kind, name, ...ORDER }),
    );
    pages = [...new Set(found.flatMap(({ index }) => (index === null ? [] : [Math.floor(index / pageSize)])))];
  }
  const lists = await several(pages, async (page) => {
    const { files = [], folders = [] } = await connection.request("c2s:list-request", { path, type: kind, page, ...ORDER });
    return [...files.map(fileItem), ...folders.map((folder) => folderItem(folder))];
  });
  return lists.flat().filter((item) => names.has(item.name));
}

/** Does the same with all, a few at a time. */
async function several<Input, Output>(inputs: readonly Input[], act: (input: Input) => Promise<Output>) {
  const outputs: Output[] = [];
  for (let first = 0; first < inputs.length; first += AT_ONCE) {
    outputs.push(...(await Promise.all(inputs.slice(first, first + AT_ONCE).map(act))));
  }
  return outputs;
}
