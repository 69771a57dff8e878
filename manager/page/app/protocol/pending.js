/** Requests that wait for their replies. Time comes from outside. */

/** @import { Frame } from "../../types/wire.js" */
import { NoReply, Refused } from "./errors.js";

const TIMEOUT_MS = 10_000;

/** @typedef {{ resolve: (data: any) => void, reject: (error: Error) => void, timer: number }} Waiting */

export class PendingReplies {
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();

  /**
   * Waits for the reply to a request. A `generic:boolean` that says no rejects with `Refused`.
   * @param {string} uuid
   * @param {string} timeoutText
   * @returns {Promise<any>}
   */
  wait(uuid, timeoutText) {
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => this.#fail(uuid, new NoReply(timeoutText)), TIMEOUT_MS);
      this.#waiting.set(uuid, { resolve, reject, timer });
    });
  }

  /**
   * Takes a frame that answers a request.
   * @param {Frame} frame
   * @param {string} refusedText says what to show when the manager gives no reason
   * @returns {boolean} whether somebody waited for it
   */
  settle(frame, refusedText) {
    const waiting = this.#take(frame.replyUuid ?? "");
    if (!waiting) return false;
    const { success, message } = frame.data;
    if (frame.id === "generic:boolean" && success !== true) {
      waiting.reject(new Refused(typeof message === "string" ? message : refusedText));
    } else {
      waiting.resolve(frame.data);
    }
    return true;
  }

  /** @param {Error} error rejects everything that waits */
  failAll(error) {
    for (const uuid of [...this.#waiting.keys()]) this.#fail(uuid, error);
  }

  /**
   * @param {string} uuid
   * @param {Error} error
   */
  #fail(uuid, error) {
    this.#take(uuid)?.reject(error);
  }

  /** @param {string} uuid */
  #take(uuid) {
    const waiting = this.#waiting.get(uuid);
    if (waiting) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(uuid);
    }
    return waiting;
  }
}
