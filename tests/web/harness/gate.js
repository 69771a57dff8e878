/** Holds chunks, and bundles of small files, on their way to an upload service, so that a test can look at uploads under way. */

/** @import { Page, Route } from "playwright-core" */

const TIMEOUT_MS = 30_000;

export class Gate {
  /** @type {Route[]} */
  #held = [];
  #isOpen = false;
  /** @type {(() => void)[]} */
  #arrivals = [];

  /**
   * @param {Page} page
   * @returns {Promise<Gate>}
   */
  static async before(page) {
    const gate = new Gate();
    await page.context().route(/\/(upload|bundle\/[^/]+)$/, (route) => gate.#arrive(route));
    return gate;
  }

  get held() {
    return this.#held.length;
  }

  /** Lets everything through, from now on. */
  async open() {
    this.#isOpen = true;
    await Promise.allSettled(this.#held.splice(0).map((route) => route.continue()));
  }

  /**
   * Lets the first ones through that are held.
   * @param {number} count
   */
  async pass(count) {
    await Promise.all(this.#held.splice(0, count).map((route) => route.continue()));
  }

  /**
   * Answers what is held as a service in trouble would.
   * @param {number} [status] of HTTP; after 507 nothing is sent again by itself
   */
  async refuse(status = 503) {
    const answer = { status, contentType: "application/json", body: '{"error":"out of order"}' };
    await Promise.allSettled(this.#held.splice(0).map((route) => route.fulfill(answer)));
  }

  /**
   * Waits until so many chunks and bundles are held.
   * @param {number} count
   */
  async holds(count) {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    while (this.#held.length < count) {
      await new Promise((resolve, reject) => {
        this.#arrivals.push(() => resolve(undefined));
        timeout.onabort = () => reject(new Error(`${this.#held.length} are held instead of ${count}`));
      });
    }
  }

  /** @param {Route} route */
  async #arrive(route) {
    if (route.request().method() === "OPTIONS" || this.#isOpen) return route.continue();
    this.#held.push(route);
    for (const arrival of this.#arrivals.splice(0)) arrival();
  }
}
