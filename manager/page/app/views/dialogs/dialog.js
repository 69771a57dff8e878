/** A dialog over the page: the browser keeps the focus in it, and gives it back afterwards. */

import { text } from "../../text/text.js";
import { IconButton } from "../controls.js";
import { html, useId, useLayoutEffect, useRef } from "../dom.js";

/**
 * @param {{ title: string, onClose: () => void, children: unknown, wide?: boolean, canClose?: boolean }} properties
 */
export function Dialog({ title, onClose, children, wide = false, canClose = true }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    element?.querySelector(/** @type {"input"} */ ("input:not([type=checkbox]), .dialog-body button:not(:disabled)"))?.focus();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (canClose) onClose();
  };
  // Asked to close twice, a browser closes it whatever the page says.
  const closed = () => {
    if (!dialog.current?.isConnected) return;
    if (canClose) onClose();
    else dialog.current.showModal();
  };
  const onClick = (/** @type {Event} */ event) => event.target === dialog.current && canClose && onClose();
  return html`<dialog ref=${dialog} class="dialog ${wide ? "wide" : ""}" aria-labelledby=${id} tabindex="-1" onCancel=${cancel} onClose=${closed} onMouseDown=${onClick}>
    <div class="dialog-card">
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        ${canClose && html`<${IconButton} icon="close" label=${text.app.close} onClick=${onClose} />`}
      </header>
      <div class="dialog-body">${children}</div>
    </div>
  </dialog>`;
}
