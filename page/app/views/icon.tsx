/** Icons from the sprite, and the ones that stand for files. */

import type { Item } from "../../types/state.js";
import { kindOf } from "../state/kinds.js";

const SPRITE = new URL("./icons.svg", import.meta.url).pathname;

export function Icon({ name, class: className = "" }: { name: string; class?: string }) {
  return (
    <svg class={`icon ${className}`} aria-hidden="true">
      <use href={`${SPRITE}#${name}`} />
    </svg>
  );
}

export function ItemIcon({ item, large = false }: { item: Item; large?: boolean }) {
  const kind = item.kind === "folder" ? "folder" : kindOf(item.type);
  return (
    <span class={`kind kind-${kind} ${large ? "kind-large" : ""}`}>
      <Icon name={kind} />
    </span>
  );
}
