/** What lies over the page on a phone has entries in the history, so that the back button closes it. */

export class Covers {
  /** How each is closed, the topmost last. */
  #open: (() => void)[] = [];
  /** Entries of the history that stand for them. */
  #entries = 0;
  /** Depth of the entry below those. */
  #base = 0;
  /** Going back takes a moment. */
  #isLeaving = false;
  #waiting: (() => void)[] = [];
  #onLeft;

  /** @param onLeft called when the page is in sight again, in an entry that may be of another time */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  /** @returns to be called when it is closed, whoever did so */
  add(close: () => void): () => void {
    this.#open.push(close);
    queueMicrotask(() => this.#level());
    return () => {
      this.#open = this.#open.filter((each) => each !== close);
      queueMicrotask(() => this.#level());
    };
  }

  /**
   * Closes all, and leaves their topmost entry to whoever asks.
   * @returns whether there is such an entry
   */
  end(): boolean {
    for (const close of this.#open.splice(0)) close();
    const hadEntry = this.#entries > 0;
    this.#entries = 0;
    return hadEntry;
  }

  /**
   * To be called when another entry of the history is the present one. Closes what stood above it.
   * @returns whether there was anything; then the page stays where it is
   */
  left(): boolean {
    if (this.#entries === 0) return false;
    this.#entries = Math.max(0, depth() - this.#base);
    if (!this.#isLeaving) for (const close of this.#open.splice(this.#entries)) close();
    this.#isLeaving = false;
    this.#onLeft();
    for (const action of this.#waiting.splice(0)) action();
    this.#level();
    return true;
  }

  /** Calls at once, or as soon as entries that are being left are gone. */
  whenStill(action: () => void) {
    if (this.#isLeaving) this.#waiting.push(action);
    else action();
  }

  /** As many entries as are needed: one that takes the place of another takes its entry, too. */
  #level() {
    if (this.#isLeaving || this.#open.length === this.#entries) return;
    if (this.#entries === 0) this.#base = depth();
    this.#isLeaving = this.#open.length < this.#entries;
    if (this.#isLeaving) return history.go(this.#open.length - this.#entries);
    for (; this.#entries < this.#open.length; this.#entries += 1) history.pushState({ ...history.state, depth: depth() + 1 }, "");
  }
}

/** @returns how many things lie over the page in the present entry of the history */
function depth(): number {
  return history.state?.depth ?? 0;
}
