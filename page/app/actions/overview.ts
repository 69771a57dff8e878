/** What is stored, and which services there are. */

import type { Hit, Service } from "../../types/state.js";
import type { Events } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import { fileItem } from "../state/listing.js";
import { type Fact, factsOf } from "../state/metadata.js";
import { formatPath, parsePath } from "../state/paths.js";
import { askManager } from "./http.js";
import { atMostEvery } from "./timing.js";

const MEASURE_EVERY_MS = 2_000;

export type Processed = { metadata: Record<string, unknown> | null; facts: readonly Fact[]; views: readonly string[] };

export type ServiceReport = { id: string; address: string; state: string; user: string | null };

export class Overview {
  /** Called with the ids of files that were processed. */
  #processedListeners = new Set<(fileId: number) => void>();
  #store;
  #connection;
  #token;
  #measureSoon;

  constructor(store: Store, connection: Connection, token: () => Promise<string>) {
    this.#store = store;
    this.#connection = connection;
    this.#token = token;
    this.#measureSoon = atMostEvery(() => this.#measure(), MEASURE_EVERY_MS);
    connection.on("s2c:service-registry", (news) => this.#serviceChanged(news));
    connection.on("s2c:file-modify", () => this.#measureSoon());
    connection.on("s2c:folder-modify", () => this.#measureSoon());
    connection.on("s2c:file-processed", ({ file_id: id }) => {
      for (const listener of [...this.#processedListeners]) listener(id);
    });
  }

  online() {
    this.#measureSoon();
  }

  /** Files that were added or changed last, those first that were last of all. Rejects with `Refused` and `Disconnected`. */
  async recent(): Promise<Hit[]> {
    const { files } = await this.#connection.request("c2s:recent-files-request", {});
    return files.map(({ path, file }) => ({ path: parsePath(path), item: fileItem(file) }));
  }

  /** What each upload service does now. Rejects with `HttpError`. */
  async services(): Promise<ServiceReport[]> {
    const status = await askManager("/status", { token: await this.#token() });
    return status.services;
  }

  /** Bytes in a folder and all below it. */
  async folderSize(folderId: number) {
    const { total_size: total } = await this.#connection.request("c2s:folder-size-request", { folder_id: folderId });
    return total;
  }

  /**
   * What processing has made of a file: metadata, null when there are none yet, what people want to know of them, and the names of its views.
   * @param path of the folder
   */
  async processed(path: readonly string[], name: string): Promise<Processed> {
    const parameters = new URLSearchParams({ path: formatPath(path), name });
    const { metadata, views } = await askManager(`/page/metadata?${parameters}`, { token: await this.#token() });
    return { metadata, facts: factsOf(metadata), views };
  }

  /**
   * Calls whenever processing of a file has ended, where the manager announces that (the extension `overview`).
   * @returns ends it
   */
  onProcessed(fileId: number, listener: () => void): () => void {
    const each = (id: number) => id === fileId && listener();
    this.#processedListeners.add(each);
    return () => this.#processedListeners.delete(each);
  }

  async #measure() {
    try {
      const size = await this.#connection.request("c2s:folder-size-request", { folder_id: null });
      this.#store.set({ storage: { total: size.total_size, types: size.types } });
      this.#store.set({ use: await askManager("/account/storage", { token: await this.#token() }) });
    } catch {
      // The numbers stay as they are until the next change.
    }
  }

  #serviceChanged(news: Events["s2c:service-registry"]) {
    this.#store.set(({ services }) => {
      const others = services.filter((service) => service.id !== news.service_uuid);
      if (news.action === "removed") return { services: others };
      const service: Service = { id: news.service_uuid, type: news.service_type, address: news.address ?? null };
      return { services: [...others, service] };
    });
  }
}
