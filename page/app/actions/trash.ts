/** What was deleted and can be had back, and earlier contents of files. */

import type { FileVersion, Restored, TrashKey, TrashPage } from "../../types/trash.js";
import { askManager } from "./http.js";

/** Items that the manager takes in one request. */
const AT_ONCE = 1000;

export class Trash {
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  /** A page of the trash, the last deletion first. @param before the `next` of the page before */
  list(before: number | null = null): Promise<TrashPage> {
    return this.#ask(`/account/trash${before === null ? "" : `?before=${before}`}`);
  }

  async restore(keys: readonly TrashKey[]): Promise<Restored> {
    const all: Restored = { restored: [], refused: [] };
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      const items = keys.slice(start, start + AT_ONCE).map(({ kind, id }) => ({ kind, id }));
      const { restored, refused }: Restored = await this.#ask("/account/trash/restore", { body: { items } });
      all.restored.push(...restored);
      all.refused.push(...refused);
    }
    return all;
  }

  async deleteForGood({ kind, id }: TrashKey) {
    await this.#ask("/account/trash/delete", { body: { items: [{ kind, id }] } });
  }

  async empty() {
    await this.#ask("/account/trash/empty", { body: {} });
  }

  /** Earlier contents of a file, the last one first. */
  async versions(fileId: number): Promise<FileVersion[]> {
    return (await this.#ask(`/versions/${fileId}`)).versions;
  }

  async restoreVersion(fileId: number, versionId: number) {
    await this.#ask(`/versions/${fileId}/${versionId}/restore`, { method: "POST" });
  }

  async deleteVersion(fileId: number, versionId: number) {
    await this.#ask(`/versions/${fileId}/${versionId}`, { method: "DELETE" });
  }

  async #ask(path: string, options: { body?: object; method?: string } = {}) {
    return askManager(path, { ...options, token: await this.#token() });
  }
}
