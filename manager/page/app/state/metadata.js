/** What processing found out about a file, as facts to be shown (docs/processing.md). Pure. */

import { formatCount, formatFullDate, formatLength } from "../text/format.js";

/**
 * @typedef {"dimensions" | "duration" | "title" | "author" | "album" | "taken" | "camera" | "codec" | "pages" | "lines"} FactName
 * @typedef {{ name: FactName, value: string }} Fact
 */

/**
 * The facts that are known, in the order in which they are shown. What has another type than it should is
 * left out: files, and what they say about themselves, are anybody's.
 * @param {Record<string, unknown> | null} metadata
 * @returns {Fact[]}
 */
export function factsOf(metadata) {
  if (!metadata) return [];
  const tags = group(metadata["tags"]);
  const camera = group(metadata["camera"]);
  /** @type {[FactName, string][]} */
  const facts = [
    ["title", word(metadata["title"]) || word(tags["title"])],
    ["author", word(metadata["author"]) || word(tags["artist"])],
    ["album", word(tags["album"])],
    ["dimensions", pair(metadata["width"], metadata["height"])],
    ["duration", number(metadata["duration_s"], formatLength)],
    ["codec", [group(metadata["video"])["codec"], group(metadata["audio"])["codec"]].map(word).filter(Boolean).join(", ")],
    ["pages", number(metadata["pages"], formatCount)],
    ["lines", number(metadata["lines"], formatCount)],
    ["taken", metadata["taken_at"] ? formatFullDate(word(metadata["taken_at"])) : ""],
    ["camera", [camera["make"], camera["model"]].map(word).filter(Boolean).join(" ")],
  ];
  return facts.filter(([, value]) => value !== "" && value !== "–").map(([name, value]) => ({ name, value }));
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function group(value) {
  return typeof value === "object" && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/** @param {unknown} value */
function word(value) {
  return typeof value === "string" ? value : "";
}

/**
 * @param {unknown} value
 * @param {(value: number) => string} format
 */
function number(value, format) {
  return typeof value === "number" && Number.isFinite(value) ? format(value) : "";
}

/**
 * @param {unknown} width
 * @param {unknown} height
 */
function pair(width, height) {
  return typeof width === "number" && typeof height === "number" ? `${width} × ${height}` : "";
}
