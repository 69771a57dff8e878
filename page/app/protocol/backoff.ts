/** When to try again: capped exponential back-off with full jitter. Pure. */

const BASE_MS = 500;
/** However long the manager was away, its return is noticed soon: an upload that waits goes on within five seconds. */
const CAP_MS = 3_000;
/** A manager that is restarted is back within seconds; for about as long the pauses stay short. */
const QUICK_ATTEMPTS = 12;

/**
 * @returns milliseconds to wait, never less than half a second's half
 * @param attempt counts failures so far, from 0
 * @param random in [0, 1)
 */
export function retryDelay(attempt: number, random: number): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(Math.max(0, attempt - QUICK_ATTEMPTS), 16));
  return Math.round(BASE_MS / 2 + random * (ceiling - BASE_MS / 2));
}
