/** The folder as a table, of which only the rows that are seen exist. */

import type { ComponentChildren } from "preact";
import type { Column, Item } from "../../types/state.js";
import { COLUMNS, fittingColumns, isSortKey, toggledColumn } from "../state/columns.js";
import { kindOf } from "../state/kinds.js";
import { itemAt, rowCount } from "../state/listing.js";
import { formatDate, formatFullDate, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Access } from "./access.js";
import { IconButton } from "./controls.js";
import { useApp, useMemo, useStore } from "./dom.js";
import { gridHandlers, openMenu, useItem, useRows } from "./grid.js";
import { Icon } from "./icon.js";
import { MenuButton } from "./menu-button.js";
import { RenameInput } from "./rename.js";
import { StarMark } from "./star-mark.js";
import { SmallPicture } from "./thumbnail.js";
import { COLUMN_ICONS, nextOrder } from "./toolbar.js";
import { useViewport } from "./viewport.js";

const ROW_HEIGHT = 48;
/** Under a finger; a little less under a mouse. */
const HEAD_HEIGHT = 44;

export function Table() {
  const app = useApp();
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  const focus = useStore((state) => state.selection.focus);
  const chosen = useStore((state) => state.preferences.columns);
  const count = rowCount(listing, hidden);
  const viewport = useViewport((width) => ({ lines: count, lineHeight: ROW_HEIGHT, width }), HEAD_HEIGHT);
  const { width } = viewport.layout;
  const columns = useMemo(() => fittingColumns(chosen, width), [chosen, width]);
  useRows(app, viewport, 1);
  const rows = [];
  for (let row = viewport.first; row <= viewport.last; row += 1) {
    const item = itemAt(listing, hidden, row);
    rows.push(item ? <Row key={item.key} item={item} row={row} columns={columns} /> : <Gap key={`gap-${row}`} row={row} />);
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
      aria-colcount={columns.length + 2}
      aria-activedescendant={isFocusSeen ? `row-${focus}` : undefined}
      style={{ "--columns": columns.map((column) => `var(--column-${column})`).join(" ") }}
      {...gridHandlers(app, 1)}
    >
      <Head columns={columns} />
      <div role="rowgroup" class="rows" style={{ height: `${count * ROW_HEIGHT}px` }}>
        {rows}
      </div>
    </div>
  );
}

function Head({ columns }: { columns: readonly Column[] }) {
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" aria-rowindex={1}>
        <HeadCell column="name" />
        {columns.map((column) => (
          <HeadCell key={column} column={column} />
        ))}
        <div role="columnheader" class="cell-more">
          <span class="hidden">{text.actions.label}</span>
          <ColumnsButton />
        </div>
      </div>
    </div>
  );
}

function HeadCell({ column }: { column: Column | "name" }) {
  const app = useApp();
  const order = useStore((state) => state.route.order);
  const className = `cell cell-${column}`;
  if (!isSortKey(column))
    return (
      <div role="columnheader" class={className}>
        <span class="head-label">{text.columns[column]}</span>
      </div>
    );
  const isSorted = order.by === column;
  const direction = order.ascending ? "ascending" : "descending";
  return (
    <div role="columnheader" class={className} aria-sort={isSorted ? direction : "none"}>
      <button type="button" onClick={() => app.sortBy(nextOrder(order, column))}>
        {text.columns[column]} {isSorted && <Icon name={order.ascending ? "arrow-up" : "arrow-down"} />}
      </button>
    </div>
  );
}

/** Chooses what the table shows. */
function ColumnsButton() {
  const app = useApp();
  const columns = useStore((state) => state.preferences.columns);
  const choices = COLUMNS.map((column) => ({
    label: text.columns[column],
    icon: COLUMN_ICONS[column],
    isChecked: columns.includes(column),
    run: () => app.preferences.change({ columns: toggledColumn(columns, column) }),
  }));
  return (
    <MenuButton class="icon-button columns-button" label={text.columnsOf} choices={choices}>
      <Icon name="columns" />
    </MenuButton>
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
function Row({ item, row, columns }: { item: Item; row: number; columns: readonly Column[] }) {
  return useMemo(() => <RowContent item={item} row={row} columns={columns} />, [item, row, columns]);
}

function RowContent({ item, row, columns }: { item: Item; row: number; columns: readonly Column[] }) {
  const { isSelected, isRenaming, properties } = useItem(item, row, "row");
  return (
    <div role="row" aria-rowindex={row + 2} style={place(row)} {...properties}>
      <div role="gridcell" class="cell-name">
        <SelectButton item={item} row={row} isSelected={isSelected}>
          <SmallPicture item={item} />
        </SelectButton>
        {isRenaming ? <RenameInput item={item} /> : <Name item={item} />}
      </div>
      {columns.map((column) => (
        <Cell key={column} item={item} column={column} />
      ))}
      <div role="gridcell" class="cell-more">
        <MoreButton item={item} row={row} />
      </div>
    </div>
  );
}

function Cell({ item, column }: { item: Item; column: Column }) {
  const date =
    column === "modified_at" ? item.modifiedAt : column === "created_at" && item.kind === "file" ? item.createdAt : null;
  return (
    <div role="gridcell" class={`cell cell-${column}`} title={date === null ? undefined : formatFullDate(date)}>
      {date === null ? wordFor(item, column) : formatDate(date, Date.now())}
    </div>
  );
}

/** What stands in a cell that has no date. */
function wordFor(item: Item, column: Column) {
  if (column === "size") return item.size === null ? "" : formatSize(item.size);
  if (column === "type") return text.kind[item.kind === "folder" ? "folder" : kindOf(item.type)];
  return "";
}

function Name({ item }: { item: Item }) {
  return (
    <>
      <span class="name-block">
        <span class="name" title={item.name}>
          {item.name}
        </span>
        {(item.size !== null || item.modifiedAt !== null) && (
          <span class="name-meta">
            {[item.size !== null && formatSize(item.size), item.modifiedAt && formatDate(item.modifiedAt, Date.now())]
              .filter(Boolean)
              .join(" · ")}
          </span>
        )}
      </span>
      <StarMark item={item} />
      {item.kind === "file" && <Access file={item} />}
    </>
  );
}

export function SelectButton({
  item,
  row,
  isSelected,
  children,
}: {
  item: Item;
  row: number;
  isSelected: boolean;
  children?: ComponentChildren;
}) {
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
      {children}
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
