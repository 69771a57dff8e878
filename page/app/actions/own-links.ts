/** Links of a kind, to files or to folders: made, listed, changed and revoked by who has made them. */

import type { FileLink, FolderLink, FolderLinkOptions, LinkOptions } from "../../types/links.js";
import { formatPath } from "../state/paths.js";
import { askManager } from "./http.js";

export type LinkPage<Link> = { links: Link[]; next: string | null };

export class OwnLinks<Link extends FileLink | FolderLink, Options extends LinkOptions | FolderLinkOptions> {
  readonly #kind;
  readonly #token;

  /** @param kind the last part of the route */
  constructor(kind: string, token: () => Promise<string>) {
    this.#kind = kind;
    this.#token = token;
  }

  /**
   * A page of links, the newest first, and by what the next page is asked for.
   * @param wanted of one file, or of all; after another link
   */
  list({ fileId = null, after = null }: { fileId?: number | null; after?: string | null }): Promise<LinkPage<Link>> {
    const query = new URLSearchParams();
    if (fileId !== null) query.set("file_id", String(fileId));
    if (after !== null) query.set("after", after);
    return this.#ask(`?${query}`);
  }

  /** @param to the file or folder */
  async make(to: { file_id: number } | { path: string }, options: Options): Promise<Link> {
    return (await this.#ask("", { body: { ...to, ...options } })).link;
  }

  /** What is left out of the options stays. */
  async change(id: string, options: Options): Promise<Link> {
    return (await this.#ask(`/${id}`, { method: "PATCH", body: options })).link;
  }

  async revoke(id: string) {
    await this.#ask(`/${id}`, { method: "DELETE" });
  }

  async #ask(path: string, options: { body?: object; method?: string } = {}) {
    return askManager(`/account/${this.#kind}${path}`, { ...options, token: await this.#token() });
  }
}

export class OwnFileLinks extends OwnLinks<FileLink, LinkOptions> {
  constructor(token: () => Promise<string>) {
    super("links", token);
  }
}

export class OwnFolderLinks extends OwnLinks<FolderLink, FolderLinkOptions> {
  constructor(token: () => Promise<string>) {
    super("folder-links", token);
  }
}

/** A folder, as a new link names it. */
export function toFolder(path: readonly string[]) {
  return { path: formatPath(path) };
}
