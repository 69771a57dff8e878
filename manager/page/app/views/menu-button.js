/** A button that opens a menu. */

/** @import { Choice } from "./menu.js" */
import { html, useCallback, useState } from "./dom.js";
import { Menu } from "./menu.js";

/**
 * @param {{ label: string, choices: readonly Choice[], class?: string, children: unknown, above?: boolean, namesItself?: boolean }} properties
 *   `namesItself`: the words in the button are its name
 */
export function MenuButton({ label, choices, class: className = "", children, above = false, namesItself = false }) {
  const [place, setPlace] = useState(/** @type {{ x: number, y: number } | null} */ (null));
  const close = useCallback(() => setPlace(null), []);
  const toggle = (/** @type {MouseEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    setPlace(place ? null : { x: box.left, y: above ? box.top - 6 : box.bottom + 6 });
  };
  return html`<button
      type="button"
      class=${className}
      aria-haspopup="menu"
      aria-expanded=${place ? "true" : "false"}
      aria-label=${namesItself ? undefined : label}
      onClick=${toggle}
    >
      ${children}
    </button>
    ${place && html`<${Menu} ...${place} label=${label} choices=${choices} onClose=${close} above=${above} />`}`;
}
