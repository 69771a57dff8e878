/** A dialog over the page: the browser keeps the focus in it, and gives it back afterwards. */

import type { ComponentChildren } from "preact";
import { text } from "../../text/text.js";
import { IconButton } from "../controls.js";
import { useId } from "../dom.js";
import { useModal } from "../modal.js";

export function Dialog({
  title,
  onClose,
  children,
  wide = false,
  canClose = true,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
  canClose?: boolean;
}) {
  const id = useId();
  const { modal, beside } = useModal({ onClose, canClose, first });
  return (
    <dialog class={`dialog ${wide ? "wide" : ""}`} aria-labelledby={id} onMouseDown={beside} {...modal}>
      <div class="dialog-card">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          {canClose && <IconButton icon="close" label={text.app.close} onClick={onClose} />}
        </div>
        <div class="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}

/** What is most likely wanted: a field, or else the first button below the title. */
function first(dialog: HTMLElement) {
  return dialog.querySelector("input:not([type=checkbox]), .dialog-body button:not(:disabled)" as "input");
}
