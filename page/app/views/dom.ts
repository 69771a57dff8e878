/** What views are made of: templates, hooks, the app, and its state. */

import type { State } from "../../types/state.js";
import type { App } from "../actions/app.js";
import { createContext } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";

export { render } from "preact";
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

const AppContext = createContext(null as App | null);
export const AppProvider = AppContext.Provider;

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("views stand inside an AppProvider");
  return app;
}

/** A part of the state; the view is drawn again when that part is another one. */
export function useStore<Part>(select: (state: State) => Part): Part {
  const { store } = useApp();
  const [, drawAgain] = useState({});
  const latest = useRef({ select, part: select(store.state) });
  latest.current = { select, part: select(store.state) };
  useLayoutEffect(() => {
    const check = () => {
      const { select, part } = latest.current;
      if (!Object.is(select(store.state), part)) drawAgain({});
    };
    check();
    return store.watch(check);
  }, [store]);
  return latest.current.part;
}

/** A screen that has room for the list alone, as in layout.css. */
export const NARROW = "(max-width: 760px)";
/** Such a screen under a finger. */
export const PHONE = `${NARROW} and (pointer: coarse)`;
/** A screen that has room for details beside the list, as in layout.css. */
export const ROOM_FOR_DETAILS = "(min-width: 901px)";

/** @returns whether it applies at the moment */
export function useMedia(query: string): boolean {
  const [, drawAgain] = useState({});
  const media = matchMedia(query);
  useLayoutEffect(() => {
    const change = () => drawAgain({});
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return media.matches;
}

/** Names of classes that apply. */
export function classes(...names: (string | false | null | undefined)[]) {
  return names.filter(Boolean).join(" ");
}

/** A handler for a link within the page; other tabs and windows stay the browser's. */
export function onPlainClick(go: () => void) {
  return (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  };
}

/**
 * Takes the focus when it appears, and selects what is in it.
 * @param isWanted whether it takes the focus at all
 */
export function useAutoFocus<Target extends HTMLElement>(isWanted: boolean = true) {
  const target = useRef<Target | null>(null);
  useLayoutEffect(() => {
    if (!isWanted) return;
    target.current?.focus();
    if (target.current instanceof HTMLInputElement) target.current.select();
  }, []);
  return target;
}
