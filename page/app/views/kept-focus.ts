/** The keyboard's focus when what had it is gone: a button with what it was for, a list with what it showed. */

/**
 * Gives the focus to the nearest thing around what vanished that can have it, or else to the files. Browsers would leave
 * it nowhere, where keys do nothing and screen readers begin from the top.
 */
export function keepFocus() {
  /** What has the focus, and all that stands around it. */
  let around: Element[] = [];
  const note = () => {
    const element = document.activeElement;
    around = element && element !== document.body ? ancestry(element) : [];
  };
  const check = () => {
    const [element] = around;
    const active = document.activeElement;
    const isLost =
      element && (!element.isConnected || element.matches(":disabled")) && (active === document.body || active === element);
    if (!isLost) return;
    const heir =
      around.find((each) => each !== element && each.isConnected && each.matches("[tabindex]")) ??
      document.getElementById("content");
    // When there is neither as yet, as between two lists, the next change brings it.
    if (heir instanceof HTMLElement) heir.focus({ preventScroll: true });
  };
  document.addEventListener("focusin", note);
  // Who clicks beside everything wants the focus nowhere.
  document.addEventListener("click", note, true);
  new MutationObserver(check).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
}

function ancestry(element: Element) {
  const all = [element];
  for (let parent = element.parentElement; parent && parent !== document.body; parent = parent.parentElement) all.push(parent);
  return all;
}
