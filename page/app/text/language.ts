/** Which language the page speaks. That is decided once, when the page is loaded. */

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "discord-cloud.language";
const FALLBACK: Language = "en";

/** What the user has chosen in this browser; null: as the browser says. */
export const chosenLanguage: Language | null = readChoice();

const wanted: readonly string[] =
  typeof window === "undefined" ? [] : [...(chosenLanguage ? [chosenLanguage] : []), ...navigator.languages];

export const language: Language = wanted.map(languageOf).find(isLanguage) ?? FALLBACK;

/** For dates and numbers: the browser's own, if it is one of that language. */
export const locale: string = wanted.find((tag) => tag !== chosenLanguage && languageOf(tag) === language) ?? language;

/**
 * Has the page speak another language from now on.
 * @param choice null: as the browser says
 */
export function chooseLanguage(choice: Language | null) {
  if (choice) localStorage.setItem(KEY, choice);
  else localStorage.removeItem(KEY);
  location.reload();
}

function readChoice() {
  if (typeof window === "undefined") return null;
  const stored = localStorage.getItem(KEY) ?? "";
  return isLanguage(stored) ? stored : null;
}

function languageOf(tag: string) {
  return tag.split("-")[0]?.toLowerCase() ?? "";
}

function isLanguage(name: string): name is Language {
  return Object.hasOwn(LANGUAGES, name);
}
