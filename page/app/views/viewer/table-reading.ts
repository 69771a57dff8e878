/** Tables in text files: values that commas, semicolons or tabs part. */

import { parse } from "papaparse";

export const MOST_ROWS = 500;
export const MOST_COLUMNS = 50;

export type TableRows = { head: readonly string[]; rows: readonly (readonly string[])[]; hasMore: boolean };

/**
 * The first rows and columns.
 * @param isWhole whether the text is all of the file; else its last row may be cut off
 */
export function readTable(words: string, isWhole: boolean): TableRows {
  const { data, meta } = parse<string[]>(words, { preview: MOST_ROWS + 2, skipEmptyLines: true });
  const hasLastRow = isWhole || meta.truncated;
  const found = hasLastRow ? data : data.slice(0, -1);
  const isTooWide = found.some((row) => row.length > MOST_COLUMNS);
  const [head = [], ...rows] = found.map((row) => row.slice(0, MOST_COLUMNS));
  return { head, rows: rows.slice(0, MOST_ROWS), hasMore: isTooWide || rows.length > MOST_ROWS };
}
