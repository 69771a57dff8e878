/**
 * The token of the login, and the secret that gets the next one: in this tab alone, or in this browser when somebody wants to
 * stay logged in. Either is out of reach of other sites; no script but the page's own runs here (docs/web.md).
 */

import { HttpError, askManager } from "./http.js";

const TOKEN = "discord-cloud.token";
/** Gets the next token once. Without one the token lives as long as the session. */
const RENEWAL = "discord-cloud.renewal";
/** From when on the token is renewed, by the clock of this device. */
const RENEW_AT = "discord-cloud.renew-at";
const KEYS = [TOKEN, RENEWAL, RENEW_AT];
/** The part of its life for which a token is used. */
const USED = 0.8;
const RETRY_MS = 10_000;

export type Issued = { token: string; renewal?: string };

export class Tokens {
  #renewing: Promise<string> | null = null;
  #timer = 0;
  #onRenewed;

  /** @param onRenewed called with each new token */
  constructor(onRenewed: (token: string) => void) {
    this.#onRenewed = onRenewed;
    // A timer does not run while a machine sleeps.
    document.addEventListener("visibilitychange", () => document.hidden || this.#renewInTime());
  }

  get remembered(): string | null {
    return place().getItem(TOKEN);
  }

  /** Whether the login outlives this tab. */
  get stays() {
    return localStorage.getItem(TOKEN) !== null;
  }

  remember(issued: Issued, stay: boolean) {
    this.forget();
    write(stay ? localStorage : sessionStorage, issued);
    this.#renewInTime();
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
      const known = storage.getItem(TOKEN) ?? "";
      const renewal = storage.getItem(RENEWAL);
      // Another tab may have renewed it meanwhile.
      if (!renewal || known !== before) return this.#renewed(known);
      const issued: Issued = await askManager("/account/token", { body: { renewal }, isPatient: true });
      // Unless somebody has logged out, or in, meanwhile.
      if (storage.getItem(RENEWAL) === renewal) write(storage, issued);
      return this.#renewed(storage.getItem(TOKEN) ?? "");
    });
  }

  #renewed(token: string) {
    this.#onRenewed(token);
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
  storage.setItem(TOKEN, token);
  if (!renewal) return;
  storage.setItem(RENEWAL, renewal);
  storage.setItem(RENEW_AT, String(Date.now() + USED * lifeMs(token)));
}

/** How long a token lives: clocks differ, but not lengths of time. */
function lifeMs(token: string) {
  const claims = JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
  return 1000 * (claims.exp - claims.iat);
}

/**
 * Runs in one tab at a time, as a renewal secret is good once. Browsers can do that where a page comes by HTTPS, or from this
 * machine; elsewhere the manager has a little patience with a second tab.
 */
function alone<Result>(work: () => Promise<Result>): Promise<Result> {
  return navigator.locks ? navigator.locks.request(RENEWAL, work) : work();
}
