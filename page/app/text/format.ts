/** Numbers and times as people read them, in the reader's own locale and time zone. */

import { locale } from "./language.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const STEP = 1024;

/** By the number of digits behind the point. Making one takes longer than drawing a row of a list. */
const SIZES = [0, 1].map(
  (digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }),
);

export function formatSize(bytes: number) {
  // From 999.5 on it is rounded to what has the next unit.
  const exponent = UNITS.findIndex((_, at) => at === UNITS.length - 1 || bytes / STEP ** at < 999.5);
  const value = bytes / STEP ** exponent;
  const digits = exponent === 0 || value >= 99.95 ? 0 : 1;
  return `${SIZES[digits]?.format(value)}\u00a0${UNITS[exponent]}`;
}

/**
 * How much of something is done; a unit that both have is said once, as there is little room.
 * @param part bytes
 * @param whole bytes
 */
export function formatPart(part: number, whole: number) {
  const [done = "", unit] = formatSize(part).split("\u00a0");
  const [, unitOfAll] = formatSize(whole).split("\u00a0");
  return `${unit === unitOfAll ? done : formatSize(part)} / ${formatSize(whole)}`;
}

export function formatRate(bytesPerSecond: number) {
  return `${formatSize(bytesPerSecond)}/s`;
}

export function formatDuration(seconds: number) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole}\u00a0s`;
  const rounded = Math.round(whole / 60);
  const hours = Math.floor(rounded / 60);
  const minutes = rounded % 60;
  if (hours === 0) return `${minutes}\u00a0min`;
  return minutes ? `${hours}\u00a0h ${minutes}\u00a0min` : `${hours}\u00a0h`;
}

const SAME_YEAR = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const OTHER_YEAR = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });

/** @param now milliseconds */
export function formatDate(iso: string | null, now: number) {
  const date = new Date(iso ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return "–";
  return date.getFullYear() === new Date(now).getFullYear() ? SAME_YEAR.format(date) : OTHER_YEAR.format(date);
}

export function formatFullDate(iso: string | null) {
  const date = new Date(iso ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? "–" : FULL.format(date);
}

const COUNT = new Intl.NumberFormat(locale);

export function formatCount(count: number) {
  return COUNT.format(count);
}

const PERCENT = new Intl.NumberFormat(locale, { style: "percent" });

export function formatPercent(part: number, whole: number) {
  return PERCENT.format(whole > 0 ? Math.floor((100 * part) / whole) / 100 : 0);
}

/** How long music or a film is. */
export function formatLength(seconds: number) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}
