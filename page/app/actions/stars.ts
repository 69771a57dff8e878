/** What the user has starred. The manager announces what changes, to all tabs and devices of the user. */

import type { Hit, Item } from "../../types/state.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import { fileItem, fileKey, folderItem, folderKey } from "../state/listing.js";
import { parsePath } from "../state/paths.js";
import type { Toasts } from "./toasts.js";

export class Stars {
  #store;
  #connection;
  #toasts;

  constructor(store: Store, connection: Connection, toasts: Toasts) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    connection.on("s2c:star-changed", ({ file_id: file, folder_id: folder, starred }) => {
      const key = file === null ? folderKey(folder) : fileKey(file);
      this.#store.set(({ stars }) => {
        const others = new Set(stars);
        if (starred) others.add(key);
        else others.delete(key);
        return { stars: stars && others };
      });
    });
  }

  /** Learns what is starred, at a manager that keeps stars. */
  async online() {
    const { files, folders } = await this.#connection.request("c2s:star-list-request", {});
    this.#store.set({ stars: new Set([...files.map(fileKey), ...folders.map(folderKey)]) });
  }

  /** Stars items, or takes their stars back. */
  async set(items: readonly Item[], starred: boolean) {
    try {
      for (const { kind, id } of items)
        await (kind === "file"
          ? this.#connection.request("c2s:star-file", { file_id: id, starred })
          : this.#connection.request("c2s:star-folder", { folder_id: id, starred }));
    } catch (error) {
      this.#toasts.error(error);
    }
  }

  /**
   * A page of what the user has starred and sees, the last first. Rejects with `Refused` and `Disconnected`.
   * @param before `next` of the page before
   */
  async list(before: number | null = null): Promise<{ hits: Hit[]; next: number | null }> {
    const { entries, next } = await this.#connection.request("c2s:starred-request", before === null ? {} : { before });
    const hits = entries.map(({ path, file, folder }) => ({
      path: parsePath(path),
      item: file ? fileItem(file) : folderItem(folder),
    }));
    return { hits, next };
  }
}
