/** What has the names that files are to get, found out before anything is sent. */

import type { Item, PageKind } from "../../types/state.js";
import type { FolderStatus } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import { severalAtOnce } from "../actions/timing.js";
import { itemsOf } from "../state/listing.js";
import { formatPath, parsePath } from "../state/paths.js";

/** Requests for a folder at most; where it takes more, the manager asks about taken names after the upload. */
const MAX_REQUESTS = 200;
const AT_ONCE = 4;
const ORDER = { sort_by: "name", ascending_sort: true } as const;

export type Asks = Pick<Connection, "request">;

const statusOf = (connection: Asks, folder: string) => connection.request("c2s:folder-status-request", { path: folder });

/**
 * Looks into a folder. Rejects with `NoReply`, `Refused`, `Disconnected`.
 * @param existing folders that are known to exist; those that are found are added
 * @returns what it has; or, if it is missing, the outermost folder around it that is
 */
export async function lookInto(
  connection: Asks,
  folder: string,
  existing: Set<string>,
): Promise<FolderStatus | { missing: string }> {
  const status = await statusOf(connection, folder);
  if (status.exists) existing.add(folder);
  if (status.exists) return status;
  let missing = folder;
  const names = parsePath(folder);
  for (let length = names.length - 1; length > 0; length -= 1) {
    const around = formatPath(names.slice(0, length));
    if (existing.has(around)) break;
    if ((await statusOf(connection, around)).exists) {
      existing.add(around);
      break;
    }
    missing = around;
  }
  return { missing };
}

/**
 * Items of a folder by name. Rejects with `NoReply`, `Refused`, `Disconnected`.
 * @param connection of the extension `organise`
 * @param status of the folder, which exists
 * @param names that are looked for
 */
export async function takenNames(connection: Asks, status: FolderStatus, names: ReadonlySet<string>): Promise<Map<string, Item>> {
  const taken = new Map<string, Item>();
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
    const found = await severalAtOnce([...names], AT_ONCE, (name) =>
      connection.request("c2s:position-request", { path, type: kind, name, ...ORDER }),
    );
    pages = [...new Set(found.flatMap(({ index }) => (index === null ? [] : [Math.floor(index / pageSize)])))];
  }
  const lists = await severalAtOnce(pages, AT_ONCE, (page) =>
    connection.request("c2s:list-request", { path, type: kind, page, ...ORDER }),
  );
  return lists.flatMap((list) => itemsOf(list)).filter((item) => names.has(item.name));
}
