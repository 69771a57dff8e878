/** A file, shown as large as the window; the address says which, so that it can be bookmarked. */

import type { FileItem } from "../../types/state.js";
import { fileNumber, loadedFile, rowOf } from "../state/listing.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { useApp, useEffect, useLayoutEffect, useRef, useStore } from "./dom.js";
import { ItemIcon } from "./icon.js";
import { download } from "./item-actions.js";
import { useModal } from "./modal.js";
import { Preview } from "./preview.js";

/** How far a finger goes sideways that wants another file. */
const SWIPE_PX = 60;

export function Viewer() {
  const app = useApp();
  const name = useStore((state) => state.route.open);
  const listing = useStore((state) => state.listing);
  /** The file that was shown last: it stays while its page is loaded anew. */
  const shown = useRef<{ path: readonly string[]; file: FileItem } | null>(null);
  const found = loadedFile(listing, name);
  if (found) shown.current = { path: listing.path, file: found };
  const isMissing = name !== null && !found && listing.status === "ready";
  useEffect(() => {
    if (isMissing) void app.finder.bringFile(name);
  }, [isMissing, name, listing]);
  if (name === null || shown.current?.path !== listing.path || shown.current.file.name !== name) return null;
  return <OpenFile file={shown.current.file} />;
}

function OpenFile({ file }: { file: FileItem }) {
  const app = useApp();
  const close = () => app.navigation.closeFile();
  // No button is more likely to be wanted than the others, so the file itself has the focus.
  const { modal } = useModal({ onClose: close, first: (dialog) => dialog });
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
  const step = (by: 1 | -1) => app.finder.step(by);
  const swipe = useSwipe(step);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLMediaElement) return;
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  };
  return (
    <dialog class="viewer" aria-label={file.name} onKeyDown={onKeyDown} {...modal}>
      <header class="viewer-head">
        <ItemIcon item={file} />
        <div class="viewer-title" aria-live="polite" aria-atomic="true">
          <strong>{file.name}</strong>
          <span>{[number, formatSize(file.size)].filter(Boolean).join(" · ")}</span>
        </div>
        <IconButton icon="chevron-left" label={text.viewer.previous} disabled={place?.number === 1} onClick={() => step(-1)} />
        <IconButton
          icon="chevron"
          label={text.viewer.next}
          disabled={place !== null && place.number === place.count}
          onClick={() => step(1)}
        />
        <IconButton
          icon="download"
          label={text.actions.download}
          disabled={file.can === "none"}
          onClick={() => download(app, [file])}
        />
        <IconButton icon="close" label={text.app.close} onClick={close} />
      </header>
      <div class="viewer-body" {...swipe}>
        <Preview key={`${file.key}@${file.updatedAt}`} file={file} />
      </div>
    </dialog>
  );
}

/** Which of the files of the folder it is. */
function usePlace(file: FileItem) {
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  return fileNumber(listing, hidden, file.key);
}

/** A handler for a finger that pushes the file aside. */
function useSwipe(step: (by: 1 | -1) => void) {
  const following = useRef<AbortController | null>(null);
  const onTouchStart = (event: TouchEvent) => {
    following.current?.abort();
    const [start] = event.touches;
    // Several fingers zoom, and one moves what is zoomed, or a film's time.
    const isFree = event.touches.length === 1 && (visualViewport?.scale ?? 1) <= 1 && !(event.target instanceof HTMLMediaElement);
    if (!start || !isFree) return;
    following.current = new AbortController();
    // What is touched may be drawn anew meanwhile; it hears of the finger all the same, but nothing around it does.
    start.target.addEventListener("touchend", (end) => follow(start, (end as TouchEvent).changedTouches[0]), {
      once: true,
      signal: following.current.signal,
    });
  };
  const follow = (start: Touch, end: Touch | undefined) => {
    if (!end) return;
    const x = end.clientX - start.clientX;
    const y = end.clientY - start.clientY;
    if (Math.abs(x) >= SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  };
  return { onTouchStart };
}
