/** Cancelled uploads, which can be tried again: also after a reload, where the browser remembers their files. */

import type { Entry } from "./entry.js";
import type { PickedFile } from "./picked.js";
import { newUuid } from "../protocol/frames.js";
import { type Cancelled, cancelledOf, forgetCancelled, openHandle, rememberCancelled } from "./handles.js";

export class CancelledUploads {
  /** What is remembered of entries of the queue. */
  #remembered = new WeakMap<Entry, Pick<Cancelled, "id" | "handle">>();

  /** @param userId whose upload it is */
  async remember(entry: Entry, userId: number, locate: PickedFile["locate"]) {
    const handle = await locate?.().catch(() => null);
    if (!handle || entry.state !== "cancelled" || this.#remembered.has(entry)) return;
    const id = newUuid();
    this.#remembered.set(entry, { id, handle });
    const { folder, size, isPublic } = entry;
    await rememberCancelled({ id, userId, name: entry.source.name, folder, size, isPublic, at: Date.now(), handle });
  }

  /** Those of a user that were cancelled before the page was loaded. */
  async load(userId: number) {
    return cancelledOf(userId, Date.now());
  }

  /** @param entry that stands for what was cancelled before the page was loaded */
  restored(entry: Entry, { id, handle }: Cancelled) {
    this.#remembered.set(entry, { id, handle });
  }

  /** @param entry that is tried again, or of which nobody wants to know any more */
  forget(entry: Entry) {
    const remembered = this.#remembered.get(entry);
    this.#remembered.delete(entry);
    if (remembered) void forgetCancelled(remembered.id);
  }

  /**
   * The file itself, which the browser may ask the person about.
   * @returns null when it cannot be read
   */
  async open(entry: Entry): Promise<File | null> {
    const remembered = this.#remembered.get(entry);
    return remembered ? openHandle(remembered.handle) : null;
  }

  /** What the browser can remember the file of an entry by. */
  locate(entry: Entry): PickedFile["locate"] {
    const remembered = this.#remembered.get(entry);
    return remembered && (async () => remembered.handle);
  }
}
