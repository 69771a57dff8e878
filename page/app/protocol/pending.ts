/** Requests that wait for their replies. Time comes from outside. */

import type { Frame } from "../../types/wire.js";
import { NoReply, Refused } from "./errors.js";

const TIMEOUT_MS = 10_000;

export type Waiting = { resolve: (data: any) => void; reject: (error: Error) => void; timer: number };

export class PendingReplies {
  #waiting = new Map<string, Waiting>();

  /** Waits for the reply to a request. A `generic:boolean` that says no rejects with `Refused`. */
  wait(uuid: string, timeoutText: string): Promise<any> {
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => this.#fail(uuid, new NoReply(timeoutText)), TIMEOUT_MS);
      this.#waiting.set(uuid, { resolve, reject, timer });
    });
  }

  /**
   * Takes a frame that answers a request.
   * @returns whether somebody waited for it
   * @param refusedText says what to show when the manager gives no reason
   */
  settle(frame: Frame, refusedText: string): boolean {
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

  /** @param error rejects everything that waits */
  failAll(error: Error) {
    for (const uuid of [...this.#waiting.keys()]) this.#fail(uuid, error);
  }

  #fail(uuid: string, error: Error) {
    this.#take(uuid)?.reject(error);
  }

  #take(uuid: string) {
    const waiting = this.#waiting.get(uuid);
    if (waiting) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(uuid);
    }
    return waiting;
  }
}
