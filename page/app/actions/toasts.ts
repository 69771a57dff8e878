/** Short messages at the edge of the page. */

import type { Toast } from "../../types/state.js";
import type { Store } from "../state/store.js";
import { messageOf } from "../protocol/errors.js";

const SHOWN_MS = 6_000;

export class Toasts {
  #lastId = 0;
  #store;

  constructor(store: Store) {
    this.#store = store;
  }

  show(text: string, tone: Toast["tone"] = "plain") {
    const id = this.open({ tone, text, action: null });
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  error(error: unknown) {
    this.show(messageOf(error), "bad");
  }

  /** Shows a message until it is closed. */
  open(toast: Omit<Toast, "id">) {
    const id = ++this.#lastId;
    this.#store.set(({ toasts }) => ({ toasts: [...toasts, { ...toast, id }] }));
    return id;
  }

  close(id: number) {
    this.#store.set(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
  }
}
