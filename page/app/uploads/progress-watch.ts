/** Since when nothing has gone on. Pure. */

/** Longer than a service takes for a chunk that Discord takes at once. */
export const STALL_MS = 10_000;

export class ProgressWatch {
  #seen: string | number | null = null;
  #since = 0;

  /**
   * @param now milliseconds
   * @param sign changes whenever something goes on
   * @returns seconds since when it has not changed; null as long as that is nothing to speak of
   */
  stalledFor(now: number, sign: string | number): number | null {
    if (sign !== this.#seen) {
      this.#seen = sign;
      this.#since = now;
    }
    const elapsed = now - this.#since;
    return elapsed < STALL_MS ? null : Math.floor(elapsed / 1_000);
  }

  /** Nothing is expected to go on. */
  reset() {
    this.#seen = null;
  }
}
