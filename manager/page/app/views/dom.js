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

/**
 * Names of classes that apply.
 * @param {...(string | false | null | undefined)} names
 */
export function classes(...names) {
  return names.filter(Boolean).join(" ");
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
