/** What keys do in a list of items, whether it is a table or tiles. */

import type { App } from "../actions/app.js";
import { itemAt, rowCount } from "../state/listing.js";
import { actionOn, STAR_KEY } from "./item-actions.js";

const PAGE_LINES = 10;
const TAKING: Record<string, "copy" | "cut"> = { c: "copy", x: "cut" };

/** @param columns items in a line */
export function onGridKey(app: App, event: KeyboardEvent, columns: number) {
  if (event.target instanceof HTMLInputElement) return;
  if (types(app, event)) return event.preventDefault();
  const isOnButton = event.target instanceof Element && event.target.closest("button, a") !== null;
  if (isOnButton && (event.key === "Enter" || event.key === " ")) return;
  if (!moves(app, event, columns) && !acts(app, event)) return;
  app.finder.endWord();
  event.preventDefault();
}

function moves(app: App, event: KeyboardEvent, columns: number) {
  const { listing, hidden, selection } = app.store.state;
  const count = rowCount(listing, hidden);
  const at = selection.focus;
  if (event.altKey || count === 0) return false;
  const targets = {
    ArrowDown: at < 0 ? 0 : at + columns,
    ArrowUp: at < 0 ? 0 : at - columns,
    PageDown: at + PAGE_LINES * columns,
    PageUp: at - PAGE_LINES * columns,
    Home: 0,
    End: count - 1,
    ...(columns > 1 && { ArrowRight: at + 1, ArrowLeft: at - 1 }),
  } as Record<string, number>;
  const target = targets[event.key];
  if (target === undefined) return false;
  app.selecting.moveTo(target, { select: !(event.ctrlKey || event.metaKey), extend: event.shiftKey });
  return true;
}

function acts(app: App, event: KeyboardEvent) {
  const { listing, hidden, selection } = app.store.state;
  const item = itemAt(listing, hidden, selection.focus);
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "a" && rowCount(listing, hidden) > 0) return done(app.selecting.all());
  if (isCommand && event.key.toLowerCase() === "z" && app.undoing.isPossible) return done(app.undoing.undoLast());
  if (isCommand && isPasting(app, event)) return done(app.clipboard.paste());
  if (isCommand && takes(app, event)) return true;
  if (event.key === "Escape") return done(clear(app));
  if (event.key === "Backspace" || (event.altKey && event.key === "ArrowUp")) return done(goUp(app));
  if (event.key === "Delete") return done(deleteSelection(app));
  if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) return done(openMenu(app));
  if (!item) return false;
  if (event.key === "Enter") return done(app.selecting.open(item));
  if (event.key === " ") return done(app.selecting.click(item, selection.focus, { toggle: true, extend: false }));
  const rename = actionOn(app, [item], "rename");
  if (event.key === "F2" && rename.isPossible) return done(rename.run());
  return false;
}

function clear(app: App) {
  app.selecting.clear();
  app.clipboard.release();
}

function isPasting(app: App, { key }: KeyboardEvent) {
  const { clipboard, listing } = app.store.state;
  return key.toLowerCase() === "v" && clipboard !== null && listing.status === "ready";
}

/** Copies or cuts what is selected, once all of it is. */
function takes(app: App, { key }: KeyboardEvent) {
  const name = TAKING[key.toLowerCase()];
  // Words that are marked somewhere are copied by the browser.
  if (!name || app.selecting.items.length === 0 || getSelection()?.isCollapsed === false) return false;
  void app.selecting.settled.then(() => {
    const action = actionOn(app, app.selecting.items, name);
    if (action.isPossible) action.run();
  });
  return true;
}

function types(app: App, event: KeyboardEvent) {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return false;
  // A space selects, unless it stands in a word.
  const now = performance.now();
  if (event.key === STAR_KEY && !app.finder.isTyping(now)) return stars(app);
  if (event.key === " " && !app.finder.isTyping(now)) return false;
  return done(app.finder.type(event.key.toLowerCase(), now));
}

/** Stars what is selected, or takes the stars back. */
function stars(app: App) {
  const action = actionOn(app, app.selecting.items, "star");
  return app.selecting.items.length > 0 && action.isPossible && done(action.run());
}

/** Deletes what is selected once all of it is: a large selection takes a moment. */
async function deleteSelection(app: App) {
  await app.selecting.settled;
  app.deletions.delete(app.selecting.items);
}

function goUp(app: App) {
  const { path } = app.store.state.listing;
  if (path.length > 0) app.navigation.openFolder(path.slice(0, -1));
}

function openMenu(app: App) {
  const box = document.querySelector("[data-focused]")?.getBoundingClientRect();
  const place = box ? { x: box.left + 48, y: box.bottom - 8 } : { x: innerWidth / 2, y: innerHeight / 3 };
  app.store.set({ menu: { ...place, items: app.selecting.items } });
}

/** @param _ whatever was done */
function done(_: unknown) {
  return true;
}
