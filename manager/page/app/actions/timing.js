/** Doing things not too often. */

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
