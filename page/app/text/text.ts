/** The texts in the language of the page; another language is another module like `en.js`. */

export { en as text } from "./en.js";
