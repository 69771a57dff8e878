/** What lies over the page and keeps the focus, as the browser's modal `<dialog>`: dialogs, sheets and the viewer. */

import { useLayoutEffect, useRef } from "./dom.js";

/**
 * Opens the dialog with what draws it, and gives the focus back afterwards.
 * @returns what the `<dialog>` gets, and what a press beside it does
 * @param options `first` finds what has the focus at first, when that is not simply the first control;
 *   `onLeave` is called while everything still stands
 */
export function useModal({
  onClose,
  canClose = true,
  first,
  onLeave,
}: {
  onClose: () => void;
  canClose?: boolean;
  first?: (dialog: HTMLElement) => HTMLElement | null | undefined;
  onLeave?: (dialog: HTMLElement) => void;
}): { modal: object; beside: (event: MouseEvent) => void } {
  const dialog = useRef<HTMLDialogElement | null>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    if (element) first?.(element)?.focus();
    return () => {
      // Unless something else, like another dialog, has taken the focus meanwhile.
      const isLeft = element?.contains(document.activeElement) || document.activeElement === document.body;
      if (element) onLeave?.(element);
      element?.close();
      if (isLeft && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const onCancel = (event: Event) => {
    event.preventDefault();
    if (canClose) onClose();
  };
  // Asked to close twice, a browser closes it whatever the page says.
  const onClosed = () => {
    if (!dialog.current?.isConnected) return;
    if (canClose) onClose();
    else dialog.current.showModal();
  };
  const beside = (event: MouseEvent) => {
    // Not the second half of the double click that has opened it.
    if (event.target === dialog.current && canClose && event.detail < 2) onClose();
  };
  return { modal: { ref: dialog, tabindex: -1, onCancel, onClose: onClosed }, beside };
}
