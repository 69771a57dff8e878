/** Loads the uploads, as soon as the page has nothing else to do or somebody uploads, and tells them of the connection. */

import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import type { Capabilities } from "../uploads/effects.js";
import type { Uploads } from "../uploads/runner.js";
import type { Toasts } from "./toasts.js";

export class UploadsOnDemand {
  /** Null before they are loaded. */
  loaded: Uploads | null = null;
  #loading: Promise<Uploads> | null = null;
  /** What the manager does on the present connection; null without one. */
  #can: Capabilities | null = null;
  #make;

  constructor(store: Store, connection: Connection, toasts: Toasts) {
    this.#make = async () => {
      const { Uploads } = await import("../uploads-part.js");
      return new Uploads(store, connection, toasts);
    };
  }

  /** Rejects when they cannot be loaded; the next call tries again. */
  load(): Promise<Uploads> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async #load() {
    this.loaded = await this.#make();
    if (this.#can) void this.loaded.online(this.#can);
    return this.loaded;
  }

  online(can: Capabilities) {
    this.#can = can;
    void this.loaded?.online(can);
  }

  offline() {
    this.#can = null;
    this.loaded?.offline();
  }
}
