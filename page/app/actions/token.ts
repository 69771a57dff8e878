/**
 * The token of the login, and the secret that gets the next one: in the open tabs alone, which hand it to each other, or in this
 * browser when somebody wants to stay logged in. Either is out of reach of other sites; no script but the page's own runs here
 * (docs/web.md).
 */

import type { StoredLogin } from "./login-channel.js";
import { HttpError, askManager } from "./http.js";
import { LoginChannel } from "./login-channel.js";

const TOKEN = "discord-cloud.token";
/** Gets the next token once. Without one the token lives as long as the session. */
const RENEWAL = "discord-cloud.renewal";
/** From when on the token is renewed, by the clock of this device. */
const RENEW_AT = "discord-cloud.renew-at";
const KEYS = [TOKEN, RENEWAL, RENEW_AT];
/** The part of its life for which a token is used. */
const USED = 0.8;
const RETRY_MS = 10_000;
/** How long other tabs may take to hand over their login. */
const HANDOVER_MS = 150;

export type Issued = { token: string; renewal?: string };

export interface TokenListener {
  /** called with each new token of the same login */
  onRenewed: (token: string) => void;
  /** called when another tab has handed over a login */
  onLogin: (token: string) => void;
  /** called when another tab has logged out */
  onLogout: () => void;
}

export class Tokens {
  #renewing: Promise<string> | null = null;
  #timer = 0;
  #listener;
  #channel;
  /** To be called when another tab has answered. */
  #answered: (() => void)[] = [];

  constructor(listener: TokenListener) {
    this.#listener = listener;
    this.#channel = new LoginChannel({
      ownLogin: () => read(place()),
      onLogin: (login) => this.#take(login),
      onLogout: listener.onLogout,
    });
    // A timer does not run while a machine sleeps.
    document.addEventListener("visibilitychange", () => document.hidden || this.#renewInTime());
  }

  get remembered(): string | null {
    return place().getItem(TOKEN);
  }

  remember(issued: Issued, stay: boolean) {
    this.forget();
    write(stay ? localStorage : sessionStorage, issued);
    this.#announce();
    this.#renewInTime();
  }

  /** Takes over the login of another tab, if there is one that has it. Never rejects. */
  async handOver() {
    this.#channel.ask();
    await new Promise<void>((resolve) => {
      this.#answered.push(resolve);
      window.setTimeout(resolve, HANDOVER_MS);
    });
  }

  /** Logs out the other tabs. */
  announceLogout() {
    this.#channel.announceLogout();
  }

  forget() {
    clearTimeout(this.#timer);
    for (const key of KEYS) {
      sessionStorage.removeItem(key);
      localStorage.removeItem(key);
    }
  }

  /**
   * A token that is good for a while. Rejects with `HttpError`; with status 401 when the session has ended.
   * @param options `isForced`: also when the clock says that the present one is good
   */
  async fresh({ isForced = false }: { isForced?: boolean } = {}): Promise<string> {
    const token = this.remembered ?? "";
    if (!place().getItem(RENEWAL) || !(isForced || isDue())) return token;
    this.#renewing ??= this.#renew(token).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** @param before the token that is to be replaced */
  async #renew(before: string) {
    return alone(async () => {
      const storage = place();
      // A secret is good once: what another tab has got for it may still be on its way.
      if (storage === sessionStorage) await this.handOver();
      const known = storage.getItem(TOKEN) ?? "";
      const renewal = storage.getItem(RENEWAL);
      // Another tab may have renewed it meanwhile.
      if (!renewal || known !== before) return this.#renewed(known);
      const issued: Issued = await askManager("/account/token", { body: { renewal }, isPatient: true });
      // Unless somebody has logged out, or in, meanwhile.
      if (storage.getItem(RENEWAL) === renewal) {
        write(storage, issued);
        this.#announce();
      }
      return this.#renewed(storage.getItem(TOKEN) ?? "");
    });
  }

  #announce() {
    const login = read(place());
    if (login) this.#channel.announce(login);
  }

  /** What another tab has stored for all may not be seen here yet, so it is stored again. */
  #take(login: StoredLogin) {
    const own = read(place());
    const isRenewed = own !== null && own.stays === login.stays && isSuccessor(login, own);
    if (own === null || isRenewed) {
      store(login.stays ? localStorage : sessionStorage, login);
      for (const resolve of this.#answered.splice(0)) resolve();
    }
    if (isRenewed) return void this.#renewed(login.token);
    this.#renewInTime();
    this.#listener.onLogin(this.remembered ?? login.token);
  }

  #renewed(token: string) {
    this.#listener.onRenewed(token);
    this.#renewInTime();
    return token;
  }

  #renewInTime() {
    clearTimeout(this.#timer);
    if (!place().getItem(RENEWAL)) return;
    const pauseMs = Math.max(0, Number(place().getItem(RENEW_AT)) - Date.now());
    this.#timer = window.setTimeout(() => {
      this.fresh().catch((error) => {
        // Whoever asks for it next is told; without a connection it is tried again.
        if (!(error instanceof HttpError) || error.status !== 401)
          this.#timer = window.setTimeout(() => this.#renewInTime(), RETRY_MS);
      });
    }, pauseMs);
  }
}

/** Where the login of this tab is. */
function place() {
  return sessionStorage.getItem(TOKEN) === null ? localStorage : sessionStorage;
}

function isDue() {
  return Date.now() >= Number(place().getItem(RENEW_AT));
}

function write(storage: Storage, { token, renewal }: Issued) {
  const renewAt = renewal ? String(Date.now() + USED * lifeMs(token)) : null;
  store(storage, { token, renewal: renewal ?? null, renewAt });
}

function store(storage: Storage, { token, renewal, renewAt }: Omit<StoredLogin, "stays">) {
  storage.setItem(TOKEN, token);
  if (renewal !== null) storage.setItem(RENEWAL, renewal);
  if (renewAt !== null) storage.setItem(RENEW_AT, renewAt);
}

function read(storage: Storage): StoredLogin | null {
  const [token, renewal, renewAt] = [TOKEN, RENEWAL, RENEW_AT].map((key) => storage.getItem(key));
  return token ? { token, renewal: renewal ?? null, renewAt: renewAt ?? null, stays: storage === localStorage } : null;
}

/** Whether a login is the same one, renewed later. */
function isSuccessor(login: StoredLogin, before: StoredLogin | null) {
  if (!login.renewal || !before?.renewal) return false;
  const [now, then] = [claimsOf(login.renewal), claimsOf(before.renewal)];
  return now["sid"] === then["sid"] && now["generation"] > then["generation"];
}

/** How long a token lives: clocks differ, but not lengths of time. */
function lifeMs(token: string) {
  const claims = claimsOf(token);
  return 1000 * (claims["exp"] - claims["iat"]);
}

function claimsOf(token: string) {
  return JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
}

/**
 * Runs in one tab at a time, as a renewal secret is good once. Browsers can do that where a page comes by HTTPS, or from this
 * machine; elsewhere the manager has a little patience with a second tab.
 */
function alone<Result>(work: () => Promise<Result>): Promise<Result> {
  return navigator.locks ? navigator.locks.request(RENEWAL, work) : work();
}
