/** A button that opens a menu. */

import type { ComponentChildren } from "preact";
import type { Choice } from "./menu.js";
import { useCallback, useState } from "./dom.js";
import { Menu } from "./menu.js";

/** @param properties `namesItself`: the words in the button are its name */
export function MenuButton({
  label,
  choices,
  class: className = "",
  children,
  above = false,
  namesItself = false,
}: {
  label: string;
  choices: readonly Choice[];
  class?: string;
  children: ComponentChildren;
  above?: boolean;
  namesItself?: boolean;
}) {
  const [place, setPlace] = useState<{ x: number; y: number } | null>(null);
  const close = useCallback(() => setPlace(null), []);
  const toggle = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    setPlace(place ? null : { x: box.left, y: above ? box.top - 6 : box.bottom + 6 });
  };
  return (
    <>
      <button
        type="button"
        class={className}
        aria-haspopup="menu"
        aria-expanded={place ? "true" : "false"}
        aria-label={namesItself ? undefined : label}
        onClick={toggle}
      >
        {children}
      </button>
      {place && <Menu {...place} label={label} choices={choices} onClose={close} above={above} />}
    </>
  );
}
