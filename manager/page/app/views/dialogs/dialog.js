/** A dialog over the page: the browser keeps the focus in it, and gives it back afterwards. */

import { text } from "../../text/text.js";
import { IconButton } from "../controls.js";
import { html, useId } from "../dom.js";
import { useModal } from "../modal.js";

/**
 * @param {{ title: string, onClose: () => void, children: unknown, wide?: boolean, canClose?: boolean }} properties
 */
export function Dialog({ title, onClose, children, wide = false, canClose = true }) {
  const id = useId();
  const { modal, beside } = useModal({ onClose, canClose, first });
  return html`<dialog class="dialog ${wide ? "wide" : ""}" aria-labelledby=${id} onMouseDown=${beside} ...${modal}>
    <div class="dialog-card">
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        ${canClose && html`<${IconButton} icon="close" label=${text.app.close} onClick=${onClose} />`}
      </header>
      <div class="dialog-body">${children}</div>
    </div>
  </dialog>`;
}

/**
 * What is most likely wanted: a field, or else the first button below the title.
 * @param {HTMLElement} dialog
 */
function first(dialog) {
  return dialog.querySelector(/** @type {"input"} */ ("input:not([type=checkbox]), .dialog-body button:not(:disabled)"));
}
