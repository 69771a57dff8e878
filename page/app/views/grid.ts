/** What table and tiles have in common: loading what is seen, keys, and the menu. */

import type { Item } from "../../types/state.js";
import type { App } from "../actions/app.js";
import type { Whereabouts } from "../actions/places.js";
import type { Viewport } from "./viewport.js";
import { itemAt, rowOf } from "../state/listing.js";
import { classes, useApp, useEffect, useLayoutEffect, useRef, useStore } from "./dom.js";
import { onGridKey } from "./grid-keys.js";
import { dragSource, useDropTarget } from "./item-drag.js";
import { longPress } from "./long-press.js";
import { afterPress } from "./menu.js";

const noWhereabouts: Whereabouts = { top: 0, first: 0, last: 0, focus: -1, focusKey: null };

/**
 * Loads the rows that are drawn, and keeps the focused one in sight.
 * @param columns items in a line
 */
export function useRows(app: App, viewport: Viewport, columns: number) {
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  const focus = useStore((state) => state.selection.focus);
  useEffect(() => {
    app.browser.show(viewport.first * columns, (viewport.last + 1) * columns - 1);
  }, [listing, hidden, viewport.first, viewport.last, columns]);
  const { places } = app.navigation;
  /** The row of the focus when the list was scrolled to where it was left: it need not be in sight. */
  const restored = useRef(-1);
  const cameBack = useRef(leftAt(0));
  useLayoutEffect(() => {
    cameBack.current = leftAt(places.arrived?.top ?? 0);
    restored.current = places.arrived ? focus : -1;
    viewport.root.current?.scrollTo({ top: 0, behavior: "instant" });
  }, [listing.path]);
  useLayoutEffect(() => {
    if (focus !== restored.current) cameBack.current = leftAt(0);
  }, [focus]);
  useLayoutEffect(() => {
    // Width and columns are known after the first drawing, and change when the details come.
    cameBack.current.scroll(viewport.root.current);
  }, [listing.path, columns, viewport.height]);
  useLayoutEffect(() => {
    const isMoved = focus >= 0 && focus !== restored.current;
    if (isMoved && cameBack.current.isOver()) viewport.reveal(Math.floor(focus / columns));
    restored.current = -1;
  }, [focus, columns]);
  const sought = useStore((state) => state.fresh.sought);
  useLayoutEffect(() => {
    const row = sought === null ? -1 : rowOf(listing, hidden, sought);
    if (row >= 0) viewport.reveal(Math.floor(row / columns));
  }, [sought]);
  const stand = useRef(() => noWhereabouts);
  stand.current = () => ({
    top: viewport.root.current?.scrollTop ?? 0,
    first: viewport.first * columns,
    last: (viewport.last + 1) * columns - 1,
    focus,
    focusKey: itemAt(listing, hidden, focus)?.key ?? null,
  });
  useLayoutEffect(() => places.attach(() => stand.current()), []);
  useKeysOfPage(app, viewport.root, columns);
}

/**
 * Scrolls a list to where it was left as soon as it is long enough, unless somebody scrolls it before.
 * @param top in pixels
 */
function leftAt(top: number) {
  let [wanted, reached] = [top, 0];
  return {
    isOver: () => wanted === 0,
    scroll: (element: HTMLElement | null) => {
      if (!element || wanted === 0) return;
      const isUntouched = Math.abs(element.scrollTop - reached) < 1;
      if (isUntouched) element.scrollTo({ top: wanted, behavior: "instant" });
      reached = element.scrollTop;
      if (!isUntouched || reached >= Math.floor(wanted)) wanted = 0;
    },
  };
}

/**
 * Lets keys that nothing else on the page has reach the list: nobody needs to click there first.
 * @param root of the list
 */
export function useKeysOfPage(app: App, root: { current: HTMLElement | null }, columns: number) {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.target !== document.body || document.querySelector(":modal")) return;
      onGridKey(app, event, columns);
      if (event.defaultPrevented) root.current?.focus({ preventScroll: true });
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [app, columns]);
}

/** Handlers of the whole list. */
export function gridHandlers(app: App, columns: number) {
  return {
    onKeyDown: (event: KeyboardEvent) => onGridKey(app, event, columns),
    onContextMenu: (event: MouseEvent) => {
      event.preventDefault();
      afterPress(event, () => app.store.set({ menu: { x: event.clientX, y: event.clientY, items: [] } }));
    },
    onClick: (event: MouseEvent) => {
      if (event.target === event.currentTarget) app.selecting.clear();
    },
  };
}

const SELECTED = 1;
const FOCUSED = 2;
const RENAMING = 4;
const FRESH = 8;
const CUT = 16;

/**
 * What an item of a list is at the moment, and the properties of its element.
 * @param kind class of the element
 */
export function useItem(item: Item, row: number, kind: string) {
  const app = useApp();
  // One subscription, since a list has many items.
  const flags = useStore(
    ({ selection, renaming, fresh, clipboard }) =>
      (selection.items.has(item.key) ? SELECTED : 0) |
      (selection.focus === row ? FOCUSED : 0) |
      (renaming === item.key ? RENAMING : 0) |
      (fresh.keys.has(item.key) ? FRESH : 0) |
      (clipboard?.mode === "move" && clipboard.keys.has(item.key) ? CUT : 0),
  );
  const isSelected = (flags & SELECTED) !== 0;
  const isFocused = (flags & FOCUSED) !== 0;
  const isRenaming = (flags & RENAMING) !== 0;
  const isFresh = (flags & FRESH) !== 0;
  const isCut = (flags & CUT) !== 0;
  // Items of another folder are other ones, so the path needs no subscription.
  const [isTarget, drop] = useDropTarget([...app.store.state.listing.path, item.name]);
  const isFolder = item.kind === "folder";
  const properties = {
    id: `${kind}-${row}`,
    class: classes(
      kind,
      isSelected && "selected",
      isFocused && "focused",
      isFresh && "fresh",
      isCut && "cut",
      isTarget && isFolder && "drop-target",
    ),
    "aria-selected": isSelected,
    "data-focused": isFocused ? "" : undefined,
    ...(isRenaming ? {} : dragSource(app, item, row)),
    ...(isFolder ? drop : {}),
    ...itemHandlers(app, item, row),
  };
  return { isSelected, isRenaming, properties };
}

/** Handlers of one item. */
function itemHandlers(app: App, item: Item, row: number) {
  return {
    onClick: (event: MouseEvent) => {
      event.stopPropagation();
      // A finger has no double click; once something is selected, it goes on selecting.
      const isTouch = event instanceof PointerEvent && event.pointerType === "touch";
      if (isTouch && app.store.state.selection.items.size === 0) return app.selecting.open(item);
      app.selecting.click(item, row, { toggle: isTouch || event.ctrlKey || event.metaKey, extend: event.shiftKey });
    },
    onDblClick: () => app.selecting.open(item),
    ...longPress.handlers(
      () => hold(app, item, row),
      (event) => afterPress(event, () => openMenu(app, item, row, event.clientX, event.clientY)),
    ),
  };
}

/** A finger that rests begins to select, and then selects everything up to where it rests next. */
function hold(app: App, item: Item, row: number) {
  const isFirst = app.store.state.selection.items.size === 0;
  app.selecting.click(item, row, { toggle: isFirst, extend: !isFirst });
}

/** The menu of the selection, to which the item belongs from now on. */
export function openMenu(app: App, item: Item, row: number, x: number, y: number) {
  if (!app.store.state.selection.items.has(item.key)) app.selecting.click(item, row, { toggle: false, extend: false });
  app.store.set({ menu: { x, y, items: app.selecting.items } });
}
