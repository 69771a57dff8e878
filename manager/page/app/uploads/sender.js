/** Sends chunks through workers, one for each origin of upload services. */

/** @import { News, Order } from "./chunks.worker.js" */

/**
 * @typedef {object} Chunk
 * @property {string} address
 * @property {string} uploadId
 * @property {number} index
 * @property {Blob} bytes
 *
 * @typedef {object} Watcher
 * @property {(loaded: number) => void} onProgress
 * @property {() => void} onStored
 * @property {(reason: string, isLasting: boolean) => void} onFailed
 */

export class ChunkSender {
  /** @type {Map<string, Worker>} */
  #workers = new Map();
  /** @type {Map<number, { uploadId: string, worker: Worker, watcher: Watcher }>} */
  #running = new Map();
  #lastId = 0;

  /**
   * @param {Chunk} chunk
   * @param {Watcher} watcher
   */
  send(chunk, watcher) {
    const id = ++this.#lastId;
    const worker = this.#workerFor(new URL(chunk.address).origin);
    this.#running.set(id, { uploadId: chunk.uploadId, worker, watcher });
    worker.postMessage(/** @type {Order} */ ({ do: "send", id, ...chunk }));
  }

  /**
   * Stops what is being sent for an upload; nothing more is heard of it.
   * @param {string} uploadId
   */
  stop(uploadId) {
    for (const [id, running] of this.#running) {
      if (running.uploadId !== uploadId) continue;
      this.#running.delete(id);
      running.worker.postMessage(/** @type {Order} */ ({ do: "stop", id }));
    }
  }

  /** @param {string} origin */
  #workerFor(origin) {
    const known = this.#workers.get(origin);
    if (known) return known;
    const worker = new Worker(new URL("./chunks.worker.js", import.meta.url), { type: "module" });
    worker.onmessage = (event) => this.#hear(event.data);
    worker.onerror = () => this.#broken(origin, worker);
    this.#workers.set(origin, worker);
    return worker;
  }

  /** @param {News} news */
  #hear(news) {
    const watcher = this.#running.get(news.id)?.watcher;
    if (!watcher) return;
    if (news.news === "progress") return watcher.onProgress(news.loaded);
    this.#running.delete(news.id);
    if (news.news === "stored") watcher.onStored();
    else watcher.onFailed(news.reason, news.isLasting);
  }

  /**
   * The worker could not be loaded: its chunks fail, and the next one starts another worker.
   * @param {string} origin
   * @param {Worker} worker
   */
  #broken(origin, worker) {
    this.#workers.delete(origin);
    worker.terminate();
    for (const [id, running] of this.#running) {
      if (running.worker !== worker) continue;
      this.#running.delete(id);
      running.watcher.onFailed("", false);
    }
  }
}
