/** Doing things not too often, and not too many at once. */

/**
 * Works on all values, several at the same time, beginning with the first. Rejects with the first error.
 * @template Value
 * @param {readonly Value[]} values
 * @param {number} most at the same time
 * @param {(value: Value) => Promise<void>} work
 */
export async function severalAtOnce(values, most, work) {
  const left = values.values();
  const worker = async () => {
    for (const value of left) await work(value);
  };
  await Promise.all(Array.from({ length: Math.min(most, values.length) }, worker));
}

/**
 * Calls at once, and then once more after each pause in which it was asked for.
 * @param {() => void} action
 * @param {number} pauseMs
 */
export function atMostEvery(action, pauseMs) {
  let isPausing = false;
  let isAskedFor = false;
  const run = () => {
    isAskedFor = false;
    isPausing = true;
    action();
    setTimeout(() => {
      isPausing = false;
      if (isAskedFor) run();
    }, pauseMs);
  };
  return () => {
    isAskedFor = true;
    if (!isPausing) run();
  };
}

/**
 * Calls once nothing has been asked for during a while.
 * @template {unknown[]} Arguments
 * @param {(...values: Arguments) => void} action
 * @param {number} quietMs
 */
export function afterQuiet(action, quietMs) {
  let timer = 0;
  return (/** @type {Arguments} */ ...values) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => action(...values), quietMs);
  };
}
