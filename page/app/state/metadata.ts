/** What processing found out about a file, as facts to be shown (docs/processing.md). Pure. */

import { formatCount, formatFullDate, formatLength } from "../text/format.js";

export type FactName =
  "dimensions" | "duration" | "title" | "author" | "album" | "taken" | "camera" | "codec" | "pages" | "lines";

export type Fact = { name: FactName; value: string };

/**
 * The facts that are known, in the order in which they are shown. What has another type than it should is
 * left out: files, and what they say about themselves, are anybody's.
 */
export function factsOf(metadata: Record<string, unknown> | null): Fact[] {
  if (!metadata) return [];
  const tags = group(metadata["tags"]);
  const camera = group(metadata["camera"]);
  const facts: [FactName, string][] = [
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

function group(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function word(value: unknown) {
  return typeof value === "string" ? value : "";
}

function number(value: unknown, format: (value: number) => string) {
  return typeof value === "number" && Number.isFinite(value) ? format(value) : "";
}

function pair(width: unknown, height: unknown) {
  return typeof width === "number" && typeof height === "number" ? `${width} × ${height}` : "";
}
