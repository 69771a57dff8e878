/** Above the list: what is in the folder, or what can be done with the selection. */

import type { SortKey } from "../../types/wire.js";
import type { ActionName, ItemAction } from "./item-actions.js";
import { SORT_KEYS } from "../state/columns.js";
import { countsOf } from "../state/listing.js";
import { formatPercent } from "../text/format.js";
import { text } from "../text/text.js";
import { IconButton, Progress } from "./controls.js";
import { useApp, useStore } from "./dom.js";
import { Icon } from "./icon.js";
import { actionOn, additions, choicesFor, openNewFolder } from "./item-actions.js";
import { MenuButton } from "./menu-button.js";

/** What stands beside the menu with all actions; what is impossible stays where it is. */
const TOOLS: readonly ActionName[] = ["download", "star", "move", "delete"];
/** Those whose icons suffice, so that others have room for words. */
const UNLABELLED: readonly ActionName[] = ["star"];
export const COLUMN_ICONS = { name: "document", type: "folder", created_at: "plus", modified_at: "clock", size: "server" };

export function Toolbar() {
  const count = useStore((state) => state.selection.items.size);
  const isSelecting = useStore((state) => state.selecting !== null);
  return (
    <div class="toolbar" role="toolbar" aria-label={text.actions.label}>
      {isSelecting ? <SelectingTools /> : count > 0 ? <SelectionTools /> : <FolderTools />}
    </div>
  );
}

/** While a large selection is on its way. */
function SelectingTools() {
  const app = useApp();
  const { done, total } = useStore((state) => state.selecting) ?? { done: 0, total: 1 };
  return (
    <>
      <IconButton icon="close" label={text.selection.stop} onClick={() => app.selecting.clear()} />
      <p class="summary" aria-hidden="true">
        {text.selection.running(formatPercent(done, total))}
      </p>
      <Progress value={done} max={total} label={text.selection.progress} />
    </>
  );
}

function FolderTools() {
  const app = useApp();
  const listing = useStore((state) => state.listing);
  const clipboard = useStore((state) => state.clipboard);
  const hidden = useStore((state) => state.hidden);
  const counts = countsOf(listing, hidden);
  return (
    <>
      <p class="summary">{listing.status === "ready" && text.listing.summary(counts.folders, counts.files)}</p>
      <button
        type="button"
        class="button quiet only-wide"
        disabled={listing.status === "missing"}
        onClick={() => openNewFolder(app)}
      >
        <Icon name="folder-plus" />
        <span>{text.actions.newFolder}</span>
      </button>
      <MenuButton class="button quiet only-narrow" label={text.actions.add} choices={additions(app, listing, clipboard)}>
        <Icon name="plus" />
        <span>{text.actions.add}</span>
      </MenuButton>
      <SortButton />
    </>
  );
}

function SelectionTools() {
  const app = useApp();
  const selection = useStore((state) => state.selection.items);
  const items = [...selection.values()];
  return (
    <>
      <IconButton icon="close" label={text.selection.clear} onClick={() => app.selecting.clear()} />
      <p class="summary" aria-live="polite">
        <strong>{text.selection.count(items.length)}</strong>
      </p>
      {TOOLS.map((name) => (
        <Tool key={name} action={actionOn(app, items, name)} />
      ))}
      <MenuButton class="icon-button" label={text.actions.more} choices={choicesFor(app, items)}>
        <Icon name="dots" />
      </MenuButton>
    </>
  );
}

function Tool({ action: { name, label, icon, isPossible, run } }: { action: ItemAction }) {
  return (
    <button type="button" class="button quiet" aria-label={label} title={label} disabled={!isPossible} onClick={run}>
      <Icon name={icon} />
      {!UNLABELLED.includes(name) && <span class="tool-label">{label}</span>}
    </button>
  );
}

function SortButton() {
  const app = useApp();
  const order = useStore((state) => state.route.order);
  const [up, down] = text.listing.directions[order.by];
  const by = SORT_KEYS.map((key) => ({
    label: text.columns[key],
    icon: COLUMN_ICONS[key],
    isChosen: key === order.by,
    run: () => key !== order.by && app.sortBy(nextOrder(order, key)),
  }));
  const direction = [true, false].map((ascending) => ({
    label: ascending ? up : down,
    icon: ascending ? "arrow-up" : "arrow-down",
    isChosen: ascending === order.ascending,
    run: () => app.sortBy({ by: order.by, ascending }),
  }));
  const label = text.listing.sortBy(text.columns[order.by], order.ascending ? up : down);
  return (
    <MenuButton class="button quiet sort-button" label={label} choices={[...by, "line", ...direction]}>
      <Icon name={order.ascending ? "arrow-up" : "arrow-down"} />
      <span>{text.columns[order.by]}</span>
    </MenuButton>
  );
}

/** Another column begins as people expect it; the same one turns around. */
export function nextOrder(order: import("../../types/state.js").Order, by: SortKey) {
  return { by, ascending: by === order.by ? !order.ascending : by === "name" };
}
