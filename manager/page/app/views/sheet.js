/** What lies over the page on a small screen: the drawer, a menu, details. The browser keeps the focus in it. */

import { html, useApp, useLayoutEffect, useRef } from "./dom.js";

/**
 * Closes by Escape, by the back button, and by a tap beside it, and gives the focus back.
 * @param {{ class: string, label: string, onClose: () => void, children: unknown, first?: (sheet: HTMLElement) => HTMLElement | undefined }} properties
 *   `first` finds what has the focus at first, when that is not simply the first control
 */
export function Sheet({ class: className, label, onClose, children, first }) {
  const { navigation } = useApp();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const latest = useRef(onClose);
  latest.current = onClose;
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    if (element) first?.(element)?.focus();
    const uncover = navigation.cover(() => latest.current());
    return () => {
      // Unless something else, like a dialog, has taken the focus meanwhile.
      const isLeft = element?.contains(document.activeElement) || document.activeElement === document.body;
      element?.close();
      uncover();
      if (isLeft && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
  };
  // Asked to close twice, a browser closes it whatever the page says.
  const closed = () => dialog.current?.isConnected && onClose();
  const onClick = (/** @type {Event} */ event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class="sheet ${className}" aria-label=${label} tabindex="-1" onCancel=${cancel} onClose=${closed} onClick=${onClick}>
    <div class="sheet-card">${children}</div>
  </dialog>`;
}
