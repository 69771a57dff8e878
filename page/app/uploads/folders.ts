/** Empty folders that were dropped: no file makes them, so they are made one by one, as soon as there is a connection. */

import type { Connection } from "../protocol/connection.js";
import { Disconnected, messageOf } from "../protocol/errors.js";

export class EmptyFolders {
  /** Paths of those that are not made yet. */
  #waiting = new Set<string>();
  #isMaking = false;
  #connection;
  #onChange;
  #onFailed;

  constructor(connection: Pick<Connection, "request">, onChange: () => void, onFailed: (path: string, reason: string) => void) {
    this.#connection = connection;
    this.#onChange = onChange;
    this.#onFailed = onFailed;
  }

  /** How many are still to be made. */
  get count() {
    return this.#waiting.size;
  }

  add(paths: readonly string[]) {
    for (const path of paths) this.#waiting.add(path);
    void this.make();
  }

  clear() {
    this.#waiting.clear();
    this.#onChange();
  }

  /** Makes them in order, until the connection is lost. Those that are added meanwhile come last. */
  async make() {
    if (this.#isMaking) return;
    this.#isMaking = true;
    for (const path of this.#waiting) {
      let reason = "";
      try {
        await this.#makeOne(path);
      } catch (error) {
        if (error instanceof Disconnected) break;
        reason = messageOf(error);
      }
      const isWanted = this.#waiting.delete(path);
      if (reason && isWanted) this.#onFailed(path, reason);
      this.#onChange();
    }
    this.#isMaking = false;
  }

  async #makeOne(path: string) {
    try {
      await this.#connection.request("c2s:create-folder", { path });
    } catch (error) {
      if (error instanceof Disconnected) throw error;
      // One that is there already is refused, and all is well.
      const { exists } = await this.#connection.request("c2s:folder-status-request", { path });
      if (!exists) throw error;
    }
  }
}
