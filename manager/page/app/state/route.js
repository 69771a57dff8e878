/** What the address bar says: folder, order, view, and the file that is shown large. Pure. */

/** @import { Order, Route } from "../../types/state.js" */
/** @import { SortKey } from "../../types/wire.js" */

/** @type {Order} */
export const DEFAULT_ORDER = { by: "name", ascending: true };
/** @type {Record<string, SortKey>} */
const SORTS = { name: "name", date: "updated_at", size: "size" };

/**
 * Reads the fragment of an address; whatever it says, a route comes out.
 * @param {string} hash with or without its `#`
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const by = SORTS[parameters.get("sort") ?? ""] ?? DEFAULT_ORDER.by;
  const direction = parameters.get("direction");
  return {
    path: path.split("/").filter(Boolean).map(decode),
    order: { by, ascending: direction ? direction !== "down" : by === "name" },
    view: parameters.get("view") === "grid" ? "grid" : "table",
    open: parameters.get("open"),
  };
}

/**
 * The fragment of a route; leaves out what goes without saying.
 * @param {Route} route
 */
export function formatRoute(route) {
  const parameters = new URLSearchParams();
  const { by, ascending } = route.order;
  const sort = Object.keys(SORTS).find((key) => SORTS[key] === by) ?? "name";
  if (sort !== "name") parameters.set("sort", sort);
  if (ascending !== (by === "name")) parameters.set("direction", ascending ? "up" : "down");
  if (route.view === "grid") parameters.set("view", "grid");
  if (route.open) parameters.set("open", route.open);
  const query = parameters.toString();
  return `#/${route.path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
