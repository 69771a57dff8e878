/** What lies over the page on a small screen: the drawer, a menu, details. The browser keeps the focus in it. */

import type { ComponentChildren } from "preact";
import { useApp, useLayoutEffect, useRef } from "./dom.js";
import { useModal } from "./modal.js";

/**
 * Closes by Escape, by the back button, and by a tap beside it, and gives the focus back.
 * @param properties `first` finds what has the focus at first, when that is not simply the first control
 */
export function Sheet({
  class: className,
  label,
  onClose,
  children,
  first,
}: {
  class: string;
  label: string;
  onClose: () => void;
  children: ComponentChildren;
  first?: (sheet: HTMLElement) => HTMLElement | undefined;
}) {
  const { navigation } = useApp();
  const latest = useRef(onClose);
  latest.current = onClose;
  const { modal, beside } = useModal({ onClose, ...(first && { first }), onLeave: slideAway });
  useLayoutEffect(() => navigation.cover(() => latest.current()), []);
  return (
    <dialog class={`sheet ${className}`} aria-label={label} onClick={beside} {...modal}>
      <div class="sheet-card">{children}</div>
    </dialog>
  );
}

/** Shows where it goes. What is seen going is a picture: the sheet itself is closed, and whatever comes next need not wait. */
function slideAway(sheet: HTMLElement) {
  const picture = document.createElement("div");
  picture.className = "sheet-leaving";
  picture.inert = true;
  picture.ariaHidden = "true";
  const copy = sheet.cloneNode(true);
  picture.append(copy);
  document.body.append(picture);
  // A copy is not scrolled.
  const parts = picture.querySelectorAll(".sheet *");
  for (const [index, part] of sheet.querySelectorAll("*").entries())
    if (part.scrollTop > 0 && parts[index]) parts[index].scrollTop = part.scrollTop;
  void Promise.allSettled(picture.getAnimations({ subtree: true }).map((each) => each.finished)).then(() => picture.remove());
}
