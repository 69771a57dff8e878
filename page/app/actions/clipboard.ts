/** Copying, and moving, by cut, copy and paste. */

import type { Clipboard as Taken, Item } from "../../types/state.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Deletions } from "./deletions.js";
import type { Organiser } from "./organiser.js";
import type { Toasts } from "./toasts.js";
import type { Undoing } from "./undoing.js";
import { isCopyOf } from "../state/copies.js";
import { fileItem, folderItem } from "../state/listing.js";
import { formatPath, parsePath, samePath } from "../state/paths.js";
import { text } from "../text/text.js";

/** `originals` lack a copy so far; `made` are those that the manager has announced. */
type Copy = { target: readonly string[]; originals: Item[]; made: Item[] };

export class Clipboard {
  /** Copies that can still be undone. */
  #copies = new Set<Copy>();
  #store;
  #connection;
  #toasts;
  #undoing;
  #deletions;
  #organiser;

  constructor(
    store: Store,
    connection: Connection,
    toasts: Toasts,
    undoing: Undoing,
    deletions: Deletions,
    organiser: Organiser,
  ) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#undoing = undoing;
    this.#deletions = deletions;
    this.#organiser = organiser;
    connection.on("s2c:file-modify", ({ action, path, handle }) => {
      if (action === "add") this.#announced(parsePath(path), fileItem(handle));
    });
    connection.on("s2c:folder-modify", ({ action, path, handle }) => {
      if (action === "add") this.#announced(parsePath(path).slice(0, -1), folderItem(handle));
    });
  }

  /** @param items of the present folder */
  take(items: readonly Item[], mode: Taken["mode"]) {
    const { path, folderId } = this.#store.state.listing;
    this.#store.set({ clipboard: { mode, items, keys: new Set(items.map(({ key }) => key)), path, folderId } });
    this.#toasts.show(text.clipboard.taken(items.length, mode === "copy"));
  }

  /** What was cut stays where it is. */
  release() {
    if (this.#store.state.clipboard?.mode === "move") this.#store.set({ clipboard: null });
  }

  /** Copies or moves what was taken into the present folder. */
  async paste() {
    const { clipboard, listing } = this.#store.state;
    if (!clipboard) return;
    const { mode, items, path, folderId } = clipboard;
    if (mode === "copy") return this.#copy(items, path, listing.path);
    this.#store.set({ clipboard: null });
    return this.#organiser.move(items, listing.path, { path, folderId });
  }

  async #copy(items: readonly Item[], source: readonly string[], target: readonly string[]) {
    const copy: Copy = { target, originals: [...items], made: [] };
    this.#copies.add(copy);
    const done: Item[] = [];
    let folderId: number | null = null;
    try {
      await this.#deletions.settled();
      ({ folder_id: folderId } = await this.#connection.request("c2s:folder-status-request", { path: formatPath(target) }));
      for (const part of requestsFor(items)) {
        this.#show(await this.#request(part, source, target));
        done.push(...part);
      }
    } catch (error) {
      this.#toasts.error(error);
    }
    if (done.length === 0) return void this.#copies.delete(copy);
    this.#undoing.offer(text.clipboard.copied(done.length, target.at(-1) ?? text.app.root), {
      icon: "copy",
      undo: () => this.#undo(copy, done.length, folderId),
      onEnd: () => this.#copies.delete(copy),
    });
  }

  #request(items: readonly Item[], source: readonly string[], target: readonly string[]) {
    const [item] = items;
    const target_path = formatPath(target);
    if (item?.kind === "folder")
      return this.#connection.request("c2s:copy-folder", { path: formatPath([...source, item.name]), target_path });
    const files = items.map(({ name }) => name);
    return this.#connection.request("c2s:copy-files", { path: formatPath(source), target_path, files });
  }

  /** Shows what the manager has to say: that copies have other names. */
  #show({ message }: { message?: string }) {
    if (message) this.#toasts.show(message);
  }

  #announced(folder: readonly string[], item: Item) {
    for (const copy of this.#copies) {
      if (!samePath(folder, copy.target)) continue;
      const at = copy.originals.findIndex((original) => isCopyOf(item, original));
      if (at < 0) continue;
      copy.originals.splice(at, 1);
      copy.made.push(item);
      return;
    }
  }

  /** @param count of items that were copied */
  #undo({ made }: Copy, count: number, folderId: number | null) {
    this.#deletions.discard(made, folderId);
    if (made.length < count) this.#toasts.show(text.clipboard.notUndone(count - made.length), "bad");
  }
}

/** All files go with one request, and each folder with one. */
function requestsFor(items: readonly Item[]): (readonly Item[])[] {
  const files = items.filter(({ kind }) => kind === "file");
  const folders = items.filter(({ kind }) => kind === "folder");
  return [...(files.length > 0 ? [files] : []), ...folders.map((folder) => [folder])];
}
