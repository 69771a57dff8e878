/** A text to take along, with a button that copies it. */

import { text } from "../text/text.js";
import { html, useRef, useState } from "./dom.js";
import { Icon } from "./icon.js";

/** @param {{ label: string, value: string }} properties an empty value is still on its way */
export function CopyRow({ label, value }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    input.current?.select();
    setCopied(await isWritten(value));
  };
  return html`<div class="copy-row">
    <input ref=${input} readonly value=${value} placeholder=${text.app.oneMoment} aria-label=${label} onFocus=${() => input.current?.select()} />
    <button type="button" class="button primary copy-button" disabled=${!value} onClick=${copy}>
      <${Icon} name=${isCopied ? "check" : "copy"} /><span aria-live="polite">${isCopied ? text.link.copied : text.link.copy}</span>
    </button>
  </div>`;
}

/**
 * Whether it is in the clipboard. Without HTTPS there is none, and a browser may refuse it: then the old command copies what
 * is selected.
 * @param {string} value
 */
async function isWritten(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
