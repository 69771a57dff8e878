/** A small mark for what the user has starred. */

import type { Item } from "../../types/state.js";
import { text } from "../text/text.js";
import { useStore } from "./dom.js";
import { Icon } from "./icon.js";

export function StarMark({ item }: { item: Item }) {
  const isStarred = useStore((state) => Boolean(state.stars?.has(item.key)));
  if (!isStarred) return null;
  return (
    <span class="star-mark" role="img" aria-label={text.places.starred} title={text.places.starred}>
      <Icon name="star" />
    </span>
  );
}
