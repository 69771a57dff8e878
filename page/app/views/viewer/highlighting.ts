/** Code in colours: the languages that are common. */

import highlighter from "highlight.js/lib/common";

/** Longer texts would take too long. */
export const MOST_COLOURED = 256 * 1024;

/** Characters. */
const LONGEST_LINE = 20_000;

/**
 * HTML in which everything is escaped; null for a language that is not known, and for too long a text.
 * @param language a name, or the end of a file's name
 */
export function highlight(words: string, language: string): string | null {
  if (words.length > MOST_COLOURED || !highlighter.getLanguage(language)) return null;
  // Minified code is not read, and long lines take a while.
  if (words.split("\n").some((line) => line.length > LONGEST_LINE)) return null;
  return highlighter.highlight(words, { language, ignoreIllegals: true }).value;
}
