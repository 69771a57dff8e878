/**
 * Markdown as elements of the page. Whoever has stored the file is trusted in nothing: only elements that carry text get
 * through, with attributes that neither run, load nor style anything. Links lead out of the page into a tab of their own;
 * pictures that are not in the text itself are not loaded, since that would tell who reads it and when.
 */

import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";

const TAGS = (
  "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small " +
  "span strong sub summary sup table tbody td tfoot th thead tr u ul var"
).split(" ");
const ATTRIBUTES = ["align", "alt", "class", "colspan", "dir", "href", "lang", "open", "rowspan", "src", "start", "title"];
const LINK = /^(https?|mailto):/i;
const PICTURE = /^data:image\/(png|jpeg|gif|webp);base64,/i;
/** What the blocks of code in Markdown get, and what it takes to colour them. */
const LANGUAGE = /^language-[\w+#-]{1,30}$/;

const reader = new MarkdownIt({ html: true, linkify: true });
// How columns are aligned would come as styles, which the policy of the page forbids.
reader.core.ruler.push("aligned-cells", ({ tokens }) => {
  for (const token of tokens) {
    const side = /^text-align:(\w+)$/.exec(String(token.attrGet("style")))?.[1];
    if (side) token.attrs = [["align", side]];
  }
});
reader.core.ruler.push("task-lists", ({ tokens }) => {
  for (const [at, token] of tokens.entries()) {
    const [words] = token.children ?? [];
    const box = /^\[([ xX])\] /.exec(words?.content ?? "")?.[1];
    if (words && box && tokens[at - 2]?.type === "list_item_open")
      words.content = (box === " " ? "\u2610 " : "\u2611 ") + words.content.slice(4);
  }
});
const purifier = DOMPurify(window);
purifier.addHook("afterSanitizeAttributes", (element) => {
  // The document in which this happens loads nothing, in contrast to the one that gets the elements.
  if (element.localName === "img" && !PICTURE.test(element.getAttribute("src") ?? "")) {
    element.setAttribute("title", element.getAttribute("src") ?? "");
    element.removeAttribute("src");
  }
  if (!LANGUAGE.test(element.getAttribute("class") ?? "")) element.removeAttribute("class");
  if (element.localName !== "a") return;
  if (!LINK.test(element.getAttribute("href") ?? "")) return element.removeAttribute("href");
  element.setAttribute("target", "_blank");
  element.setAttribute("rel", "noopener noreferrer nofollow");
});

/** @param words Markdown, in which there may be HTML */
export function renderMarkdown(words: string): DocumentFragment {
  const fragment = purifier.sanitize(reader.render(words), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const picture of fragment.querySelectorAll("img:not([src])")) picture.replaceWith(linkInstead(picture));
  return fragment;
}

/** A link to a picture that is not loaded; one that is elsewhere can be opened. */
function linkInstead(picture: Element) {
  const address = picture.getAttribute("title") ?? "";
  const isLinked = LINK.test(address) && picture.closest("a") === null;
  const link = document.createElement(isLinked ? "a" : "span");
  link.className = "picture-link";
  link.textContent = picture.getAttribute("alt") || address;
  if (link instanceof HTMLAnchorElement)
    Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer nofollow" });
  return link;
}
