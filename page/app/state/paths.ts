/** Paths of folders: lists of names, the root being the empty one. Pure. */

export function formatPath(names: readonly string[]) {
  return `/${names.join("/")}`;
}

export function parsePath(path: string) {
  return path.split("/").filter((name) => name !== "");
}

/** Whether `path` is `folder`, or lies in it at any depth. */
export function isWithin(path: readonly string[], folder: readonly string[]) {
  return folder.every((name, depth) => path[depth] === name);
}

export function samePath(a: readonly string[], b: readonly string[]) {
  return a.length === b.length && isWithin(a, b);
}

/** Where `path` is after a folder above it (or itself) went from one path to another. */
export function relocated(path: readonly string[], from: readonly string[], to: readonly string[]) {
  return isWithin(path, from) ? [...to, ...path.slice(from.length)] : path;
}

const FORBIDDEN = /[/\\\u0000-\u001f\u007f-\u009f]/;
const MAX_NAME = 127;

/** What is wrong with a name, or null. The manager has the last word. */
export function nameProblem(name: string): "empty" | "long" | "character" | "dots" | "blank" | null {
  if (name === "") return "empty";
  if ([...name].length > MAX_NAME) return "long";
  if (FORBIDDEN.test(name)) return "character";
  if (name.endsWith(".")) return "dots";
  return name.trim() === name ? null : "blank";
}

/**
 * Name and extension apart, so that renaming selects what people want to change.
 * @returns length of the part before the extension
 */
export function stemLength(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? dot : name.length;
}
