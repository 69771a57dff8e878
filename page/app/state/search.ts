/** What a search asks the manager for. Pure. */

import type { SearchFilter } from "../../types/state.js";
import type { SearchRequest } from "../../types/wire.js";
import { formatPath } from "./paths.js";

export const NO_FILTER: SearchFilter = { type: null, changed: null, size: null, isHere: false };

const OFFICE = "application/vnd.openxmlformats-officedocument.";
const OPEN_DOCUMENT = "application/vnd.oasis.opendocument.";
/** Types of files, as people think of them; a folder has none. */
export const SEARCHED_TYPES = {
  folder: null,
  image: ["image/*"],
  video: ["video/*"],
  audio: ["audio/*"],
  pdf: ["application/pdf"],
  document: [
    "text/*",
    "application/msword",
    "application/rtf",
    "application/epub+zip",
    `${OFFICE}wordprocessingml.document`,
    `${OPEN_DOCUMENT}text`,
  ],
  spreadsheet: ["text/csv", "application/vnd.ms-excel", `${OFFICE}spreadsheetml.sheet`, `${OPEN_DOCUMENT}spreadsheet`],
  presentation: ["application/vnd.ms-powerpoint", `${OFFICE}presentationml.presentation`, `${OPEN_DOCUMENT}presentation`],
  archive: [
    "application/zip",
    "application/gzip",
    "application/x-tar",
    "application/x-7z-compressed",
    "application/zstd",
    "application/vnd.rar",
  ],
} as const;
export type SearchedType = keyof typeof SEARCHED_TYPES;

const DAY_MS = 86_400_000;
/** Days before now. */
export const CHANGED = { day: 1, week: 7, month: 30, year: 365 } as const;
export type Changed = keyof typeof CHANGED;

const MIB = 1024 * 1024;
/** Bytes: at least, and at most. */
export const SIZES = {
  small: [null, MIB],
  medium: [MIB, 100 * MIB],
  large: [100 * MIB, 1024 * MIB],
  huge: [1024 * MIB, null],
} as const;
export type Size = keyof typeof SIZES;

/**
 * @param path the folder that was open
 * @param now milliseconds since the epoch
 */
export function searchRequest(query: string, filter: SearchFilter, path: readonly string[], now: number): SearchRequest {
  const words = query.trim();
  const request: SearchRequest = {};
  if (words) request.text = words;
  if (filter.isHere) request.path = formatPath(path);
  if (filter.type === "folder") request.entries = "subfolders";
  const types = filter.type && SEARCHED_TYPES[filter.type];
  if (types) request.types = [...types];
  if (filter.changed) request.changed_from = new Date(now - CHANGED[filter.changed] * DAY_MS).toISOString();
  const [least, most] = filter.size ? SIZES[filter.size] : [null, null];
  if (least !== null) request.min_size = least;
  if (most !== null) request.max_size = most;
  return request;
}

/** Whether it asks for anything. */
export function isFiltering(filter: SearchFilter) {
  return filter.isHere || [filter.type, filter.changed, filter.size].some((each) => each !== null);
}

/** Reads the parameters of an address; what they do not say is not asked for. */
export function parseFilter(parameters: URLSearchParams): SearchFilter {
  return {
    type: oneOf(SEARCHED_TYPES, parameters.get("type")),
    changed: oneOf(CHANGED, parameters.get("changed")),
    size: oneOf(SIZES, parameters.get("size")),
    isHere: parameters.get("in") === "here",
  };
}

/** Writes them. */
export function formatFilter(filter: SearchFilter, parameters: URLSearchParams) {
  for (const name of ["type", "changed", "size"] as const) {
    const value = filter[name];
    if (value) parameters.set(name, value);
  }
  if (filter.isHere) parameters.set("in", "here");
}

function oneOf<Values extends object>(values: Values, name: string | null): keyof Values | null {
  return name !== null && Object.hasOwn(values, name) ? (name as keyof Values) : null;
}
