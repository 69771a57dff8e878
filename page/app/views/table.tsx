/** The folder as a table, of which only the rows that are seen exist. */

import type { Item } from "../../types/state.js";
import type { SortKey } from "../../types/wire.js";
import { itemAt, rowCount } from "../state/listing.js";
import { formatDate, formatFullDate, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Access } from "./access.js";
import { IconButton } from "./controls.js";
import { useApp, useMemo, useStore } from "./dom.js";
import { gridHandlers, openMenu, useItem, useRows } from "./grid.js";
import { Icon, ItemIcon } from "./icon.js";
import { RenameInput } from "./rename.js";
import { nextOrder } from "./toolbar.js";
import { useViewport } from "./viewport.js";

const ROW_HEIGHT = 48;
/** Under a finger; a little less under a mouse. */
const HEAD_HEIGHT = 44;

export function Table() {
  const app = useApp();
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  const focus = useStore((state) => state.selection.focus);
  const count = rowCount(listing, hidden);
  const viewport = useViewport(() => ({ lines: count, lineHeight: ROW_HEIGHT }), HEAD_HEIGHT);
  useRows(app, viewport, 1);
  const rows = [];
  for (let row = viewport.first; row <= viewport.last; row += 1) {
    const item = itemAt(listing, hidden, row);
    rows.push(item ? <Row key={item.key} item={item} row={row} /> : <Gap key={`gap-${row}`} row={row} />);
  }
  const isFocusSeen = focus >= viewport.first && focus <= viewport.last;
  return (
    <div
      class="table"
      id="content"
      role="grid"
      tabIndex={0}
      ref={viewport.root}
      aria-label={text.listing.label}
      aria-multiselectable="true"
      aria-rowcount={count + 1}
      aria-colcount={4}
      aria-activedescendant={isFocusSeen ? `row-${focus}` : undefined}
      {...gridHandlers(app, 1)}
    >
      <Head />
      <div role="rowgroup" class="rows" style={{ height: `${count * ROW_HEIGHT}px` }}>
        {rows}
      </div>
    </div>
  );
}

function Head() {
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" aria-rowindex={1}>
        <HeadCell by="name" class="cell-name" />
        <HeadCell by="updated_at" class="cell-date" />
        <HeadCell by="size" class="cell-size" />
        <div role="columnheader" class="cell-more">
          <span class="hidden">{text.actions.label}</span>
        </div>
      </div>
    </div>
  );
}

function HeadCell({ by, class: className }: { by: SortKey; class: string }) {
  const app = useApp();
  const order = useStore((state) => state.route.order);
  const isSorted = order.by === by;
  const direction = order.ascending ? "ascending" : "descending";
  return (
    <div role="columnheader" class={className} aria-sort={isSorted ? direction : "none"}>
      <button type="button" onClick={() => app.navigation.sort(nextOrder(order, by))}>
        {text.columns[by]} {isSorted && <Icon name={order.ascending ? "arrow-up" : "arrow-down"} />}
      </button>
    </div>
  );
}

function Gap({ row }: { row: number }) {
  return (
    <div class="row gap" role="row" aria-rowindex={row + 2} aria-busy="true" style={place(row)}>
      <div role="gridcell" class="cell-name">
        <span class="skeleton-line"></span>
      </div>
    </div>
  );
}

/** While the list scrolls, rows that stay in it are not drawn again. */
function Row({ item, row }: { item: Item; row: number }) {
  return useMemo(() => <RowContent item={item} row={row} />, [item, row]);
}

function RowContent({ item, row }: { item: Item; row: number }) {
  const { isSelected, isRenaming, properties } = useItem(item, row, "row");
  const now = Date.now();
  return (
    <div role="row" aria-rowindex={row + 2} style={place(row)} {...properties}>
      <div role="gridcell" class="cell-name">
        <SelectButton item={item} row={row} isSelected={isSelected} />
        {isRenaming ? <RenameInput item={item} /> : <Name item={item} />}
      </div>
      <div role="gridcell" class="cell-date" title={item.kind === "file" ? formatFullDate(item.updatedAt) : undefined}>
        {item.kind === "file" ? formatDate(item.updatedAt, now) : ""}
      </div>
      <div role="gridcell" class="cell-size">
        {item.kind === "file" ? formatSize(item.size) : ""}
      </div>
      <div role="gridcell" class="cell-more">
        <MoreButton item={item} row={row} />
      </div>
    </div>
  );
}

function Name({ item }: { item: Item }) {
  return (
    <>
      <span class="name-block">
        <span class="name" title={item.name}>
          {item.name}
        </span>
        {item.kind === "file" && (
          <span class="name-meta">
            {formatSize(item.size)} · {formatDate(item.updatedAt, Date.now())}
          </span>
        )}
      </span>
      {item.kind === "file" && <Access file={item} />}
    </>
  );
}

export function SelectButton({ item, row, isSelected }: { item: Item; row: number; isSelected: boolean }) {
  const app = useApp();
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    app.selecting.click(item, row, { toggle: true, extend: event.shiftKey });
  };
  return (
    <button
      type="button"
      class="select-button"
      tabIndex={-1}
      aria-pressed={isSelected ? "true" : "false"}
      aria-label={text.selection.toggle(item.name)}
      onClick={toggle}
      onDblClick={(event: Event) => event.stopPropagation()}
    >
      <ItemIcon item={item} />
      <span class="select-mark">
        <Icon name="check" />
      </span>
    </button>
  );
}

export function MoreButton({ item, row }: { item: Item; row: number }) {
  const app = useApp();
  const open = (event: MouseEvent) => {
    event.stopPropagation();
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    openMenu(app, item, row, box.right - 220, box.bottom + 4);
  };
  const stop = (event: Event) => event.stopPropagation();
  return (
    <span class="more-button" onDblClick={stop}>
      <IconButton icon="dots" label={text.actions.moreFor(item.name)} tabIndex={-1} onClick={open} />
    </span>
  );
}

function place(row: number) {
  return { transform: `translateY(${row * ROW_HEIGHT}px)` };
}
