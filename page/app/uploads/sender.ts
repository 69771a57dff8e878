/** Sends chunks through workers, one for each origin of upload services. */

import type { News, Order } from "./chunks.worker.js";

export interface Chunk {
  address: string;
  uploadId: string;
  index: number;
  bytes: Blob;
  /** Whether these are the body of a bundle, rather than a chunk. */
  isBundle?: boolean;
}

export interface Watcher {
  onProgress: (loaded: number) => void;
  onStored: () => void;
  onFailed: (reason: string, isLasting: boolean) => void;
}

export class ChunkSender {
  #workers = new Map<string, Worker>();
  #running = new Map<number, { uploadId: string; worker: Worker; watcher: Watcher }>();
  #lastId = 0;

  send(chunk: Chunk, watcher: Watcher) {
    const id = ++this.#lastId;
    const worker = this.#workerFor(new URL(chunk.address).origin);
    this.#running.set(id, { uploadId: chunk.uploadId, worker, watcher });
    worker.postMessage({ do: "send", id, ...chunk } as Order);
  }

  /** Stops what is being sent for an upload; nothing more is heard of it. */
  stop(uploadId: string) {
    for (const [id, running] of this.#running) {
      if (running.uploadId !== uploadId) continue;
      this.#running.delete(id);
      running.worker.postMessage({ do: "stop", id } as Order);
    }
  }

  #workerFor(origin: string) {
    const known = this.#workers.get(origin);
    if (known) return known;
    const worker = new Worker(new URL("./chunks.worker.js", import.meta.url), { type: "module" });
    worker.onmessage = (event) => this.#hear(event.data);
    worker.onerror = () => this.#broken(origin, worker);
    this.#workers.set(origin, worker);
    return worker;
  }

  #hear(news: News) {
    const watcher = this.#running.get(news.id)?.watcher;
    if (!watcher) return;
    if (news.news === "progress") return watcher.onProgress(news.loaded);
    this.#running.delete(news.id);
    if (news.news === "stored") watcher.onStored();
    else watcher.onFailed(news.reason, news.isLasting);
  }

  /** The worker could not be loaded: its chunks fail, and the next one starts another worker. */
  #broken(origin: string, worker: Worker) {
    this.#workers.delete(origin);
    worker.terminate();
    for (const [id, running] of this.#running) {
      if (running.worker !== worker) continue;
      this.#running.delete(id);
      running.watcher.onFailed("", false);
    }
  }
}
