/** Where one is logged in, and the passwords of one's programs. */

import { askManager } from "./http.js";

/** @import { Account } from "../../types/wire.js" */
/** @import { AppPassword, LoginSession, NewAppPassword } from "../../types/account.js" */

export class OwnAccount {
  #token;

  /** @param {() => Promise<string>} token */
  constructor(token) {
    this.#token = token;
  }

  /**
   * @param {Account | null} of somebody else, for administrators
   * @returns {Promise<LoginSession[]>}
   */
  async sessions(of = null) {
    return (await this.#ask(`${base(of)}/sessions`)).sessions;
  }

  /**
   * @param {string} id
   * @param {Account | null} of somebody else, for administrators
   */
  async endSession(id, of = null) {
    await this.#ask(`${base(of)}/sessions/${id}`, { method: "DELETE" });
  }

  /** @param {Account | null} of somebody else, for administrators, whose sessions all end */
  async endOtherSessions(of = null) {
    await this.#ask(`${base(of)}/sessions`, { method: "DELETE" });
  }

  /** @returns {Promise<AppPassword[]>} */
  async appPasswords() {
    return (await this.#ask("/account/app-passwords")).app_passwords;
  }

  /**
   * The text of a new app password, which is told once.
   * @param {NewAppPassword} wanted
   * @returns {Promise<string>}
   */
  async addAppPassword(wanted) {
    return (await this.#ask("/account/app-passwords", { body: wanted })).app_password;
  }

  /** @param {string} id */
  async revokeAppPassword(id) {
    await this.#ask(`/account/app-passwords/${id}`, { method: "DELETE" });
  }

  /**
   * @param {string} path
   * @param {{ body?: object, method?: string }} [options]
   */
  async #ask(path, options = {}) {
    return askManager(path, { ...options, token: await this.#token() });
  }
}

/** @param {Account | null} of */
function base(of) {
  return of ? `/admin/users/${of.id}` : "/account";
}
