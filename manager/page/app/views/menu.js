/** A menu at a point of the page, by mouse and keyboard; on a phone at its lower edge. */

import { PHONE, html, useEffect, useId, useLayoutEffect, useMedia, useRef } from "./dom.js";
import { Icon } from "./icon.js";
import { Sheet } from "./sheet.js";

/**
 * @typedef {{ label: string, icon: string, run: () => void, danger?: boolean, disabled?: boolean, hint?: string, isChosen?: boolean }} Item
 *   `isChosen`: whether it is the chosen one of those between two lines
 * @typedef {Item | { note: string } | "line"} Choice
 *
 * @typedef {{ label: string, choices: readonly Choice[], onClose: () => void, title?: string }} Content
 *   `title`: what it is about; a sheet is far from that
 */

const MARGIN = 8;

/** @param {Content & { x: number, y: number, above?: boolean }} properties */
export function Menu({ x, y, above = false, ...content }) {
  const isSheet = useMedia(PHONE);
  if (!isSheet) return html`<${MenuAt} x=${x} y=${y} above=${above} ...${content} />`;
  return html`<${Sheet} class="menu-sheet" label=${content.title ?? content.label} onClose=${content.onClose} first=${firstOf}>
    ${content.title && html`<p class="menu-title" aria-hidden="true">${content.title}</p>`}
    <${Choices} ...${content} />
  <//>`;
}

/** @param {Content & { x: number, y: number, above: boolean }} properties */
function MenuAt({ x, y, above, ...content }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  usePlace(root, x, y, above);
  const giveBack = useFocusBack(root);
  useOutside(root, content.onClose);
  return html`<${Choices} ...${content} root=${root} onChosen=${giveBack} />`;
}

/** @param {Content & { root?: Root, onChosen?: () => void }} properties */
function Choices({ label, choices, onClose, root, onChosen }) {
  const id = useId();
  const hasNote = choices.some((choice) => choice !== "line" && "note" in choice);
  const choose = (/** @type {Item} */ choice) => {
    // A dialog that is opened gives the focus back to what has it now, and the menu is gone by then.
    onChosen?.();
    onClose();
    choice.run();
  };
  return html`<div
    ref=${root}
    class="menu"
    role="menu"
    aria-label=${label}
    aria-describedby=${hasNote ? id : undefined}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(event, onClose)}
  >
    ${choices.map((choice) => {
      if (choice === "line") return html`<div class="menu-line" role="separator"></div>`;
      if ("note" in choice) return html`<div class="menu-note" id=${id} role="none">${choice.note}</div>`;
      return html`<${MenuItem} choice=${choice} onChoose=${choose} />`;
    })}
  </div>`;
}

/** @param {{ choice: Item, onChoose: (choice: Item) => void }} properties */
function MenuItem({ choice, onChoose }) {
  const isOption = choice.isChosen !== undefined;
  return html`<button
    type="button"
    role=${isOption ? "menuitemradio" : "menuitem"}
    aria-checked=${isOption ? String(choice.isChosen) : undefined}
    tabindex="-1"
    class=${choice.danger ? "danger" : ""}
    disabled=${choice.disabled}
    onClick=${() => onChoose(choice)}
  >
    <${Icon} name=${choice.icon} /><span>${choice.label}</span>
    ${choice.hint && html`<kbd aria-hidden="true">${choice.hint}</kbd>`}
    ${choice.isChosen && html`<${Icon} name="check" />`}
  </button>`;
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

/**
 * @param {Root} root
 * @returns {() => void} gives the focus back before the menu goes
 */
function useFocusBack(root) {
  const before = useRef(/** @type {Element | null} */ (null));
  const giveBack = () => before.current instanceof HTMLElement && before.current.focus();
  useLayoutEffect(() => {
    const menu = root.current;
    before.current = document.activeElement;
    firstOf(menu)?.focus();
    return () => {
      // Unless something else, like a dialog, has taken the focus meanwhile.
      const now = document.activeElement;
      const isLeft = !now || now === document.body || menu?.contains(now);
      if (isLeft) giveBack();
    };
  }, []);
  return giveBack;
}

/**
 * @param {Root} root
 * @param {() => void} onClose
 */
function useOutside(root, onClose) {
  useEffect(() => {
    const isOutside = (/** @type {Event} */ event) => !(event.target instanceof Node && root.current?.contains(event.target));
    let isTouch = false;
    const press = (/** @type {PointerEvent} */ event) => {
      isTouch = event.pointerType === "touch";
      if (!isTouch && isOutside(event)) onClose();
    };
    // A tap beside the menu closes it, and opens nothing; a finger that scrolls never comes to a click.
    const click = (/** @type {Event} */ event) => {
      if (!isTouch || !isOutside(event)) return;
      event.preventDefault();
      event.stopPropagation();
      onClose();
    };
    const scroll = (/** @type {Event} */ event) => isOutside(event) && onClose();
    window.addEventListener("pointerdown", press, true);
    window.addEventListener("pointercancel", scroll, true);
    window.addEventListener("click", click, true);
    window.addEventListener("blur", onClose);
    return () => {
      window.removeEventListener("pointerdown", press, true);
      window.removeEventListener("pointercancel", scroll, true);
      window.removeEventListener("click", click, true);
      window.removeEventListener("blur", onClose);
    };
  }, [onClose]);
}

/**
 * @param {KeyboardEvent} event of the menu
 * @param {() => void} onClose
 */
function onKey(event, onClose) {
  const all = items(/** @type {HTMLElement} */ (event.currentTarget));
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

/**
 * What the keyboard begins with: what is chosen, if something is.
 * @param {HTMLElement | null} root
 */
function firstOf(root) {
  const all = items(root);
  return all.find((button) => button.getAttribute("aria-checked") === "true") ?? all[0];
}
