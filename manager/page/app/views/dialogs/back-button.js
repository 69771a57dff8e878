/** Leads from one part of a dialog back to the first. */

import { html, useAutoFocus } from "../dom.js";
import { Icon } from "../icon.js";

/**
 * @param {{ label: string, onClick: () => void, isFocused?: boolean }} properties
 *   `isFocused`: where the part has nothing that wants the focus more
 */
export function BackButton({ label, onClick, isFocused = false }) {
  const button = useAutoFocus(isFocused);
  return html`<button type="button" class="button small back" ref=${button} onClick=${onClick}><${Icon} name="chevron-left" />${label}</button>`;
}
