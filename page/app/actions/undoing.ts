/** Offers to undo what was just done, by a button in a message and by Ctrl+Z. */

import type { Toasts } from "./toasts.js";
import { text } from "../text/text.js";

const OFFERED_MS = 10_000;

type Offer = { toast: number; timer: ReturnType<typeof setTimeout> | undefined; undo: () => void; onEnd: () => void };

export class Undoing {
  /** The newest one comes last. */
  #offers: Offer[] = [];
  #toasts;

  constructor(toasts: Toasts) {
    this.#toasts = toasts;
  }

  /**
   * @param done what was done, in words
   * @param how `onEnd` is called when it cannot be undone any more; the time for undoing begins after `working`
   * @returns withdraws the offer
   */
  offer(
    done: string,
    {
      icon,
      undo,
      onEnd = () => {},
      working = Promise.resolve(),
    }: { icon: string; undo: () => void; onEnd?: () => void; working?: Promise<unknown> },
  ): () => void {
    const run = () => {
      withdraw();
      undo();
    };
    const action = { label: text.undoing.undo, icon, run };
    const toast = this.#toasts.open({ tone: "plain", text: done, action });
    const offer: Offer = { toast, timer: undefined, undo: run, onEnd };
    const withdraw = () => this.#withdraw(offer);
    this.#offers.push(offer);
    void working.finally(() => {
      if (this.#offers.includes(offer)) offer.timer = setTimeout(withdraw, OFFERED_MS);
    });
    return withdraw;
  }

  get isPossible() {
    return this.#offers.length > 0;
  }

  /** Undoes what was done last. */
  undoLast() {
    this.#offers.at(-1)?.undo();
  }

  withdrawAll() {
    for (const offer of [...this.#offers]) this.#withdraw(offer);
  }

  #withdraw(offer: Offer) {
    this.#offers = this.#offers.filter((other) => other !== offer);
    clearTimeout(offer.timer);
    this.#toasts.close(offer.toast);
    offer.onEnd();
  }
}
