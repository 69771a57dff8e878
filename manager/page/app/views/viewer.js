/** A file, shown as large as the window; the address says which, so that it can be bookmarked. */

/** @import { FileItem } from "../../types/state.js" */
import { itemAt, loadedItems, rowCount, rowOf } from "../state/listing.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { html, useApp, useEffect, useLayoutEffect, useRef, useStore } from "./dom.js";
import { ItemIcon } from "./icon.js";
import { download } from "./item-actions.js";
import { Preview } from "./preview.js";

export function Viewer() {
  const name = useStore((state) => state.route.open);
  const listing = useStore((state) => state.listing);
  if (name === null) return null;
  const file = loadedItems(listing).find((item) => item.kind === "file" && item.name === name);
  return file?.kind === "file" ? html`<${OpenFile} file=${file} />` : null;
}

/** @param {{ file: FileItem }} properties */
function OpenFile({ file }) {
  const app = useApp();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // No button is more likely to be wanted than the others, so the file itself has the focus.
    element?.focus();
    return () => element?.close();
  }, []);
  useEffect(() => {
    const { listing, hidden } = app.store.state;
    const row = rowOf(listing, hidden, file.key);
    // A finger selects on purpose alone, and nobody's larger selection is given up for a look.
    const isKept = matchMedia("(pointer: coarse)").matches || app.selecting.items.length > 1;
    if (row >= 0 && !isKept) app.selecting.click(file, row, { toggle: false, extend: false });
  }, [file.key]);
  const step = (/** @type {1 | -1} */ by) => openNeighbour(app, file, by);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.target instanceof HTMLMediaElement) return;
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  };
  const close = () => app.navigation.closeFile();
  return html`<dialog
    ref=${dialog}
    class="viewer"
    tabindex="-1"
    aria-label=${file.name}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      close();
    }}
    onKeyDown=${onKeyDown}
  >
    <header class="viewer-head">
      <${ItemIcon} item=${file} />
      <div class="viewer-title"><strong>${file.name}</strong><span>${formatSize(file.size)}</span></div>
      <${IconButton} icon="chevron-left" label=${text.viewer.previous} onClick=${() => step(-1)} />
      <${IconButton} icon="chevron" label=${text.viewer.next} onClick=${() => step(1)} />
      <${IconButton} icon="download" label=${text.actions.download} disabled=${file.can === "none"} onClick=${() => download(app, [file])} />
      <${IconButton} icon="close" label=${text.app.close} onClick=${close} />
    </header>
    <div class="viewer-body"><${Preview} key=${`${file.key}@${file.updatedAt}`} file=${file} /></div>
  </dialog>`;
}

/**
 * @param {import("../actions/app.js").App} app
 * @param {FileItem} file
 * @param {1 | -1} by
 */
function openNeighbour(app, file, by) {
  const { listing, hidden } = app.store.state;
  const count = rowCount(listing, hidden);
  for (let row = rowOf(listing, hidden, file.key) + by; row >= 0 && row < count; row += by) {
    const item = itemAt(listing, hidden, row);
    if (item?.kind !== "file") return;
    if (item.can !== "none") return app.navigation.openFile(item.name);
  }
}
