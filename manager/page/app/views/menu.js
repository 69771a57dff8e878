/** A menu at a point of the page, by mouse and keyboard. */

import { html, useEffect, useLayoutEffect, useRef } from "./dom.js";
import { Icon } from "./icon.js";

/**
 * @typedef {{ label: string, icon: string, run: () => void, danger?: boolean, disabled?: boolean, hint?: string } | "line"} Choice
 */

const MARGIN = 8;

/**
 * @param {{ x: number, y: number, label: string, choices: readonly Choice[], onClose: () => void, above?: boolean }} properties
 */
export function Menu({ x, y, label, choices, onClose, above = false }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  usePlace(root, x, y, above);
  useFocusBack(root);
  useOutside(root, onClose);
  const choose = (/** @type {Exclude<Choice, "line">} */ choice) => {
    onClose();
    choice.run();
  };
  return html`<div ref=${root} class="menu" role="menu" aria-label=${label} onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(event, root.current, onClose)}>
    ${choices.map((choice) =>
      choice === "line"
        ? html`<div class="menu-line" role="separator"></div>`
        : html`<button
            type="button"
            role="menuitem"
            tabindex="-1"
            class=${choice.danger ? "danger" : ""}
            disabled=${choice.disabled}
            onClick=${() => choose(choice)}
          >
            <${Icon} name=${choice.icon} /><span>${choice.label}</span>
            ${choice.hint && html`<kbd aria-hidden="true">${choice.hint}</kbd>`}
          </button>`,
    )}
  </div>`;
}

/** @typedef {{ current: HTMLElement | null }} Root */

/**
 * Keeps the menu inside the window.
 * @param {Root} root
 * @param {number} x
 * @param {number} y
 * @param {boolean} above
 */
function usePlace(root, x, y, above) {
  useLayoutEffect(() => {
    const menu = root.current;
    if (!menu) return;
    const { width, height } = menu.getBoundingClientRect();
    const top = above ? y - height : y;
    menu.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`;
    menu.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
  }, [x, y, above]);
}

/** @param {Root} root */
function useFocusBack(root) {
  useLayoutEffect(() => {
    const menu = root.current;
    const before = document.activeElement;
    items(menu)[0]?.focus();
    return () => {
      // Unless something else, like a dialog, has taken the focus meanwhile.
      const now = document.activeElement;
      const isLeft = !now || now === document.body || menu?.contains(now);
      if (isLeft && before instanceof HTMLElement) before.focus();
    };
  }, []);
}

/**
 * @param {Root} root
 * @param {() => void} onClose
 */
function useOutside(root, onClose) {
  useEffect(() => {
    const close = (/** @type {Event} */ event) => {
      if (!(event.target instanceof Node && root.current?.contains(event.target))) onClose();
    };
    window.addEventListener("pointerdown", close, true);
    window.addEventListener("blur", onClose);
    return () => {
      window.removeEventListener("pointerdown", close, true);
      window.removeEventListener("blur", onClose);
    };
  }, [onClose]);
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement | null} root
 * @param {() => void} onClose
 */
function onKey(event, root, onClose) {
  const all = items(root);
  const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const targets = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 });
  const target = targets[event.key];
  if (target !== undefined) all.at(target % all.length)?.focus();
  else if (event.key === "Escape" || event.key === "Tab") onClose();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * @param {HTMLElement | null} root
 * @returns {HTMLButtonElement[]}
 */
function items(root) {
  return [...(root?.querySelectorAll("button") ?? [])].filter((button) => !button.disabled);
}
