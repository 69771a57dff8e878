/** Leads from one part of a dialog back to the first. */

import { useAutoFocus } from "../dom.js";
import { Icon } from "../icon.js";

/** @param properties `isFocused`: where the part has nothing that wants the focus more */
export function BackButton({ label, onClick, isFocused = false }: { label: string; onClick: () => void; isFocused?: boolean }) {
  const button = useAutoFocus<HTMLButtonElement>(isFocused);
  return (
    <button type="button" class="button small back" ref={button} onClick={onClick}>
      <Icon name="chevron-left" />
      {label}
    </button>
  );
}
