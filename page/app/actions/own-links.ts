/** Links to files and folders: made, listed, changed and revoked by who has made them. */

import type { FileLink, FolderLink, FolderLinkOptions, LinkChanges, LinkOptions } from "../../types/links.js";
import { formatPath } from "../state/paths.js";
import { askManager } from "./http.js";

export class OwnLinks {
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  /**
   * A page of links, the newest first, and by what the next page is asked for.
   * @param wanted of one file, or of all; after another link
   */
  async list({ fileId = null, after = null }: { fileId?: number | null; after?: string | null } = {}): Promise<{
    links: FileLink[];
    next: string | null;
  }> {
    const query = new URLSearchParams();
    if (fileId !== null) query.set("file_id", String(fileId));
    if (after !== null) query.set("after", after);
    return this.#ask(`/account/links?${query}`);
  }

  async make(fileId: number, options: LinkOptions): Promise<FileLink> {
    return (await this.#ask("/account/links", { body: { file_id: fileId, ...options } })).link;
  }

  async change(id: string, changes: LinkChanges): Promise<FileLink> {
    return (await this.#ask(`/account/links/${id}`, { method: "PATCH", body: changes })).link;
  }

  async revoke(id: string) {
    await this.#ask(`/account/links/${id}`, { method: "DELETE" });
  }

  /** A page of links to folders, the newest first, and by what the next page is asked for. */
  async listOfFolders(after: string | null = null): Promise<{ links: FolderLink[]; next: string | null }> {
    return this.#ask(`/account/folder-links${after === null ? "" : `?after=${after}`}`);
  }

  async makeToFolder(path: readonly string[], options: FolderLinkOptions): Promise<FolderLink> {
    return (await this.#ask("/account/folder-links", { body: { path: formatPath(path), ...options } })).link;
  }

  async revokeToFolder(id: string) {
    await this.#ask(`/account/folder-links/${id}`, { method: "DELETE" });
  }

  async #ask(path: string, options: { body?: object; method?: string } = {}) {
    return askManager(path, { ...options, token: await this.#token() });
  }
}
