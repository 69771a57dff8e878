/** How fast something goes: bytes over the last few seconds. Pure. */

const WINDOW_MS = 5_000;
const MIN_SPAN_MS = 400;

export class Meter {
  /** @type {{ at: number, bytes: number }[]} */
  #samples = [];

  /**
   * @param {number} at milliseconds
   * @param {number} bytes sent so far, in all
   */
  record(at, bytes) {
    const last = this.#samples.at(-1);
    // A restart: what was measured before says nothing any more.
    if (last && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second; 0 while nothing can be said. */
  get rate() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at - first.at < MIN_SPAN_MS) return 0;
    return (1000 * (last.bytes - first.bytes)) / (last.at - first.at);
  }

  reset() {
    this.#samples = [];
  }
}
