/**
 * Deleting with a way back: what is deleted vanishes at once, and the manager is told when the time for
 * undoing is over, so that undoing costs nothing and cannot fail.
 */

/** @import { Item } from "../../types/state.js" */
/** @import { Events } from "../../types/wire.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { Store } from "../state/store.js" */
/** @import { Selecting } from "./selecting.js" */
/** @import { Toasts } from "./toasts.js" */
import { text } from "../text/text.js";

export const UNDO_MS = 7_000;
/** Requests that wait for their answers at the same time. */
const AT_ONCE = 8;

/** @typedef {{ items: readonly Item[], folderId: number | null, toast: number, timer: number }} Deletion */

export class Deletions {
  /** @type {Set<Deletion>} */
  #open = new Set();
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
    connection.on("s2c:file-modify", (change) => this.#spare(change));
  }

  /** @param {readonly Item[]} chosen items of the present folder */
  delete(chosen) {
    const items = chosen.filter((item) => item.kind === "folder" || item.can === "rw");
    if (items.length < chosen.length) this.#toasts.show(text.deletion.notAllowed(chosen.length - items.length), "bad");
    if (items.length === 0) return;
    this.#hide(items);
    this.#selecting.clear();
    /** @type {Deletion} */
    const deletion = { items, folderId: this.#store.state.listing.folderId, toast: 0, timer: 0 };
    const undo = { label: text.deletion.undo, run: () => this.#undo(deletion) };
    const [first] = items;
    const words = items.length === 1 && first ? text.deletion.one(first.name) : text.deletion.many(items.length);
    deletion.toast = this.#toasts.open({ tone: "plain", text: words, action: undo });
    deletion.timer = window.setTimeout(() => void this.#commit(deletion), UNDO_MS);
    this.#open.add(deletion);
  }

  /**
   * Deletes at once what could still be undone: its names may be wanted for something else.
   * @param {number} [atOnce] requests under way at the same time
   */
  async commitAll(atOnce = AT_ONCE) {
    await Promise.all([...this.#open].map((deletion) => this.#commit(deletion, atOnce)));
  }

  /** As `commitAll`, when the page is left and no answer will be seen. */
  commitLast() {
    void this.commitAll(Infinity);
  }

  /** Leaves what could still be undone as it is. */
  forgetAll() {
    for (const deletion of this.#open) this.#end(deletion);
  }

  /** @param {Deletion} deletion */
  #undo(deletion) {
    this.#end(deletion);
    this.#unhide(deletion.items);
  }

  /**
   * A file that somebody gives new content meanwhile is not what was deleted.
   * @param {Events["s2c:file-modify"]} change
   */
  #spare({ action, handle }) {
    if (action !== "modify") return;
    for (const deletion of this.#open) {
      const spared = deletion.items.filter(
        (item) => item.kind === "file" && item.id === handle.id && item.updatedAt !== handle.updated_at,
      );
      if (spared.length === 0) continue;
      deletion.items = deletion.items.filter((item) => !spared.includes(item));
      this.#unhide(spared);
    }
  }

  /**
   * @param {Deletion} deletion
   * @param {number} [atOnce]
   */
  async #commit(deletion, atOnce = AT_ONCE) {
    this.#end(deletion);
    const left = [...deletion.items];
    const worker = async () => {
      for (let item = left.shift(); item; item = left.shift()) await this.#deleteOne(item, deletion.folderId);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, worker));
  }

  /**
   * @param {Item} item
   * @param {number | null} folderId
   */
  async #deleteOne(item, folderId) {
    try {
      if (item.kind === "folder") await this.#connection.request("c2s:delete-folder", { folder_id: item.id });
      else await this.#connection.request("c2s:delete-file", { folder_id: folderId ?? 0, name: item.name });
    } catch (error) {
      this.#unhide([item]);
      this.#toasts.error(error);
    }
  }

  /** @param {Deletion} deletion */
  #end(deletion) {
    this.#open.delete(deletion);
    clearTimeout(deletion.timer);
    this.#toasts.close(deletion.toast);
  }

  /** @param {readonly Item[]} items */
  #hide(items) {
    this.#store.set(({ hidden }) => ({ hidden: new Set([...hidden, ...items.map((item) => item.key)]) }));
  }

  /** @param {readonly Item[]} items */
  #unhide(items) {
    const back = new Set(items.map((item) => item.key));
    this.#store.set(({ hidden }) => ({ hidden: new Set([...hidden].filter((key) => !back.has(key))) }));
  }
}
