/** The texts in the language of the page. `de.ts` shows what another language takes. */

import { en } from "./en.js";
import { language } from "./language.js";

/** The shape of the texts: those of the English ones, whatever the words are. */
type Shape<Part> = Part extends string
  ? string
  : Part extends (...values: infer Values) => string
    ? (...values: Values) => string
    : { readonly [Name in keyof Part]: Shape<Part[Name]> };

export type Texts = Shape<typeof en>;

export const text: Texts = language === "de" ? (await import("./de.js")).de : en;
