/** Where one is logged in, and the passwords of one's programs. */

import { askManager } from "./http.js";

import type { Account } from "../../types/wire.js";
import type { AppPassword, LoginSession, NewAppPassword } from "../../types/account.js";

export class OwnAccount {
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  /** @param of somebody else, for administrators */
  async sessions(of: Account | null = null): Promise<LoginSession[]> {
    return (await this.#ask(`${base(of)}/sessions`)).sessions;
  }

  /** @param of somebody else, for administrators */
  async endSession(id: string, of: Account | null = null) {
    await this.#ask(`${base(of)}/sessions/${id}`, { method: "DELETE" });
  }

  /** @param of somebody else, for administrators, whose sessions all end */
  async endOtherSessions(of: Account | null = null) {
    await this.#ask(`${base(of)}/sessions`, { method: "DELETE" });
  }

  async appPasswords(): Promise<AppPassword[]> {
    return (await this.#ask("/account/app-passwords")).app_passwords;
  }

  /** The text of a new app password, which is told once. */
  async addAppPassword(wanted: NewAppPassword): Promise<string> {
    return (await this.#ask("/account/app-passwords", { body: wanted })).app_password;
  }

  async revokeAppPassword(id: string) {
    await this.#ask(`/account/app-passwords/${id}`, { method: "DELETE" });
  }

  async #ask(path: string, options: { body?: object; method?: string } = {}) {
    return askManager(path, { ...options, token: await this.#token() });
  }
}

function base(of: Account | null) {
  return of ? `/admin/users/${of.id}` : "/account";
}
