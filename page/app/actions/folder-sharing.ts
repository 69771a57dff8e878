/** Rights on folders, where each user has a home. All of it rejects with `HttpError`. */

import type { FolderRight, FolderSharing as Sharing, Grantee, Group } from "../../types/sharing.js";
import { formatPath } from "../state/paths.js";
import { askManager } from "./http.js";

export class FolderSharing {
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  show(path: readonly string[]): Promise<Sharing> {
    return this.#ask(`/folders/sharing?${new URLSearchParams({ path: formatPath(path) })}`);
  }

  /** @param right null takes back what was granted */
  async grant(path: readonly string[], { user, group }: Grantee, right: FolderRight | null) {
    const grantee = user !== null ? { user } : group !== null ? { group } : { everybody: true };
    await this.#ask("/folders/sharing", { path: formatPath(path), ...grantee, ...(right && { right }) });
  }

  /** Gives up what was granted to the user alone. */
  async leave(path: readonly string[]) {
    await this.#ask("/folders/leave", { path: formatPath(path) });
  }

  async giveTo(path: readonly string[], user: string) {
    await this.#ask("/folders/owner", { path: formatPath(path), user });
  }

  async groups(): Promise<Group[]> {
    return (await this.#ask("/groups")).groups;
  }

  async #ask(path: string, body?: object) {
    return askManager(path, { ...(body && { body }), token: await this.#token() });
  }
}
