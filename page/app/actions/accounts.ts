/** Logging in and out, passwords, and more users. */

import type { UserHandle } from "../../types/wire.js";
import type { LoginMethods, LoginStep } from "../../types/account.js";
import type { Spaces } from "../../types/state.js";
import type { Issued } from "./token.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import { messageOf } from "../protocol/errors.js";
import { initialState } from "../state/initial.js";
import { text } from "../text/text.js";
import { deviceName } from "./device-name.js";
import { HttpError, askManager } from "./http.js";
import { askForPasskey } from "./passkeys.js";
import { takeSecret } from "./address-secrets.js";
import { Tokens } from "./token.js";

type FirstStart = { needs_administrator: boolean; needs_setup_code: boolean; chooses_spaces: boolean };

const RETRY_MS = 3_000;
/** Answers to a right password that is not enough. */
const STEPS = ["second-factor-required", "second-factor-demanded"];

export class Accounts {
  /** Who was logged in last. */
  #lastUser: number | null = null;
  /** The code from the link that led here. */
  #setupCode = "";
  /** The invitation from the link that led here. */
  #invitation = "";
  #tokens;
  #store;
  #connection;
  #onOtherUser;

  /**
   * @param listener `onOtherUser` is called before somebody else is connected than before, `onLogout` before this tab is logged
   *   out because another one was
   */
  constructor(store: Store, connection: Connection, listener: { onOtherUser: () => void; onLogout: () => void }) {
    this.#store = store;
    this.#connection = connection;
    this.#onOtherUser = listener.onOtherUser;
    this.#tokens = new Tokens({
      onRenewed: (token) => this.#renewed(token),
      onLogin: (token) => this.#join(token),
      onLogout: () => {
        if (store.state.session.phase !== "signed-in") return;
        listener.onLogout();
        void this.logout();
      },
    });
  }

  /** Goes on with the token that is remembered, or asks for a login. */
  async start() {
    this.#setupCode ||= takeSecret("setup");
    this.#invitation ||= takeSecret("invitation");
    try {
      const firstStart = this.#tokens.remembered ? null : await this.#firstStart();
      if (this.#tokens.remembered) await this.#enter(await this.#tokens.fresh());
      else if (firstStart) this.#ask(firstStart);
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) return this.#leave(text.login.ended);
      const pauseMs = (error instanceof HttpError && error.retryAfterMs) || RETRY_MS;
      this.#store.set({ link: { phase: "offline", retryAt: performance.now() + pauseMs } });
      setTimeout(() => this.start(), pauseMs);
    }
  }

  /** @returns what is still to be done; null when one is logged in */
  async login(username: string, password: string, stay: boolean): Promise<LoginStep | null> {
    try {
      const issued = await askManager("/login", { body: { username, password, ...session() }, isPatient: true });
      await this.enterWith(issued, stay);
      return null;
    } catch (error) {
      if (error instanceof HttpError && STEPS.includes(error.facts["code"])) return error.facts as LoginStep;
      throw error;
    }
  }

  /** Ends a login with a second factor. */
  async answer(challenge: string, answer: { code: string } | { passkey: object }, stay: boolean) {
    const issued = await askManager("/login/second-factor", { body: { challenge, ...answer, ...session() } });
    await this.enterWith(issued, stay);
  }

  async loginWithPasskey(stay: boolean) {
    const { challenge, passkey_options: options } = await askManager("/login/passkey/options", { body: {} });
    const passkey = await askForPasskey(options);
    await this.enterWith(await askManager("/login/passkey", { body: { challenge, passkey, ...session() } }), stay);
  }

  methods(): Promise<LoginMethods> {
    return askManager("/login/methods");
  }

  /** Goes on with what the manager has issued for a login. */
  async enterWith(issued: Issued, stay: boolean) {
    this.#tokens.remember(issued, stay);
    await this.#enter(issued.token);
  }

  /**
   * Ends a login at the OpenID provider.
   * @returns a confirmation of who one is; null without a login
   */
  async comeBack({ error, stay }: { error: string | null; stay: boolean }): Promise<string | null> {
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
   * @returns as of `login`
   * @param setupCode null when none is needed
   * @param spaces what users are to see; null when that is decided
   */
  async createAdministrator(
    username: string,
    password: string,
    setupCode: string | null,
    spaces: Spaces | null,
  ): Promise<LoginStep | null> {
    await askManager("/register", { body: { username, password, setupCode, spaces } });
    return this.login(username, password, false);
  }

  /**
   * Registers who was invited.
   * @returns as of `login`
   */
  async registerInvited(username: string, password: string): Promise<LoginStep | null> {
    await askManager("/register", { body: { username, password, invitation: this.#invitation } });
    this.#invitation = "";
    return this.login(username, password, false);
  }

  /** Shows the login to who was invited and has an account. */
  declineInvitation() {
    this.#invitation = "";
    this.#store.set(({ session }) => ({ session: { ...session, phase: "signed-out" } }));
  }

  async addUser(username: string, password: string) {
    const adminToken = await this.token();
    await askManager("/register", { body: { username, password, adminToken } });
  }

  /** A token that is good for a while. Rejects with `HttpError`. */
  token(): Promise<string> {
    return this.#tokens.fresh();
  }

  /** Changes the password; every other session of this user ends. */
  async changePassword(previousPassword: string, newPassword: string) {
    const { user } = this.#store.state.session;
    if (!user) return;
    const body = { username: user.name, previousPassword, newPassword };
    await askManager("/update-password", { body, token: await this.token() });
  }

  /** Logs out the other tabs of this browser. */
  announceLogout() {
    this.#tokens.announceLogout();
  }

  /** Ends the session, and shows the page of those who are not logged in. */
  async logout() {
    const token = this.#tokens.remembered;
    this.#leave(null);
    // Without a connection it ends by itself, later.
    if (token) await askManager("/logout", { body: {}, token }).catch(() => {});
  }

  /** @param notice why, when it was not the user's wish */
  #leave(notice: string | null) {
    this.#connection.stop();
    this.#tokens.forget();
    const { preferences, route, isOutdated } = this.#store.state;
    const session = { phase: "signed-out" as const, user: null, token: null, notice, setupCode: null, choosesSpaces: false };
    this.#store.set({ ...initialState(), session, preferences, route, isOutdated });
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

  #renewed(token: string) {
    this.#connection.useToken(token);
    const { session } = this.#store.state;
    if (session.phase === "signed-in") this.#store.set({ session: { ...session, token } });
  }

  async findUsers(query: string): Promise<UserHandle[]> {
    const found = await this.#connection.request("c2s:user-search-request", { query });
    return found.results ?? [];
  }

  /** Goes on with the login of another tab. */
  async #join(token: string) {
    if (this.#store.state.session.phase !== "signed-out") return;
    try {
      await this.#enter(token);
    } catch {
      // It has ended meanwhile: the form stays, and the next login is a new one.
      this.#tokens.forget();
    }
  }

  /** What those who are not logged in need to know; meanwhile another tab may hand over its login. */
  async #firstStart(): Promise<FirstStart> {
    const [firstStart] = await Promise.all([askManager("/page/first-start"), this.#tokens.handOver()]);
    return firstStart;
  }

  #ask({ needs_administrator: isFirst, needs_setup_code: needsCode, chooses_spaces: choosesSpaces }: FirstStart) {
    const phase = isFirst ? "first-start" : this.#invitation ? "invited" : "signed-out";
    const setupCode = needsCode ? this.#setupCode : null;
    this.#store.set(({ session }) => ({
      session: { ...session, phase, setupCode, choosesSpaces },
      link: { phase: "connecting", retryAt: null },
    }));
  }

  async #enter(token: string) {
    const { you } = await askManager("/status", { token });
    const user = { id: you.id, name: you.name, isAdmin: you.is_admin };
    if (this.#lastUser !== null && this.#lastUser !== user.id) this.#onOtherUser();
    this.#lastUser = user.id;
    this.#store.set({
      session: { phase: "signed-in", user, token, notice: null, setupCode: null, choosesSpaces: false },
      dialog: null,
    });
    this.#connection.start(token);
  }
}

/** What the page asks of every session. */
function session() {
  return { device: deviceName(navigator.userAgent), renewable: true };
}

/** Whether a token opens the door now. Rejects with `HttpError` when nobody can say. */
async function isGood(token: string) {
  try {
    await askManager("/status", { token });
    return true;
  } catch (error) {
    if (error instanceof HttpError && error.status === 401) return false;
    throw error;
  }
}
