/** A file, shown as large as the window; the address says which, so that it can be bookmarked. */

/** @import { FileItem } from "../../types/state.js" */
import { fileNumber, loadedFile, rowOf } from "../state/listing.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { html, useApp, useEffect, useLayoutEffect, useRef, useStore } from "./dom.js";
import { ItemIcon } from "./icon.js";
import { download } from "./item-actions.js";
import { Preview } from "./preview.js";

/** How far a finger goes sideways that wants another file. */
const SWIPE_PX = 60;

export function Viewer() {
  const app = useApp();
  const name = useStore((state) => state.route.open);
  const listing = useStore((state) => state.listing);
  /** The file that was shown last: it stays while its page is loaded anew. */
  const shown = useRef(/** @type {{ path: readonly string[], file: FileItem } | null} */ (null));
  const found = loadedFile(listing, name);
  if (found) shown.current = { path: listing.path, file: found };
  const isMissing = name !== null && !found && listing.status === "ready";
  useEffect(() => {
    if (isMissing) void app.finder.bringFile(name);
  }, [isMissing, name, listing]);
  if (name === null || shown.current?.path !== listing.path || shown.current.file.name !== name) return null;
  return html`<${OpenFile} file=${shown.current.file} />`;
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
  // Before it is seen: whoever closes it at once finds the file as well.
  useLayoutEffect(() => {
    const { listing, hidden } = app.store.state;
    const row = rowOf(listing, hidden, file.key);
    // A finger selects on purpose alone, and nobody's larger selection is given up for a look.
    const isKept = matchMedia("(pointer: coarse)").matches || app.selecting.items.length > 1;
    if (row >= 0) app.selecting.moveTo(row, { select: !isKept, extend: false });
  }, [file.key]);
  const place = usePlace(file);
  const number = place && text.viewer.number(place.number, place.count);
  const step = (/** @type {1 | -1} */ by) => app.finder.step(by);
  const swipe = useSwipe(step);
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
      <div class="viewer-title" aria-live="polite" aria-atomic="true">
        <strong>${file.name}</strong><span>${[number, formatSize(file.size)].filter(Boolean).join(" · ")}</span>
      </div>
      <${IconButton} icon="chevron-left" label=${text.viewer.previous} disabled=${place?.number === 1} onClick=${() => step(-1)} />
      <${IconButton} icon="chevron" label=${text.viewer.next} disabled=${place !== null && place.number === place.count} onClick=${() => step(1)} />
      <${IconButton} icon="download" label=${text.actions.download} disabled=${file.can === "none"} onClick=${() => download(app, [file])} />
      <${IconButton} icon="close" label=${text.app.close} onClick=${close} />
    </header>
    <div class="viewer-body" ...${swipe}><${Preview} key=${`${file.key}@${file.updatedAt}`} file=${file} /></div>
  </dialog>`;
}

/**
 * Which of the files of the folder it is.
 * @param {FileItem} file
 */
function usePlace(file) {
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  return fileNumber(listing, hidden, file.key);
}

/**
 * A handler for a finger that pushes the file aside.
 * @param {(by: 1 | -1) => void} step
 */
function useSwipe(step) {
  const following = useRef(/** @type {AbortController | null} */ (null));
  const onTouchStart = (/** @type {TouchEvent} */ event) => {
    following.current?.abort();
    const [start] = event.touches;
    // Several fingers zoom, and one moves what is zoomed, or a film's time.
    const isFree = event.touches.length === 1 && (visualViewport?.scale ?? 1) <= 1 && !(event.target instanceof HTMLMediaElement);
    if (!start || !isFree) return;
    following.current = new AbortController();
    // What is touched may be drawn anew meanwhile; it hears of the finger all the same, but nothing around it does.
    start.target.addEventListener("touchend", (end) => follow(start, /** @type {TouchEvent} */ (end).changedTouches[0]), {
      once: true,
      signal: following.current.signal,
    });
  };
  const follow = (/** @type {Touch} */ start, /** @type {Touch | undefined} */ end) => {
    if (!end) return;
    const x = end.clientX - start.clientX;
    const y = end.clientY - start.clientY;
    if (Math.abs(x) >= SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  };
  return { onTouchStart };
}
