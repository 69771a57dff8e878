/** Doing things not too often, and not too many at once. */

/**
 * Works on all values, several at the same time, beginning with the first. Rejects with the first error.
 * @param most at the same time
 */
export async function severalAtOnce<Value>(values: readonly Value[], most: number, work: (value: Value) => Promise<void>) {
  const left = values.values();
  const worker = async () => {
    for (const value of left) await work(value);
  };
  await Promise.all(Array.from({ length: Math.min(most, values.length) }, worker));
}

/** Calls at once, and then once more after each pause in which it was asked for. */
export function atMostEvery(action: () => void, pauseMs: number) {
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

/** Calls once nothing has been asked for during a while. */
export function afterQuiet<Arguments extends unknown[]>(action: (...values: Arguments) => void, quietMs: number) {
  let timer = 0;
  return (...values: Arguments) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => action(...values), quietMs);
  };
}
