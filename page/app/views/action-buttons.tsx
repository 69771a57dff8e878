/** Some of what can be done with items, as buttons. */

import type { Item } from "../../types/state.js";
import type { ActionName } from "./item-actions.js";
import { useApp } from "./dom.js";
import { Icon } from "./icon.js";
import { actionsOn } from "./item-actions.js";

export function ActionButtons({ items, names }: { items: readonly Item[]; names: readonly ActionName[] }) {
  const app = useApp();
  return (
    <div class="details-actions">
      {actionsOn(app, items, names).map((action) => (
        <button type="button" key={action.name} class="button" onClick={action.run}>
          <Icon name={action.icon} />
          {action.shortLabel}
        </button>
      ))}
    </div>
  );
}
