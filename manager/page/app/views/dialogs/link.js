/** A link that opens a file without an account. */

/** @import { FileItem } from "../../../types/state.js" */
import { text } from "../../text/text.js";
import { FormError } from "../controls.js";
import { html, useApp, useRef, useState } from "../dom.js";
import { Icon } from "../icon.js";
import { useLoading } from "../work.js";
import { Dialog } from "./dialog.js";

/** @param {{ file: FileItem, onClose: () => void }} properties */
export function LinkDialog({ file, onClose }) {
  const app = useApp();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [link, setLink] = useState("");
  const [isCopied, setCopied] = useState(false);
  const problem = useLoading(() => app.links.signed(file).then(setLink), [file]);
  const copy = async () => {
    input.current?.select();
    setCopied(await isWritten(link));
  };
  return html`<${Dialog} title=${text.link.title} onClose=${onClose}>
    <p class="lead">${text.link.lead(file.name)}</p>
    <div class="copy-row">
      <input ref=${input} readonly value=${link} placeholder=${text.app.oneMoment} aria-label=${text.link.title} onFocus=${() => input.current?.select()} />
      <button type="button" class="button primary copy-button" disabled=${!link} onClick=${copy}>
        <${Icon} name=${isCopied ? "check" : "copy"} /><span aria-live="polite">${isCopied ? text.link.copied : text.link.copy}</span>
      </button>
    </div>
    <${FormError} text=${problem} />
  <//>`;
}

/**
 * Whether it is in the clipboard. Without HTTPS there is none, and a browser may refuse it: then the old command copies what
 * is selected.
 * @param {string} link
 */
async function isWritten(link) {
  try {
    await navigator.clipboard.writeText(link);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
