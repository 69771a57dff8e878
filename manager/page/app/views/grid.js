/** What table and tiles have in common: loading what is seen, keys, and the menu. */

/** @import { Item } from "../../types/state.js" */
/** @import { App } from "../actions/app.js" */
/** @import { Viewport } from "./viewport.js" */
import { useEffect, useLayoutEffect, useStore } from "./dom.js";
import { onGridKey } from "./grid-keys.js";
import { longPress } from "./long-press.js";

/**
 * Loads the rows that are drawn, and keeps the focused one in sight.
 * @param {App} app
 * @param {Viewport} viewport
 * @param {number} columns items in a line
 */
export function useRows(app, viewport, columns) {
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  const focus = useStore((state) => state.selection.focus);
  useEffect(() => {
    app.browser.show(viewport.first * columns, (viewport.last + 1) * columns - 1);
  }, [listing, hidden, viewport.first, viewport.last, columns]);
  useLayoutEffect(() => {
    if (viewport.root.current) viewport.root.current.scrollTop = 0;
  }, [listing.path]);
  useLayoutEffect(() => {
    if (focus >= 0) viewport.reveal(Math.floor(focus / columns));
  }, [focus, columns]);
  useKeysOfPage(app, viewport.root, columns);
}

/**
 * Lets keys that nothing else on the page has reach the list: nobody needs to click there first.
 * @param {App} app
 * @param {{ current: HTMLElement | null }} root of the list
 * @param {number} columns
 */
export function useKeysOfPage(app, root, columns) {
  useEffect(() => {
    const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
      if (event.target !== document.body || document.querySelector(":modal")) return;
      onGridKey(app, event, columns);
      if (event.defaultPrevented) root.current?.focus({ preventScroll: true });
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [app, columns]);
}

/**
 * Handlers of the whole list.
 * @param {App} app
 * @param {number} columns
 */
export function gridHandlers(app, columns) {
  return {
    onKeyDown: (/** @type {KeyboardEvent} */ event) => onGridKey(app, event, columns),
    onContextMenu: (/** @type {MouseEvent} */ event) => {
      event.preventDefault();
      app.store.set({ menu: { x: event.clientX, y: event.clientY, items: [] } });
    },
    onClick: (/** @type {MouseEvent} */ event) => {
      if (event.target === event.currentTarget) app.selecting.clear();
    },
  };
}

/**
 * Handlers of one item.
 * @param {App} app
 * @param {Item} item
 * @param {number} row
 */
export function itemHandlers(app, item, row) {
  return {
    onClick: (/** @type {PointerEvent} */ event) => {
      event.stopPropagation();
      // A finger has no double click; once something is selected, it goes on selecting.
      const isTouch = event.pointerType === "touch";
      if (isTouch && app.store.state.selection.items.size === 0) return app.selecting.open(item);
      app.selecting.click(item, row, { toggle: isTouch || event.ctrlKey || event.metaKey, extend: event.shiftKey });
    },
    onDblClick: () => app.selecting.open(item),
    ...longPress.handlers(
      () => hold(app, item, row),
      (event) => openMenu(app, item, row, event.clientX, event.clientY),
    ),
  };
}

/**
 * A finger that rests begins to select, and then selects everything up to where it rests next.
 * @param {App} app
 * @param {Item} item
 * @param {number} row
 */
function hold(app, item, row) {
  const isFirst = app.store.state.selection.items.size === 0;
  app.selecting.click(item, row, { toggle: isFirst, extend: !isFirst });
}

/**
 * The menu of the selection, to which the item belongs from now on.
 * @param {App} app
 * @param {Item} item
 * @param {number} row
 * @param {number} x
 * @param {number} y
 */
export function openMenu(app, item, row, x, y) {
  if (!app.store.state.selection.items.has(item.key)) app.selecting.click(item, row, { toggle: false, extend: false });
  app.store.set({ menu: { x, y, items: app.selecting.items } });
}
