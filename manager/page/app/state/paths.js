/** Paths of folders: lists of names, the root being the empty one. Pure. */

/** @param {readonly string[]} names */
export function formatPath(names) {
  return `/${names.join("/")}`;
}

/** @param {string} path */
export function parsePath(path) {
  return path.split("/").filter((name) => name !== "");
}

/**
 * Whether `path` is `folder`, or lies in it at any depth.
 * @param {readonly string[]} path
 * @param {readonly string[]} folder
 */
export function isWithin(path, folder) {
  return folder.every((name, depth) => path[depth] === name);
}

/**
 * @param {readonly string[]} a
 * @param {readonly string[]} b
 */
export function samePath(a, b) {
  return a.length === b.length && isWithin(a, b);
}

/**
 * Where `path` is after a folder above it (or itself) went from one path to another.
 * @param {readonly string[]} path
 * @param {readonly string[]} from
 * @param {readonly string[]} to
 */
export function relocated(path, from, to) {
  return isWithin(path, from) ? [...to, ...path.slice(from.length)] : path;
}

const FORBIDDEN = /[/\\\u0000-\u001f\u007f-\u009f]/;
const MAX_NAME = 127;

/**
 * What is wrong with a name, or null. The manager has the last word.
 * @param {string} name
 * @returns {"empty" | "long" | "character" | "dots" | "blank" | null}
 */
export function nameProblem(name) {
  if (name === "") return "empty";
  if ([...name].length > MAX_NAME) return "long";
  if (FORBIDDEN.test(name)) return "character";
  if (name.endsWith(".")) return "dots";
  return name.trim() === name ? null : "blank";
}

/**
 * Name and extension apart, so that renaming selects what people want to change.
 * @param {string} name
 * @returns {number} length of the part before the extension
 */
export function stemLength(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? dot : name.length;
}
