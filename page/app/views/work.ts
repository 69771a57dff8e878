/** What forms and dialogs wait for: whether it runs, and what went wrong. */

import { messageOf } from "../protocol/errors.js";
import { useEffect, useRef, useState, useStore } from "./dom.js";

/** Whether the page is connected. */
export function useOnline() {
  return useStore((state) => state.link.phase === "online");
}

/**
 * Loads what a part of the page shows: once, when the inputs change, and when a lost connection is back.
 * @returns what went wrong
 */
export function useLoading(load: () => Promise<void>, inputs: readonly unknown[] = []): string | null {
  const isOnline = useOnline();
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let isWanted = true;
    setError(null);
    load().catch((failure) => isWanted && setError(messageOf(failure)));
    return () => {
      isWanted = false;
    };
  }, [...inputs, isOnline]);
  return error;
}

/** Runs work one at a time, and keeps its error for showing. */
export function useWork(): { isBusy: boolean; error: string | null; run: (work: () => Promise<void>) => Promise<void> } {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const running = useRef(false);
  const run = async (work: () => Promise<void>) => {
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

/** A handler for `submit` that keeps the browser from sending the form itself. */
export function onSubmit(action: () => void) {
  return (event: Event) => {
    event.preventDefault();
    action();
  };
}
