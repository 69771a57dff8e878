/** Light, dark, or as the system says. */

import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { useApp, useStore } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const ICONS = { auto: "contrast", light: "sun", dark: "moon" };

export function ThemeButton() {
  const app = useApp();
  const theme = useStore((state) => state.preferences.theme);
  return (
    <IconButton icon={ICONS[theme]} label={text.theme[theme]} onClick={() => app.preferences.change({ theme: NEXT[theme] })} />
  );
}
