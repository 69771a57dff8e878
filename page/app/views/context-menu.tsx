/** The menu of what was right-clicked. */

import { text } from "../text/text.js";
import { useApp, useCallback, useStore } from "./dom.js";
import { choicesFor } from "./item-actions.js";
import { Menu } from "./menu.js";

export function ContextMenu() {
  const app = useApp();
  const menu = useStore((state) => state.menu);
  const close = useCallback(() => app.store.set({ menu: null }), [app]);
  if (!menu) return null;
  const [item] = menu.items;
  const title = menu.items.length > 1 ? text.selection.count(menu.items.length) : item?.name;
  return (
    <Menu
      key={`${menu.x} ${menu.y}`}
      x={menu.x}
      y={menu.y}
      label={text.actions.label}
      title={title}
      choices={choicesFor(app, menu.items)}
      onClose={close}
    />
  );
}
