/** Making folders, renaming, moving, sharing. Changes come back as events, so nothing is changed here. */

import type { FileItem, Item } from "../../types/state.js";
import type { FileAccess } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Arrivals } from "./arrivals.js";
import type { Deletions } from "./deletions.js";
import type { Selecting } from "./selecting.js";
import type { Toasts } from "./toasts.js";
import type { Undoing } from "./undoing.js";
import { formatPath, isWithin } from "../state/paths.js";
import { text } from "../text/text.js";

export class Organiser {
  #store;
  #connection;
  #toasts;
  #selecting;
  #undoing;
  #deletions;
  #arrivals;

  constructor(
    store: Store,
    connection: Connection,
    toasts: Toasts,
    selecting: Selecting,
    undoing: Undoing,
    deletions: Deletions,
    arrivals: Arrivals,
  ) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#selecting = selecting;
    this.#undoing = undoing;
    this.#deletions = deletions;
    this.#arrivals = arrivals;
  }

  get #path() {
    return this.#store.state.listing.path;
  }

  /**
   * Rejects with `Refused`.
   * @param parent the folder in which it is made; the present one when nothing is said
   */
  async createFolder(name: string, parent: readonly string[] = this.#path) {
    await this.#deletions.settled();
    await this.#connection.request("c2s:create-folder", { path: formatPath([...parent, name]) });
    void this.#arrivals.folderMade([...parent, name]);
  }

  async rename(item: Item, name: string) {
    this.#store.set({ renaming: null });
    if (name === item.name) return;
    const path = this.#path;
    await this.#attempt(async () => {
      await this.#deletions.settled();
      this.#tell(
        item.kind === "folder"
          ? await this.#connection.request("c2s:rename-folder", { path: formatPath([...path, item.name]), target_name: name })
          : await this.#connection.request("c2s:rename-file", { path: formatPath(path), name: item.name, target_name: name }),
      );
    });
  }

  /**
   * Moves items of a folder into another one; folders only when the manager knows how.
   * @param from the folder that they are in; the present one when nothing is said
   * @param isUndone whether that undoes a move, and so is not undone itself
   */
  async move(
    items: readonly Item[],
    target: readonly string[],
    from: { path: readonly string[]; folderId: number | null } = this.#store.state.listing,
    isUndone = false,
  ) {
    const { canOrganise } = this.#store.state;
    const source = from.path;
    if (formatPath(target) === formatPath(source)) return;
    const files = items.filter((item) => item.kind === "file").map((item) => item.name);
    const folders = items.filter((item) => item.kind === "folder").map((item) => [...source, item.name]);
    if (folders.length > 0 && !canOrganise) this.#toasts.show(text.move.noFolders, "bad");
    // What is dropped on itself, or on its own selection, stays.
    const moving = canOrganise ? folders.filter((folder) => !isWithin(target, folder)) : [];
    if (files.length + moving.length === 0) return;
    await this.#attempt(async () => {
      await this.#deletions.settled();
      let isRenamed = false;
      const note = (answer: { message?: string }) => {
        isRenamed ||= Boolean(answer.message);
        this.#tell(answer);
      };
      const { folder_id: targetId } = await this.#connection.request("c2s:folder-status-request", { path: formatPath(target) });
      if (files.length > 0) note(await this.#moveFiles(files, from.folderId, targetId));
      for (const folder of moving) note(await this.#moveFolder(folder, target));
      this.#selecting.clear();
      const done = text.move.done(files.length, moving.length, target.at(-1) ?? text.app.root);
      // What has another name now would come back under that.
      if (isRenamed || isUndone) return this.#toasts.show(done, "good");
      const back = () => void this.move(items, source, { path: target, folderId: targetId }, true);
      this.#undoing.offer(done, { icon: "move", undo: back });
    });
  }

  /** Whether a file is public, whom it is shared with, and whether it has an owner. Rejects with `Refused`. */
  async accessTo(file: FileItem): Promise<FileAccess> {
    return this.#connection.request("c2s:share-list-request", { path: formatPath(this.#path), name: file.name });
  }

  async setPublic(file: FileItem, isPublic: boolean) {
    await this.#connection.request("c2s:set-public", { path: formatPath(this.#path), name: file.name, is_public: isPublic });
  }

  async share(file: FileItem, user: number, access: "read" | "write" | "nothing") {
    await this.#connection.request("c2s:file-share", {
      path: formatPath(this.#path),
      name: file.name,
      target_user: user,
      ...(access === "nothing" ? { is_deleting: true } : { can_write: access === "write" }),
    });
  }

  async transfer(file: FileItem, user: number, keepAccess: boolean) {
    await this.#connection.request("c2s:transfer-ownership", {
      file_id: file.id,
      target_user_id: user,
      create_share_for_current_owner: keepAccess,
    });
  }

  #moveFiles(files: readonly string[], source: number | null, target: number | null) {
    const ids = { ...(source !== null && { source_id: source }), ...(target !== null && { target_id: target }) };
    return this.#connection.request("c2s:move-files", { ...ids, files: [...files] });
  }

  #moveFolder(folder: readonly string[], target: readonly string[]) {
    const paths = { path: formatPath(folder), target_path: formatPath(target) };
    return this.#connection.request("c2s:move-folder", paths);
  }

  /** Shows what the manager has to say: that something has another name now. */
  #tell({ message }: { message?: string }) {
    if (message) this.#toasts.show(message);
  }

  async #attempt(work: () => Promise<void>) {
    try {
      await work();
    } catch (error) {
      this.#toasts.error(error);
    }
  }
}
