/** Making folders, renaming, moving, sharing. Changes come back as events, so nothing is changed here. */

/** @import { FileItem, Item } from "../../types/state.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Selecting } from "./selecting.js" */
/** @import { Toasts } from "./toasts.js" */
import { formatPath } from "../state/paths.js";
import { text } from "../text/text.js";

export class Organiser {
  #store;
  #connection;
  #toasts;
  #selecting;

  /**
   * @param {Store} store
   * @param {Connection} connection
   * @param {Toasts} toasts
   * @param {Selecting} selecting
   */
  constructor(store, connection, toasts, selecting) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#selecting = selecting;
  }

  get #path() {
    return this.#store.state.listing.path;
  }

  /** @param {string} name */
  async createFolder(name) {
    await this.#connection.request("c2s:create-folder", { path: formatPath([...this.#path, name]) });
  }

  /**
   * @param {Item} item
   * @param {string} name
   */
  async rename(item, name) {
    this.#store.set({ renaming: null });
    if (name === item.name) return;
    await this.#attempt(async () => {
      if (item.kind === "folder") {
        const path = formatPath([...this.#path, item.name]);
        await this.#connection.request("c2s:rename-folder", { path, target_name: name });
      } else {
        const path = formatPath(this.#path);
        await this.#connection.request("c2s:rename-file", { path, name: item.name, target_name: name });
      }
    });
  }

  /**
   * Moves files of the present folder into another one.
   * @param {readonly Item[]} items
   * @param {readonly string[]} target
   */
  async move(items, target) {
    const files = items.filter((item) => item.kind === "file").map((item) => item.name);
    if (files.length < items.length) this.#toasts.show(text.move.noFolders, "bad");
    if (files.length === 0 || formatPath(target) === formatPath(this.#path)) return;
    await this.#attempt(async () => {
      const source = this.#store.state.listing.folderId;
      const status = await this.#connection.request("c2s:folder-status-request", { path: formatPath(target) });
      const ids = {
        ...(source !== null && { source_id: source }),
        ...(status.folder_id !== null && { target_id: status.folder_id }),
      };
      await this.#connection.request("c2s:move-files", { ...ids, files });
      this.#selecting.clear();
      this.#toasts.show(text.move.done(files.length, target.at(-1) ?? text.app.root), "good");
    });
  }

  /**
   * @param {FileItem} file
   * @param {number} user
   * @param {"read" | "write" | "nothing"} access
   */
  async share(file, user, access) {
    await this.#connection.request("c2s:file-share", {
      path: formatPath(this.#path),
      name: file.name,
      target_user: user,
      ...(access === "nothing" ? { is_deleting: true } : { can_write: access === "write" }),
    });
  }

  /**
   * @param {FileItem} file
   * @param {number} user
   * @param {boolean} keepAccess
   */
  async transfer(file, user, keepAccess) {
    await this.#connection.request("c2s:transfer-ownership", {
      file_id: file.id,
      target_user_id: user,
      create_share_for_current_owner: keepAccess,
    });
  }

  /** @param {() => Promise<void>} work */
  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      this.#toasts.error(error);
    }
  }
}
