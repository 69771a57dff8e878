/** Logging in and out, passwords, and more users. */

/** @import { UserHandle } from "../../types/wire.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { Store } from "../state/store.js" */
import { initialState } from "../state/initial.js";
import { text } from "../text/text.js";
import { HttpError, askManager } from "./http.js";
import { takeSetupCode } from "./setup-code.js";
import { forgetToken, rememberToken, rememberedToken, staysLoggedIn } from "./token.js";

const RETRY_MS = 3_000;

export class Accounts {
  /** Who was logged in last. @type {number | null} */
  #lastUser = null;
  /** The code from the link that led here. */
  #setupCode = "";
  #store;
  #connection;
  #onOtherUser;

  /**
   * @param {Store} store
   * @param {Connection} connection
   * @param {() => void} onOtherUser called before somebody else is connected than before
   */
  constructor(store, connection, onOtherUser) {
    this.#store = store;
    this.#connection = connection;
    this.#onOtherUser = onOtherUser;
  }

  /** Goes on with the token that is remembered, or asks for a login. */
  async start() {
    this.#setupCode ||= takeSetupCode();
    try {
      const token = rememberedToken();
      if (token) await this.#enter(token);
      else await this.#ask();
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) return this.logout(text.login.ended);
      const pauseMs = (error instanceof HttpError && error.retryAfterMs) || RETRY_MS;
      this.#store.set({ link: { phase: "offline", retryAt: performance.now() + pauseMs } });
      setTimeout(() => this.start(), pauseMs);
    }
  }

  /**
   * @param {string} username
   * @param {string} password
   * @param {boolean} stay
   */
  async login(username, password, stay) {
    const { token } = await askManager("/login", { body: { username, password }, isPatient: true });
    rememberToken(token, stay);
    await this.#enter(token);
  }

  /**
   * Makes the administrator of a new cloud.
   * @param {string} username
   * @param {string} password
   * @param {string | null} setupCode null when none is needed
   */
  async createAdministrator(username, password, setupCode) {
    await askManager("/register", { body: { username, password, setupCode } });
    await this.login(username, password, false);
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async addUser(username, password) {
    const adminToken = this.#store.state.session.token;
    await askManager("/register", { body: { username, password, adminToken } });
  }

  /**
   * Changes the password; every other login of this user ends.
   * @param {string} previousPassword
   * @param {string} newPassword
   */
  async changePassword(previousPassword, newPassword) {
    const { user } = this.#store.state.session;
    if (!user) return;
    await askManager("/update-password", { body: { username: user.name, previousPassword, newPassword } });
    // The old token has died, and the connection with it.
    this.#connection.stop();
    await this.login(user.name, newPassword, staysLoggedIn());
  }

  /** @param {string | null} [notice] why, when it was not the user's wish */
  logout(notice = null) {
    this.#connection.stop();
    forgetToken();
    const { preferences, route } = this.#store.state;
    const session = { phase: /** @type {const} */ ("signed-out"), user: null, token: null, notice, setupCode: null };
    this.#store.set({ ...initialState(), session, preferences, route });
  }

  /** Whether connecting may succeed another time; logs out when the token is dead. */
  async isTokenAlive() {
    const token = this.#store.state.session.token ?? "";
    try {
      await askManager(`/token-status?token=${encodeURIComponent(token)}`);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) return true;
      if (this.#store.state.session.token === token) this.logout(text.login.ended);
      return false;
    }
    return true;
  }

  /**
   * @param {string} query
   * @returns {Promise<UserHandle[]>}
   */
  async findUsers(query) {
    const found = await this.#connection.request("c2s:user-search-request", { query });
    return found.results ?? [];
  }

  async #ask() {
    const { needs_administrator: isFirst, needs_setup_code: needsCode } = await askManager("/page/first-start");
    const phase = isFirst ? "first-start" : "signed-out";
    const setupCode = needsCode ? this.#setupCode : null;
    this.#store.set(({ session }) => ({ session: { ...session, phase, setupCode }, link: { phase: "connecting", retryAt: null } }));
  }

  /** @param {string} token */
  async #enter(token) {
    const { you } = await askManager("/status", { token });
    const user = { id: you.id, name: you.name, isAdmin: you.is_admin };
    if (this.#lastUser !== null && this.#lastUser !== user.id) this.#onOtherUser();
    this.#lastUser = user.id;
    this.#store.set({ session: { phase: "signed-in", user, token, notice: null, setupCode: null }, dialog: null });
    this.#connection.start(token);
  }
}
