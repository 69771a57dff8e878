/** Where one is logged in, and the passwords of one's programs. */

import { askManager } from "./http.js";

/** @import { AppPassword, LoginSession, NewAppPassword } from "../../types/account.js" */

export class OwnAccount {
  #token;

  /** @param {() => Promise<string>} token */
  constructor(token) {
    this.#token = token;
  }

  /** @returns {Promise<LoginSession[]>} */
  async sessions() {
    return (await this.#ask("/account/sessions")).sessions;
  }

  /** @param {string} id */
  async endSession(id) {
    await this.#ask(`/account/sessions/${id}`, { method: "DELETE" });
  }

  async endOtherSessions() {
    await this.#ask("/account/sessions", { method: "DELETE" });
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
