/** The folder as tiles with thumbnails, of which only those that are seen exist. */

import type { Item } from "../../types/state.js";
import { itemAt, rowCount } from "../state/listing.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Access } from "./access.js";
import { useApp, useMemo, useStore } from "./dom.js";
import { gridHandlers, useItem, useRows } from "./grid.js";
import { RenameInput } from "./rename.js";
import { StarMark } from "./star-mark.js";
import { MoreButton, SelectButton } from "./table.js";
import { Thumbnail } from "./thumbnail.js";
import { useViewport } from "./viewport.js";

const MIN_WIDTH = 164;
const GAP = 12;
const PADDING = 16;
const CAPTION = 56;
const NARROW = 480;

export function Tiles() {
  const app = useApp();
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  const focus = useStore((state) => state.selection.focus);
  const count = rowCount(listing, hidden);
  const viewport = useViewport((width) => layoutOf(width, count));
  const { columns, lineHeight: height } = viewport.layout;
  useRows(app, viewport, columns);
  const lines = [];
  for (let line = viewport.first; line <= viewport.last; line += 1) {
    const cells = [];
    for (let row = line * columns; row < Math.min(count, (line + 1) * columns); row += 1) {
      const item = itemAt(listing, hidden, row);
      cells.push(
        item ? <Tile key={item.key} item={item} row={row} /> : <div role="gridcell" class="tile gap" key={`gap-${row}`}></div>,
      );
    }
    lines.push(
      <div role="row" class="tile-line" key={line} aria-rowindex={line + 1} style={lineStyle(line, height, columns)}>
        {cells}
      </div>,
    );
  }
  const isFocusSeen = focus >= viewport.first * columns && focus < (viewport.last + 1) * columns;
  return (
    <div
      class="tiles"
      id="content"
      role="grid"
      tabIndex={0}
      ref={viewport.root}
      aria-label={text.listing.label}
      aria-multiselectable="true"
      aria-rowcount={Math.ceil(count / columns)}
      aria-colcount={columns}
      aria-activedescendant={isFocusSeen ? `tile-${focus}` : undefined}
      {...gridHandlers(app, columns)}
    >
      <div role="rowgroup" class="tile-lines" style={{ height: `${Math.ceil(count / columns) * height + PADDING}px` }}>
        {lines}
      </div>
    </div>
  );
}

/** While the list scrolls, tiles that stay in it are not drawn again. */
function Tile({ item, row }: { item: Item; row: number }) {
  return useMemo(() => <TileContent item={item} row={row} />, [item, row]);
}

function TileContent({ item, row }: { item: Item; row: number }) {
  const { isSelected, isRenaming, properties } = useItem(item, row, "tile");
  return (
    <div role="gridcell" {...properties}>
      <div class="tile-picture">
        <Thumbnail item={item} />
        <SelectButton item={item} row={row} isSelected={isSelected} />
        <MoreButton item={item} row={row} />
      </div>
      <div class="tile-caption">
        {isRenaming ? (
          <RenameInput item={item} />
        ) : (
          <span class="name-block">
            <span class="name" title={item.name}>
              {item.name}
            </span>
            <span class="tile-meta">{item.kind === "file" ? formatSize(item.size) : text.kind.folder}</span>
          </span>
        )}
        <StarMark item={item} />
        {item.kind === "file" && <Access file={item} />}
      </div>
    </div>
  );
}

/**
 * @param whole width of the list
 * @param count of items
 */
function layoutOf(whole: number, count: number) {
  const least = whole < NARROW ? 136 : MIN_WIDTH;
  const space = whole - 2 * PADDING;
  const columns = Math.max(1, Math.floor((space + GAP) / (least + GAP)));
  const width = (space - (columns - 1) * GAP) / columns;
  return { columns, lines: Math.ceil(count / columns), lineHeight: Math.round(width * 0.7) + CAPTION + GAP };
}

function lineStyle(line: number, height: number, columns: number) {
  return {
    transform: `translateY(${line * height + PADDING}px)`,
    height: `${height - GAP}px`,
    gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
  };
}
