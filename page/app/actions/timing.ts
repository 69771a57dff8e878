/** Doing things not too often, and not too many at once. */

/**
 * Works on all values, several at the same time, beginning with the first. Rejects with the first error.
 * @param most at the same time
 * @returns the results, in the order of the values
 */
export async function severalAtOnce<Value, Result>(
  values: readonly Value[],
  most: number,
  work: (value: Value) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(values.length);
  const left = values.entries();
  const worker = async () => {
    for (const [index, value] of left) results[index] = await work(value);
  };
  await Promise.all(Array.from({ length: Math.min(most, values.length) }, worker));
  return results;
}

/**
 * Calls at once, and then once more after each pause in which it was asked for. The pause lasts at least as long as the
 * call, so that calls that take longer than it, over a slow line, do not supersede each other for ever.
 * @param action never rejects
 */
export function atMostEvery(action: () => Promise<void>, pauseMs: number) {
  let isPausing = false;
  let isAskedFor = false;
  const run = async () => {
    isAskedFor = false;
    isPausing = true;
    await Promise.all([action(), new Promise((resolve) => setTimeout(resolve, pauseMs))]);
    isPausing = false;
    if (isAskedFor) void run();
  };
  return () => {
    isAskedFor = true;
    if (!isPausing) void run();
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
