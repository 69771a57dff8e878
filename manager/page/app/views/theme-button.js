/** Light, dark, or as the system says. */

import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { html, useApp, useStore } from "./dom.js";

const NEXT = /** @type {const} */ ({ auto: "light", light: "dark", dark: "auto" });
const ICONS = { auto: "contrast", light: "sun", dark: "moon" };

export function ThemeButton() {
  const app = useApp();
  const theme = useStore((state) => state.preferences.theme);
  return html`<${IconButton}
    icon=${ICONS[theme]}
    label=${text.theme[theme]}
    onClick=${() => app.preferences.change({ theme: NEXT[theme] })}
  />`;
}
