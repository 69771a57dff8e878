/** What the address bar says: folder or another place, what is looked for, order, view, and the file that is shown large. Pure. */

import type { Order, Place, Route } from "../../types/state.js";
import type { SortKey } from "../../types/wire.js";
import { formatFilter, isFiltering, parseFilter } from "./search.js";

export const DEFAULT_ORDER: Order = { by: "name", ascending: true };
const PLACES: readonly Place[] = ["recent", "starred", "links", "trash"];
const SORTS: Record<string, SortKey> = { name: "name", date: "modified_at", size: "size" };

/**
 * Reads the fragment of an address; whatever it says, a route comes out.
 * @param hash with or without its `#`
 */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const filter = parseFilter(parameters);
  const by = SORTS[parameters.get("sort") ?? ""] ?? DEFAULT_ORDER.by;
  const direction = parameters.get("direction");
  return {
    path: path.split("/").filter(Boolean).map(decode),
    place: PLACES.find((place) => place === parameters.get("place")) ?? null,
    query: parameters.get("q") || (isFiltering(filter) ? "" : null),
    filter,
    order: { by, ascending: direction ? direction !== "down" : by === "name" },
    view: parameters.get("view") === "grid" ? "grid" : "table",
    open: parameters.get("open"),
  };
}

/** The fragment of a route; leaves out what goes without saying. */
export function formatRoute(route: Route) {
  const parameters = new URLSearchParams();
  const { by, ascending } = route.order;
  if (route.place) parameters.set("place", route.place);
  if (route.query) parameters.set("q", route.query);
  if (route.query !== null) formatFilter(route.filter, parameters);
  const sort = Object.keys(SORTS).find((key) => SORTS[key] === by) ?? "name";
  if (sort !== "name") parameters.set("sort", sort);
  if (ascending !== (by === "name")) parameters.set("direction", ascending ? "up" : "down");
  if (route.view === "grid") parameters.set("view", "grid");
  if (route.open) parameters.set("open", route.open);
  const query = parameters.toString();
  return `#/${route.path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** Whether an address says how folders are to be shown. */
export function saysHow(hash: string) {
  const parameters = new URLSearchParams(hash.split("?", 2)[1] ?? "");
  return ["sort", "direction", "view"].some((name) => parameters.has(name));
}

/** Whether the list of a folder is in sight. */
export function showsFolder({ place, query }: Route) {
  return place === null && query === null;
}

function decode(part: string) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
