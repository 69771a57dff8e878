/** What administrators do with groups. All of it rejects with `HttpError`. */

import type { Group } from "../../types/sharing.js";
import { askManager } from "./http.js";

export class Groups {
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  /** All of them, by name. */
  async list(): Promise<Group[]> {
    return (await this.#ask("/groups")).groups;
  }

  async make(name: string): Promise<Group> {
    return (await this.#ask("/admin/groups", { body: { name } })).group;
  }

  async remove(group: Group) {
    await this.#ask(pathOf(group), { method: "DELETE" });
  }

  /** The names of its members. */
  async membersOf(group: Group): Promise<string[]> {
    return (await this.#ask(pathOf(group))).members;
  }

  async add(group: Group, user: string) {
    await this.#ask(`${pathOf(group)}/members`, { body: { user } });
  }

  async takeOut(group: Group, user: string) {
    await this.#ask(`${pathOf(group)}/members/${encodeURIComponent(user)}`, { method: "DELETE" });
  }

  async #ask(path: string, options: { body?: object; method?: string } = {}) {
    return askManager(path, { ...options, token: await this.#token() });
  }
}

function pathOf(group: Group) {
  return `/admin/groups/${encodeURIComponent(group.name)}`;
}
