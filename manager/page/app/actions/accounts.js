/** Logging in and out, passwords, and more users. */

/** @import { UserHandle } from "../../types/wire.js" */
/** @import { LoginMethods, LoginStep } from "../../types/account.js" */
/** @import { Issued } from "./token.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { Store } from "../state/store.js" */
import { messageOf } from "../protocol/errors.js";
import { initialState } from "../state/initial.js";
import { text } from "../text/text.js";
import { deviceName } from "./device-name.js";
import { HttpError, askManager } from "./http.js";
import { askForPasskey } from "./passkeys.js";
import { takeSetupCode } from "./setup-code.js";
import { Tokens } from "./token.js";

const RETRY_MS = 3_000;
/** Answers to a right password that is not enough. */
const STEPS = ["second-factor-required", "second-factor-demanded"];

export class Accounts {
  /** Who was logged in last. @type {number | null} */
  #lastUser = null;
  /** The code from the link that led here. */
  #setupCode = "";
  #tokens = new Tokens((token) => this.#renewed(token));
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
      if (this.#tokens.remembered) await this.#enter(await this.#tokens.fresh());
      else await this.#ask();
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) return this.#leave(text.login.ended);
      const pauseMs = (error instanceof HttpError && error.retryAfterMs) || RETRY_MS;
      this.#store.set({ link: { phase: "offline", retryAt: performance.now() + pauseMs } });
      setTimeout(() => this.start(), pauseMs);
    }
  }

  /**
   * @param {string} username
   * @param {string} password
   * @param {boolean} stay
   * @returns {Promise<LoginStep | null>} what is still to be done; null when one is logged in
   */
  async login(username, password, stay) {
    try {
      const issued = await askManager("/login", { body: { username, password, ...session() }, isPatient: true });
      await this.enterWith(issued, stay);
      return null;
    } catch (error) {
      if (error instanceof HttpError && STEPS.includes(error.facts["code"])) return /** @type {LoginStep} */ (error.facts);
      throw error;
    }
  }

  /**
   * Ends a login with a second factor.
   * @param {string} challenge
   * @param {{ code: string } | { passkey: object }} answer
   * @param {boolean} stay
   */
  async answer(challenge, answer, stay) {
    const issued = await askManager("/login/second-factor", { body: { challenge, ...answer, ...session() } });
    await this.enterWith(issued, stay);
  }

  /** @param {boolean} stay */
  async loginWithPasskey(stay) {
    const { challenge, passkey_options: options } = await askManager("/login/passkey/options", { body: {} });
    const passkey = await askForPasskey(options);
    await this.enterWith(await askManager("/login/passkey", { body: { challenge, passkey, ...session() } }), stay);
  }

  /** @returns {Promise<LoginMethods>} */
  methods() {
    return askManager("/login/methods");
  }

  /**
   * Goes on with what the manager has issued for a login.
   * @param {Issued} issued
   * @param {boolean} stay
   */
  async enterWith(issued, stay) {
    this.#tokens.remember(issued, stay);
    await this.#enter(issued.token);
  }

  /**
   * Ends a login at the OpenID provider.
   * @param {{ error: string | null, stay: boolean }} returned
   * @returns {Promise<string | null>} a confirmation of who one is; null without a login
   */
  async comeBack({ error, stay }) {
    try {
      if (error) throw new Error(text.openid.problems[error] ?? text.openid.failed);
      const issued = await askManager("/login/oidc", { body: session() });
      await this.enterWith(issued, stay);
      return issued.confirmation;
    } catch (failure) {
      this.#leave(messageOf(failure));
      return null;
    }
  }

  /**
   * Makes the administrator of a new cloud.
   * @param {string} username
   * @param {string} password
   * @param {string | null} setupCode null when none is needed
   * @returns {Promise<LoginStep | null>} as of `login`
   */
  async createAdministrator(username, password, setupCode) {
    await askManager("/register", { body: { username, password, setupCode } });
    return this.login(username, password, false);
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async addUser(username, password) {
    const adminToken = await this.token();
    await askManager("/register", { body: { username, password, adminToken } });
  }

  /**
   * A token that is good for a while. Rejects with `HttpError`.
   * @returns {Promise<string>}
   */
  token() {
    return this.#tokens.fresh();
  }

  /**
   * Changes the password; every other session of this user ends.
   * @param {string} previousPassword
   * @param {string} newPassword
   */
  async changePassword(previousPassword, newPassword) {
    const { user } = this.#store.state.session;
    if (!user) return;
    const body = { username: user.name, previousPassword, newPassword };
    await askManager("/update-password", { body, token: await this.token() });
  }

  /** Ends the session, and shows the page of those who are not logged in. */
  async logout() {
    const token = this.#tokens.remembered;
    this.#leave(null);
    // Without a connection it ends by itself, later.
    if (token) await askManager("/logout", { body: {}, token }).catch(() => {});
  }

  /** @param {string | null} notice why, when it was not the user's wish */
  #leave(notice) {
    this.#connection.stop();
    this.#tokens.forget();
    const { preferences, route } = this.#store.state;
    const session = { phase: /** @type {const} */ ("signed-out"), user: null, token: null, notice, setupCode: null };
    this.#store.set({ ...initialState(), session, preferences, route });
  }

  /** Whether connecting may succeed another time; logs out when the session has ended. */
  async isTokenAlive() {
    const { user } = this.#store.state.session;
    try {
      if (!(await isGood(await this.#tokens.fresh()))) await this.#renewDead();
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) return true;
      if (this.#store.state.session.user === user) this.#leave(text.login.ended);
      return false;
    }
    return true;
  }

  /** A clock that was set back may have kept the token for too long. Rejects with `HttpError` 401 unless it was that. */
  async #renewDead() {
    const before = this.#tokens.remembered;
    const token = await this.#tokens.fresh({ isForced: true });
    if (token === before) throw new HttpError(401, text.login.ended);
  }

  /** @param {string} token */
  #renewed(token) {
    this.#connection.useToken(token);
    const { session } = this.#store.state;
    if (session.phase === "signed-in") this.#store.set({ session: { ...session, token } });
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

/** What the page asks of every session. */
function session() {
  return { device: deviceName(navigator.userAgent), renewable: true };
}

/**
 * Whether a token opens the door now. Rejects with `HttpError` when nobody can say.
 * @param {string} token
 */
async function isGood(token) {
  try {
    await askManager("/status", { token });
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 401) return false;
    throw error;
  }
}
