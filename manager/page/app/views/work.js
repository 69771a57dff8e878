/** A form's work: whether it runs, and what went wrong. */

import { messageOf } from "../protocol/errors.js";
import { useRef, useState } from "./dom.js";

/**
 * Runs work one at a time, and keeps its error for showing.
 * @returns {{ isBusy: boolean, error: string | null, run: (work: () => Promise<void>) => Promise<void> }}
 */
export function useWork() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const running = useRef(false);
  const run = async (/** @type {() => Promise<void>} */ work) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (failure) {
      setError(messageOf(failure));
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { isBusy, error, run };
}

/**
 * A handler for `submit` that keeps the browser from sending the form itself.
 * @param {() => void} action
 */
export function onSubmit(action) {
  return (/** @type {Event} */ event) => {
    event.preventDefault();
    action();
  };
}
