/** Icons from the sprite, and the ones that stand for files. */

/** @import { Item } from "../../types/state.js" */
import { kindOf } from "../state/kinds.js";
import { html } from "./dom.js";

const SPRITE = new URL("../../icons.svg", import.meta.url).pathname;

/** @param {{ name: string, class?: string }} properties */
export function Icon({ name, class: className = "" }) {
  return html`<svg class="icon ${className}" aria-hidden="true"><use href="${SPRITE}#${name}" /></svg>`;
}

/** @param {{ item: Item, large?: boolean }} properties */
export function ItemIcon({ item, large = false }) {
  const kind = item.kind === "folder" ? "folder" : kindOf(item.type);
  return html`<span class="kind kind-${kind} ${large ? "kind-large" : ""}"><${Icon} name=${kind} /></span>`;
}
