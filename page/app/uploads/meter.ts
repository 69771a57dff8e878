/** How fast something goes: bytes over the last few seconds. Pure. */

const WINDOW_MS = 5_000;
const MIN_SPAN_MS = 400;
/** The first chunks tell little of those that follow. */
const MIN_FORECAST_MS = 2_000;

export class Meter {
  #samples: { at: number; bytes: number }[] = [];

  /**
   * @param at milliseconds
   * @param bytes sent so far, in all
   */
  record(at: number, bytes: number) {
    const last = this.#samples.at(-1);
    // A restart: what was measured before says nothing any more.
    if (last && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second; 0 while nothing can be said. */
  get rate() {
    return this.#rateOver(MIN_SPAN_MS);
  }

  /** Seconds that so many bytes will take; null while nothing can be said. */
  secondsFor(bytes: number) {
    const rate = this.#rateOver(MIN_FORECAST_MS);
    return rate > 0 ? bytes / rate : null;
  }

  /** @param least milliseconds that have to be measured */
  #rateOver(least: number) {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at - first.at < least) return 0;
    return (1000 * (last.bytes - first.bytes)) / (last.at - first.at);
  }

  reset() {
    this.#samples = [];
  }
}
