/**
 * The right to fetch content: a cookie, which pictures, players and downloads send, as they cannot send a header. It is valid
 * for minutes, and fetched again as long as the page is open. Addresses of content open nothing without it.
 */

import { HttpError, askManager } from "./http.js";

/** The part of its life for which a cookie is used. */
const USED = 0.5;
const RETRY_MS = 10_000;

export class ContentAccess {
  /** Where the cookie is sent, and from when on it is fetched again. */
  #granted: { path: string; renewAt: number } | null = null;
  #asking: Promise<string> | null = null;
  #timer = 0;
  /** Grows with each change of user. */
  #epoch = 0;
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
    // A timer does not run while a machine sleeps.
    document.addEventListener("visibilitychange", () => document.hidden || !this.#granted || this.#renewInTime());
  }

  /** The path below which content is, for which the browser has a cookie that is good for a while. Rejects with `HttpError`. */
  async path(): Promise<string> {
    if (this.#granted && Date.now() < this.#granted.renewAt) return this.#granted.path;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** What one user may fetch is not the next one's. */
  forget() {
    clearTimeout(this.#timer);
    this.#epoch += 1;
    this.#granted = null;
    this.#asking = null;
  }

  async #ask() {
    const epoch = this.#epoch;
    const { path, expires_in_s: lifeS } = await askManager("/page/content-access", {
      method: "POST",
      token: await this.#token(),
      isPatient: true,
    });
    if (epoch === this.#epoch) {
      this.#granted = { path, renewAt: Date.now() + USED * lifeS * 1000 };
      this.#renewInTime();
    }
    return path;
  }

  #renewInTime() {
    clearTimeout(this.#timer);
    const pauseMs = Math.max(0, (this.#granted?.renewAt ?? 0) - Date.now());
    this.#timer = window.setTimeout(() => {
      this.path().catch((error) => {
        // A session that has ended gets none; without a connection it is tried again.
        if (!(error instanceof HttpError) || error.status !== 401)
          this.#timer = window.setTimeout(() => this.#renewInTime(), RETRY_MS);
      });
    }, pauseMs);
  }
}
