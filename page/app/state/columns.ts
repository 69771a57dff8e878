/** What a table of files may show, and sort by. Pure. */

import type { Column } from "../../types/state.js";
import type { SortKey } from "../../types/wire.js";

/** All columns beside the names, in the order in which they stand. */
export const COLUMNS: readonly Column[] = ["type", "created_at", "modified_at", "size"];
export const DEFAULT_COLUMNS: readonly Column[] = ["modified_at", "size"];
/** What the manager sorts by. */
export const SORT_KEYS: readonly SortKey[] = ["name", "modified_at", "size"];

export function isSortKey(column: string): column is SortKey {
  return SORT_KEYS.some((key) => key === column);
}

/** With a column that was hidden, or without one that was shown. */
export function toggledColumn(columns: readonly Column[], column: Column): readonly Column[] {
  return COLUMNS.filter((each) => (each === column) !== columns.includes(each));
}

/** Pixels that columns take; as in files.css. */
const WIDTHS: Readonly<Record<Column, number>> = { type: 132, created_at: 150, modified_at: 150, size: 96 };
/** What names have at least, with the menu of a row. */
const NAMES = 250;

/**
 * The columns for which there is room; dates and sizes stay longest.
 * @param width of the table in pixels
 */
export function fittingColumns(columns: readonly Column[], width: number): readonly Column[] {
  let left = width - NAMES;
  const kept = [...columns].reverse().filter((column) => (left -= WIDTHS[column]) >= 0 || column === "size");
  return kept.reverse();
}
