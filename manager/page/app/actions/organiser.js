/** Making folders, renaming, moving, sharing. Changes come back as events, so nothing is changed here. */

/** @import { FileItem, Item } from "../../types/state.js" */
/** @import { FileAccess } from "../../types/wire.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Deletions } from "./deletions.js" */
/** @import { Selecting } from "./selecting.js" */
/** @import { Toasts } from "./toasts.js" */
import { formatPath, isWithin } from "../state/paths.js";
import { text } from "../text/text.js";

export class Organiser {
  #store;
  #connection;
  #toasts;
  #selecting;
  #deletions;

  /**
   * @param {Store} store
   * @param {Connection} connection
   * @param {Toasts} toasts
   * @param {Selecting} selecting
   * @param {Deletions} deletions
   */
  constructor(store, connection, toasts, selecting, deletions) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#selecting = selecting;
    this.#deletions = deletions;
  }

  get #path() {
    return this.#store.state.listing.path;
  }

  /**
   * Rejects with `Refused`.
   * @param {string} name
   * @param {readonly string[]} [parent] the folder in which it is made; the present one when nothing is said
   */
  async createFolder(name, parent = this.#path) {
    await this.#deletions.commitAll();
    await this.#connection.request("c2s:create-folder", { path: formatPath([...parent, name]) });
  }

  /**
   * @param {Item} item
   * @param {string} name
   */
  async rename(item, name) {
    this.#store.set({ renaming: null });
    if (name === item.name) return;
    const path = this.#path;
    await this.#attempt(async () => {
      await this.#deletions.commitAll();
      this.#tell(
        item.kind === "folder"
          ? await this.#connection.request("c2s:rename-folder", { path: formatPath([...path, item.name]), target_name: name })
          : await this.#connection.request("c2s:rename-file", { path: formatPath(path), name: item.name, target_name: name }),
      );
    });
  }

  /**
   * Moves items of the present folder into another one; folders only when the manager knows how.
   * @param {readonly Item[]} items
   * @param {readonly string[]} target
   */
  async move(items, target) {
    const { canOrganise, listing } = this.#store.state;
    const source = listing.path;
    if (formatPath(target) === formatPath(source)) return;
    const files = items.filter((item) => item.kind === "file").map((item) => item.name);
    const folders = items.filter((item) => item.kind === "folder").map((item) => [...source, item.name]);
    if (folders.length > 0 && !canOrganise) this.#toasts.show(text.move.noFolders, "bad");
    // What is dropped on itself, or on its own selection, stays.
    const moving = canOrganise ? folders.filter((folder) => !isWithin(target, folder)) : [];
    if (files.length + moving.length === 0) return;
    await this.#attempt(async () => {
      await this.#deletions.commitAll();
      if (files.length > 0) await this.#moveFiles(files, listing.folderId, target);
      for (const folder of moving) await this.#moveFolder(folder, target);
      this.#selecting.clear();
      this.#toasts.show(text.move.done(files.length, moving.length, target.at(-1) ?? text.app.root), "good");
    });
  }

  /**
   * Whether a file is public, whom it is shared with, and whether it has an owner. Rejects with `Refused`.
   * @param {FileItem} file
   * @returns {Promise<FileAccess>}
   */
  async accessTo(file) {
    return this.#connection.request("c2s:share-list-request", { path: formatPath(this.#path), name: file.name });
  }

  /**
   * @param {FileItem} file
   * @param {boolean} isPublic
   */
  async setPublic(file, isPublic) {
    await this.#connection.request("c2s:set-public", { path: formatPath(this.#path), name: file.name, is_public: isPublic });
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

  /**
   * @param {readonly string[]} files
   * @param {number | null} source
   * @param {readonly string[]} target
   */
  async #moveFiles(files, source, target) {
    const status = await this.#connection.request("c2s:folder-status-request", { path: formatPath(target) });
    const ids = {
      ...(source !== null && { source_id: source }),
      ...(status.folder_id !== null && { target_id: status.folder_id }),
    };
    this.#tell(await this.#connection.request("c2s:move-files", { ...ids, files: [...files] }));
  }

  /**
   * @param {readonly string[]} folder
   * @param {readonly string[]} target
   */
  async #moveFolder(folder, target) {
    const paths = { path: formatPath(folder), target_path: formatPath(target) };
    this.#tell(await this.#connection.request("c2s:move-folder", paths));
  }

  /**
   * Shows what the manager has to say: that something has another name now.
   * @param {{ message?: string }} answer
   */
  #tell({ message }) {
    if (message) this.#toasts.show(message);
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
