/** Links to files: made, listed, changed and revoked by who has made them. */

/** @import { FileLink, LinkChanges, LinkOptions } from "../../types/links.js" */
import { askManager } from "./http.js";

export class OwnLinks {
  #token;

  /** @param {() => Promise<string>} token */
  constructor(token) {
    this.#token = token;
  }

  /**
   * A page of links, the newest first, and by what the next page is asked for.
   * @param {{ fileId?: number | null, after?: string | null }} [wanted] of one file, or of all; after another link
   * @returns {Promise<{ links: FileLink[], next: string | null }>}
   */
  async list({ fileId = null, after = null } = {}) {
    const query = new URLSearchParams();
    if (fileId !== null) query.set("file_id", String(fileId));
    if (after !== null) query.set("after", after);
    return this.#ask(`/account/links?${query}`);
  }

  /**
   * @param {number} fileId
   * @param {LinkOptions} options
   * @returns {Promise<FileLink>}
   */
  async make(fileId, options) {
    return (await this.#ask("/account/links", { body: { file_id: fileId, ...options } })).link;
  }

  /**
   * @param {string} id
   * @param {LinkChanges} changes
   * @returns {Promise<FileLink>}
   */
  async change(id, changes) {
    return (await this.#ask(`/account/links/${id}`, { method: "PATCH", body: changes })).link;
  }

  /** @param {string} id */
  async revoke(id) {
    await this.#ask(`/account/links/${id}`, { method: "DELETE" });
  }

  /**
   * @param {string} path
   * @param {{ body?: object, method?: string }} [options]
   */
  async #ask(path, options = {}) {
    return askManager(path, { ...options, token: await this.#token() });
  }
}
