/**
 * What each entry of the browser's history looked like when it was left, so that going back and forward restores it. It
 * is kept for as long as the tab.
 */

/** How a list stood. */
export interface Whereabouts {
  /** Pixels that it was scrolled by. */
  top: number;
  /** Rows that were drawn. */
  first: number;
  last: number;
  /** Row and item of the keyboard's focus; -1 and null: none. */
  focus: number;
  focusKey: string | null;
}

const KEY = "discord-cloud.whereabouts";
/** Of which what a list looked like is kept; the oldest are forgotten. */
const MOST_ENTRIES = 100;

export class Places {
  #left = new Map<number, Whereabouts>(read());
  #entry = 0;
  #measure: (() => Whereabouts) | null = null;
  #arrived: Whereabouts | null = null;

  constructor() {
    window.addEventListener("pagehide", () => {
      this.leave();
      sessionStorage.setItem(KEY, JSON.stringify([...this.#left]));
    });
  }

  /** How the list stood in the present entry, when it was left before; null: it is new, or starts at its top. */
  get arrived() {
    return this.#arrived;
  }

  /** The present entry. */
  get entry() {
    return this.#entry;
  }

  /** The list is another one, though the entry is the same. */
  startOver() {
    this.#arrived = null;
  }

  /**
   * Lets a list that is in sight say how it stands.
   * @returns to be called when it is gone
   */
  attach(measure: () => Whereabouts): () => void {
    this.#measure = measure;
    return () => {
      if (this.#measure === measure) this.#measure = null;
    };
  }

  /** To be called before another entry is shown. */
  leave() {
    if (!this.#measure) return;
    this.#left.delete(this.#entry);
    this.#left.set(this.#entry, this.#measure());
    const [oldest] = this.#left.keys();
    if (this.#left.size > MOST_ENTRIES && oldest !== undefined) this.#left.delete(oldest);
  }

  /**
   * To be called when an entry is the present one, before it is shown.
   * @param state of the history; one without a number is new, and gets one
   */
  arrive(state: { entry?: number } | null) {
    this.#entry = state?.entry ?? this.next();
    this.#arrived = this.#left.get(this.#entry) ?? null;
    return this.#entry;
  }

  /** A number that no entry has. */
  next() {
    return Math.max(Date.now(), this.#entry + 1);
  }
}

function read(): [number, Whereabouts][] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
