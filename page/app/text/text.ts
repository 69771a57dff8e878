/**
 * The texts in the language of the page. The English ones come with the parts of the page that use them, another language
 * as a whole: `de.ts` shows what one takes.
 */

import type { enDialogs } from "./en-dialogs.js";
import type { enUploads } from "./en-uploads.js";
import type { enViewer } from "./en-viewer.js";
import { en } from "./en.js";
import { language } from "./language.js";

/** The shape of the texts: those of the English ones, whatever the words are. */
type Shape<Part> = Part extends string
  ? string
  : Part extends (...values: infer Values) => string
    ? (...values: Values) => string
    : { readonly [Name in keyof Part]: Shape<Part[Name]> };

type Page = typeof en;
export type Texts = Shape<Page & typeof enDialogs & typeof enUploads & typeof enViewer>;

const translation: Texts | null = language === "de" ? (await import("./de.js")).de : null;

export const text: Shape<Page> = translation ?? en;

/** The texts of the page with those of a part that is loaded on demand. @param more the English ones, some in groups of the page */
export function withTexts<More extends Record<string, object>>(more: More): Shape<Page & More> {
  const page = en as unknown as Readonly<Record<string, object>>;
  const groups = Object.entries(more).map(([name, group]) => [name, { ...page[name], ...group }]);
  return (translation ?? { ...en, ...Object.fromEntries(groups) }) as Shape<Page & More>;
}
