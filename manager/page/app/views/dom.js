/** What views are made of: templates, hooks, the app, and its state. */

/** @import { State } from "../../types/state.js" */
/** @import { App } from "../actions/app.js" */
import { createContext, h } from "../../vendor/preact.js";
import { useContext, useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import htm from "../../vendor/htm.js";

export { render } from "../../vendor/preact.js";
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";

/** @type {(strings: TemplateStringsArray, ...values: unknown[]) => any} */
export const html = htm.bind(/** @type {any} */ (h));

const AppContext = createContext(/** @type {App | null} */ (null));
export const AppProvider = AppContext.Provider;

/** @returns {App} */
export function useApp() {
  const app = useContext(AppContext);
  if (!app) throw new Error("views stand inside an AppProvider");
  return app;
}

/**
 * A part of the state; the view is drawn again when that part is another one.
 * @template Part
 * @param {(state: State) => Part} select
 * @returns {Part}
 */
export function useStore(select) {
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

/**
 * @param {string} query
 * @returns {boolean} whether it applies at the moment
 */
export function useMedia(query) {
  const [, drawAgain] = useState({});
  const media = matchMedia(query);
  useLayoutEffect(() => {
    const change = () => drawAgain({});
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return media.matches;
}

/**
 * Names of classes that apply.
 * @param {...(string | false | null | undefined)} names
 */
export function classes(...names) {
  return names.filter(Boolean).join(" ");
}

/**
 * A handler for a link within the page; other tabs and windows stay the browser's.
 * @param {() => void} go
 */
export function onPlainClick(go) {
  return (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  };
}

/**
 * Takes the focus when it appears, and selects what is in it.
 * @template {HTMLElement} Target
 * @param {boolean} isWanted whether it takes the focus at all
 */
export function useAutoFocus(isWanted = true) {
  const target = useRef(/** @type {Target | null} */ (null));
  useLayoutEffect(() => {
    if (!isWanted) return;
    target.current?.focus();
    if (target.current instanceof HTMLInputElement) target.current.select();
  }, []);
  return target;
}
