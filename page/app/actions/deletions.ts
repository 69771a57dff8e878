/** Deleting: what is deleted vanishes at once and lies in the manager's trash, from which undoing restores it. */

import type { Item, Selection } from "../../types/state.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Browser } from "./browser.js";
import type { Selecting } from "./selecting.js";
import type { Toasts } from "./toasts.js";
import type { Trash } from "./trash.js";
import type { Undoing } from "./undoing.js";
import { messageOf } from "../protocol/errors.js";
import { concealed, revealed, withGone } from "../state/hidden.js";
import { text } from "../text/text.js";
import { severalAtOnce } from "./timing.js";

/** Requests that wait for their answers at the same time. */
const AT_ONCE = 8;
/** Answers after which the list is updated, since that takes time with thousands of hidden items. */
const NOTED_AT_ONCE = 100;

/** `sent` resolves with what the manager has deleted; what is undone is not requested any more. */
type Deletion = {
  items: readonly Item[];
  folderId: number | null;
  selection: Selection;
  isUndone: boolean;
  sent: Promise<readonly Item[]>;
};
/** `error` is null when it was deleted. */
type Outcome = { item: Item; error: unknown };

export class Deletions {
  #open = new Set<Deletion>();
  #store;
  #connection;
  #toasts;
  #undoing;
  #selecting;
  #browser;
  #trash;

  constructor(
    store: Store,
    connection: Connection,
    toasts: Toasts,
    undoing: Undoing,
    selecting: Selecting,
    browser: Browser,
    trash: Trash,
  ) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#undoing = undoing;
    this.#selecting = selecting;
    this.#browser = browser;
    this.#trash = trash;
  }

  get isWorking() {
    return this.#open.size > 0;
  }

  /**
   * Deletes what the user may delete, or asks before, when the manager has no trash.
   * @param chosen items of the present folder
   */
  delete(chosen: readonly Item[]) {
    const items = chosen.filter((item) => item.kind === "folder" || item.can === "rw");
    if (items.length < chosen.length) this.#toasts.show(text.deletion.notAllowed(chosen.length - items.length), "bad");
    if (items.length === 0) return;
    if (!this.#connection.isOnline) return this.#toasts.show(text.errors.offline, "bad");
    if (!this.#store.state.features.hasTrash) return this.#store.set({ dialog: { kind: "delete-forever", items } });
    const deletion = this.#begin(items);
    const undo = () => void this.#undo(deletion);
    const withdraw = this.#undoing.offer(wordsOf(items), { icon: "trash", undo, working: deletion.sent });
    void deletion.sent.then((deleted) => deleted.length === 0 && withdraw());
  }

  /** Deletes where there is no trash. */
  deleteForever(items: readonly Item[]) {
    void this.#begin(items).sent.then((deleted) => deleted.length > 0 && this.#toasts.show(wordsOf(deleted)));
  }

  /** Deletes what was just made, which undoes that. @param folderId in which it is; null: the root */
  discard(items: readonly Item[], folderId: number | null) {
    this.#begin(items, folderId);
  }

  /** Waits for what is being deleted: its names may be wanted for something else. */
  async settled() {
    await Promise.all([...this.#open].map(({ sent }) => sent));
  }

  #begin(items: readonly Item[], folderId = this.#store.state.listing.folderId): Deletion {
    const { listing, selection } = this.#store.state;
    this.#store.set(({ hidden }) => ({ hidden: concealed(hidden, items, folderId) }));
    if (folderId === listing.folderId) this.#selecting.clear();
    const deletion: Deletion = { items, folderId, selection, isUndone: false, sent: Promise.resolve([]) };
    this.#open.add(deletion);
    deletion.sent = this.#send(deletion).finally(() => this.#open.delete(deletion));
    return deletion;
  }

  async #send(deletion: Deletion): Promise<readonly Item[]> {
    const outcomes: Outcome[] = [];
    let noted = 0;
    await severalAtOnce(deletion.items, AT_ONCE, async (item) => {
      if (deletion.isUndone) return;
      outcomes.push({ item, error: await this.#deleteOne(item, deletion.folderId) });
      if (outcomes.length - noted >= NOTED_AT_ONCE) this.#note(outcomes.slice(noted, (noted = outcomes.length)));
    });
    this.#note(outcomes.slice(noted));
    this.#report(outcomes.filter(({ error }) => error !== null));
    if (this.#store.state.listing.folderId === deletion.folderId) void this.#browser.reload();
    return outcomes.filter(({ error }) => error === null).map(({ item }) => item);
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

  async #undo(deletion: Deletion) {
    deletion.isUndone = true;
    const isWhole = await this.#restore(await deletion.sent);
    // What had not been deleted yet stands where it was.
    this.#reveal(deletion.items);
    if (this.#store.state.listing.folderId !== deletion.folderId) return;
    await this.#browser.reload();
    if (isWhole) this.#selecting.restore(deletion.items, deletion.selection);
  }

  /** @returns whether all of them are back */
  async #restore(items: readonly Item[]) {
    if (items.length === 0) return true;
    try {
      const { refused } = await this.#trash.restore(items);
      const [first] = refused;
      if (first) this.#toasts.show(text.deletion.notUndone(refused.length, first.message), "bad");
      return !first;
    } catch (error) {
      this.#toasts.show(text.deletion.notUndone(items.length, messageOf(error)), "bad");
      return false;
    }
  }

  /** What could not be deleted comes back. */
  #note(outcomes: readonly Outcome[]) {
    const keys = (hasFailed: boolean) =>
      outcomes.filter(({ error }) => (error !== null) === hasFailed).map(({ item }) => item.key);
    this.#store.set(({ hidden }) => ({ hidden: revealed(withGone(hidden, keys(false)), keys(true)) }));
  }

  #report(failures: readonly Outcome[]) {
    const [first] = failures;
    if (!first) return;
    const { item, error } = first;
    const reason = messageOf(error);
    const { failed, failedMany } = text.deletion;
    this.#toasts.show(failures.length === 1 ? failed(item.name, reason) : failedMany(failures.length, item.name, reason), "bad");
  }

  #reveal(items: readonly Item[]) {
    const keys = items.map((item) => item.key);
    this.#store.set(({ hidden }) => ({ hidden: revealed(hidden, keys) }));
  }
}

function wordsOf(items: readonly Item[]) {
  const [first] = items;
  return items.length === 1 && first ? text.deletion.one(first.name) : text.deletion.many(items.length);
}
