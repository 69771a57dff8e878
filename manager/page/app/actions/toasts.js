/** Short messages at the edge of the page. */

/** @import { Toast } from "../../types/state.js" */
/** @import { Store } from "../state/store.js" */
import { messageOf } from "../protocol/errors.js";

const SHOWN_MS = 6_000;

export class Toasts {
  #lastId = 0;
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /**
   * @param {string} text
   * @param {Toast["tone"]} [tone]
   */
  show(text, tone = "plain") {
    const id = this.open({ tone, text, action: null });
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  /** @param {unknown} error */
  error(error) {
    this.show(messageOf(error), "bad");
  }

  /**
   * Shows a message until it is closed.
   * @param {Omit<Toast, "id">} toast
   */
  open(toast) {
    const id = ++this.#lastId;
    this.#store.set(({ toasts }) => ({ toasts: [...toasts, { ...toast, id }] }));
    return id;
  }

  /** @param {number} id */
  close(id) {
    this.#store.set(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
  }
}
