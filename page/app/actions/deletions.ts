/**
 * Deleting with a way back: what is deleted vanishes at once, and the manager is told when the time for
 * undoing is over, so that undoing costs nothing and cannot fail.
 */

import type { Item, Selection } from "../../types/state.js";
import type { FileHandle } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Browser } from "./browser.js";
import type { Selecting } from "./selecting.js";
import type { Toasts } from "./toasts.js";
import { messageOf } from "../protocol/errors.js";
import { concealed, revealed, withGone } from "../state/hidden.js";
import { fileItem, folderItem } from "../state/listing.js";
import { text } from "../text/text.js";
import { severalAtOnce } from "./timing.js";

export const UNDO_MS = 7_000;
/** Requests that wait for their answers at the same time. */
const AT_ONCE = 8;
/** Answers after which the list is told, since that takes time with thousands of hidden items. */
const NOTED_AT_ONCE = 100;

/** `isDue` once there is only the connection to wait for */
export type Deletion = {
  items: readonly Item[];
  folderId: number | null;
  selection: Selection;
  toast: number;
  timer: number;
  isDue: boolean;
};
/** `error` is null when it was deleted */
export type Outcome = { item: Item; error: unknown };

export class Deletions {
  #open = new Set<Deletion>();
  #store;
  #connection;
  #toasts;
  #selecting;
  #browser;

  constructor(store: Store, connection: Connection, toasts: Toasts, selecting: Selecting, browser: Browser) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#selecting = selecting;
    this.#browser = browser;
    connection.on("s2c:file-modify", ({ action, handle }) => {
      if (action === "modify") this.#spare(handle);
      if (action === "delete") this.#forget(fileItem(handle));
    });
    connection.on("s2c:folder-modify", ({ action, handle }) => {
      if (action === "delete") this.#forget(folderItem(handle));
    });
  }

  /** Whether something that was deleted is so only once the connection is back. */
  get isWaiting() {
    return this.#open.size > 0 && !this.#connection.isOnline;
  }

  /** @param chosen items of the present folder */
  delete(chosen: readonly Item[]) {
    const items = chosen.filter((item) => item.kind === "folder" || item.can === "rw");
    if (items.length < chosen.length) this.#toasts.show(text.deletion.notAllowed(chosen.length - items.length), "bad");
    if (items.length === 0) return;
    const { listing, selection } = this.#store.state;
    const deletion: Deletion = { items, folderId: listing.folderId, selection, toast: 0, timer: 0, isDue: false };
    this.#store.set(({ hidden }) => ({ hidden: concealed(hidden, items, listing.folderId) }));
    this.#selecting.clear();
    const undo = { label: text.deletion.undo, run: () => this.#undo(deletion) };
    const [first] = items;
    const words = items.length === 1 && first ? text.deletion.one(first.name) : text.deletion.many(items.length);
    deletion.toast = this.#toasts.open({ tone: "plain", text: words, action: undo });
    deletion.timer = window.setTimeout(() => void this.#commit(deletion), UNDO_MS);
    this.#open.add(deletion);
  }

  /**
   * Deletes at once what could still be undone: its names may be wanted for something else.
   * @param atOnce requests under way at the same time
   */
  async commitAll(atOnce: number = AT_ONCE) {
    await Promise.all([...this.#open].map((deletion) => this.#commit(deletion, atOnce)));
  }

  /** Deletes what could not be deleted without a connection. */
  async online() {
    await Promise.all([...this.#open].filter((deletion) => deletion.isDue).map((deletion) => this.#commit(deletion)));
  }

  /** As `commitAll`, when the page is left and no answer will be seen. */
  commitLast() {
    void this.commitAll(Infinity);
  }

  get canUndo() {
    return this.#open.size > 0;
  }

  /** Undoes the last of the deletions that can still be undone. */
  undoLast() {
    const last = [...this.#open].at(-1);
    if (last) this.#undo(last);
  }

  /** Leaves what could still be undone as it is. */
  forgetAll() {
    for (const deletion of this.#open) this.#end(deletion);
  }

  #undo(deletion: Deletion) {
    this.#end(deletion);
    this.#reveal(deletion.items);
    if (this.#store.state.listing.folderId === deletion.folderId) this.#selecting.restore(deletion.items, deletion.selection);
  }

  /** A file that somebody gives new content meanwhile is not what was deleted. */
  #spare(handle: FileHandle) {
    const { key } = fileItem(handle);
    for (const deletion of this.#open) {
      const spared = deletion.items.filter(
        (item) => item.key === key && item.kind === "file" && item.updatedAt !== handle.updated_at,
      );
      if (spared.length === 0) continue;
      deletion.items = deletion.items.filter((item) => item.key !== key);
      this.#reveal(spared);
    }
  }

  /** What somebody else has deleted meanwhile cannot be had back. */
  #forget({ key }: Item) {
    for (const deletion of this.#open) {
      if (!deletion.items.some((item) => item.key === key)) continue;
      deletion.items = deletion.items.filter((item) => item.key !== key);
      this.#store.set(({ hidden }) => ({ hidden: withGone(hidden, [key]) }));
    }
  }

  async #commit(deletion: Deletion, atOnce: number = AT_ONCE) {
    deletion.isDue = true;
    // Without a connection there is still time for changing one's mind.
    if (!this.#connection.isOnline) return;
    this.#end(deletion);
    const outcomes: Outcome[] = [];
    let noted = 0;
    await severalAtOnce(deletion.items, atOnce, async (item) => {
      outcomes.push({ item, error: await this.#deleteOne(item, deletion.folderId) });
      if (outcomes.length - noted >= NOTED_AT_ONCE) this.#note(outcomes.slice(noted, (noted = outcomes.length)));
    });
    this.#note(outcomes.slice(noted));
    this.#tell(outcomes.filter(({ error }) => error !== null));
    if (this.#store.state.listing.folderId === deletion.folderId) void this.#browser.reload();
  }

  /** @returns what went wrong; null when it was deleted */
  async #deleteOne(item: Item, folderId: number | null): Promise<unknown> {
    try {
      if (item.kind === "folder") await this.#connection.request("c2s:delete-folder", { folder_id: item.id });
      else await this.#connection.request("c2s:delete-file", { folder_id: folderId ?? 0, name: item.name });
      return null;
    } catch (error) {
      return error;
    }
  }

  /** What could not be deleted comes back. */
  #note(outcomes: readonly Outcome[]) {
    const keys = (hasFailed: boolean) =>
      outcomes.filter(({ error }) => (error !== null) === hasFailed).map(({ item }) => item.key);
    this.#store.set(({ hidden }) => ({ hidden: revealed(withGone(hidden, keys(false)), keys(true)) }));
  }

  #tell(failures: readonly Outcome[]) {
    const [first] = failures;
    if (!first) return;
    const { item, error } = first;
    const reason = messageOf(error);
    const { failed, failedMany } = text.deletion;
    this.#toasts.show(failures.length === 1 ? failed(item.name, reason) : failedMany(failures.length, item.name, reason), "bad");
  }

  #end(deletion: Deletion) {
    this.#open.delete(deletion);
    clearTimeout(deletion.timer);
    this.#toasts.close(deletion.toast);
  }

  #reveal(items: readonly Item[]) {
    this.#store.set(({ hidden }) => ({
      hidden: revealed(
        hidden,
        items.map((item) => item.key),
      ),
    }));
  }
}
