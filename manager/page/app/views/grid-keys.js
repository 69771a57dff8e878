/** What keys do in a list of items, whether it is a table or tiles. */

/** @import { App } from "../actions/app.js" */
import { itemAt, rowCount } from "../state/listing.js";

const PAGE_LINES = 10;

/**
 * @param {App} app
 * @param {KeyboardEvent} event
 * @param {number} columns items in a line
 */
export function onGridKey(app, event, columns) {
  if (event.target instanceof HTMLInputElement) return;
  if (types(app, event)) return event.preventDefault();
  const isOnButton = event.target instanceof Element && event.target.closest("button, a") !== null;
  if (isOnButton && (event.key === "Enter" || event.key === " ")) return;
  if (!moves(app, event, columns) && !acts(app, event)) return;
  app.finder.endWord();
  event.preventDefault();
}

/**
 * @param {App} app
 * @param {KeyboardEvent} event
 * @param {number} columns
 */
function moves(app, event, columns) {
  const { listing, hidden, selection } = app.store.state;
  const count = rowCount(listing, hidden);
  const at = selection.focus;
  if (event.altKey || count === 0) return false;
  const targets = /** @type {Record<string, number>} */ ({
    ArrowDown: at < 0 ? 0 : at + columns,
    ArrowUp: at < 0 ? 0 : at - columns,
    PageDown: at + PAGE_LINES * columns,
    PageUp: at - PAGE_LINES * columns,
    Home: 0,
    End: count - 1,
    ...(columns > 1 && { ArrowRight: at + 1, ArrowLeft: at - 1 }),
  });
  const target = targets[event.key];
  if (target === undefined) return false;
  app.selecting.moveTo(target, { select: !(event.ctrlKey || event.metaKey), extend: event.shiftKey });
  return true;
}

/**
 * @param {App} app
 * @param {KeyboardEvent} event
 */
function acts(app, event) {
  const { listing, hidden, selection } = app.store.state;
  const item = itemAt(listing, hidden, selection.focus);
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "a" && rowCount(listing, hidden) > 0) return done(app.selecting.all());
  if (event.key === "Escape") return done(app.selecting.clear());
  if (event.key === "Backspace" || (event.altKey && event.key === "ArrowUp")) return done(goUp(app));
  if (event.key === "Delete") return done(deleteSelection(app));
  if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) return done(openMenu(app));
  if (!item) return false;
  if (event.key === "Enter") return done(app.selecting.open(item));
  if (event.key === " ") return done(app.selecting.click(item, selection.focus, { toggle: true, extend: false }));
  const canRename = item.kind === "folder" || item.can === "rw";
  if (event.key === "F2" && canRename) return done(app.store.set({ renaming: item.key }));
  return false;
}

/**
 * @param {App} app
 * @param {KeyboardEvent} event
 */
function types(app, event) {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return false;
  // A space selects, unless it stands in a word.
  const now = performance.now();
  if (event.key === " " && !app.finder.isTyping(now)) return false;
  return done(app.finder.type(event.key.toLowerCase(), now));
}

/**
 * Deletes what is selected once all of it is: a large selection takes a moment.
 * @param {App} app
 */
async function deleteSelection(app) {
  await app.selecting.settled;
  app.deletions.delete(app.selecting.items);
}

/** @param {App} app */
function goUp(app) {
  const { path } = app.store.state.listing;
  if (path.length > 0) app.navigation.openFolder(path.slice(0, -1));
}

/** @param {App} app */
function openMenu(app) {
  const box = document.querySelector("[data-focused]")?.getBoundingClientRect();
  const place = box ? { x: box.left + 48, y: box.bottom - 8 } : { x: innerWidth / 2, y: innerHeight / 3 };
  app.store.set({ menu: { ...place, items: app.selecting.items } });
}

/** @param {unknown} _ whatever was done */
function done(_) {
  return true;
}
