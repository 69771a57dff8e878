/** Whether a name is meant by words that somebody looks for. Pure. */

/** Without regard to case and accents. */
export function folded(text: string) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Whether the name has all words of the query in it, in any order. */
export function matches(name: string, query: string) {
  const text = folded(name);
  return folded(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}
