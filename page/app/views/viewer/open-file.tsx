/** The viewer's dialog: the file, and what can be done with it. */

import type { ComponentChildren } from "preact";
import type { FileItem } from "../../../types/state.js";
import { fileNumber, rowOf } from "../../state/listing.js";
import { previewOf } from "../../state/kinds.js";
import { formatSize } from "../../text/format.js";
import { text } from "../../text/viewer.js";
import { IconButton } from "../controls.js";
import { useApp, useEffect, useLayoutEffect, useState, useStore } from "../dom.js";
import { ItemIcon } from "../icon.js";
import { useModal } from "../modal.js";
import { usePartOnDemand } from "../on-demand.js";
import { FileActions } from "./file-actions.js";
import { preloadNeighbours } from "./pictures.js";
import { Preview } from "./preview.js";
import { useSlideShow } from "./slide-show.js";
import { useSwipe } from "./swipe.js";

export function OpenFile({ file, children }: { file: FileItem; children: ComponentChildren }) {
  const app = useApp();
  const close = () => app.navigation.closeFile();
  // No button is more likely to be wanted than the others, so the file itself has the focus.
  const { modal } = useModal({ onClose: close, first: (dialog) => dialog });
  useFocusOnRow();
  useFoundRow(file);
  const place = usePlace(file);
  const [showsFacts, setShowsFacts] = useState(false);
  const facts = usePartOnDemand(showsFacts);
  const slideShow = useSlideShow(file);
  const step = (by: 1 | -1) => void app.finder.step(by);
  const remove = () => void removeOpenFile();
  const removeOpenFile = async () => {
    // What is asked about stays in sight.
    if (app.store.state.features.hasTrash && !(await app.finder.step(1)) && !(await app.finder.step(-1))) close();
    app.deletions.delete([file]);
  };
  const toggleFacts = () => setShowsFacts((shown) => !shown);
  const keys: Record<string, () => void> = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    i: toggleFacts,
    ...(slideShow.toggle && { s: slideShow.toggle }),
    ...(file.can === "rw" && { Delete: remove }),
  };
  const number = place && text.viewer.number(place.number, place.count);
  return (
    <dialog
      class={`viewer shows-${previewOf(file)} ${showsFacts ? "with-facts" : ""}`}
      aria-label={file.name}
      onKeyDown={(event: KeyboardEvent) => onKey(event, keys)}
      {...modal}
    >
      <div class="viewer-head">
        <ItemIcon item={file} />
        <div class="viewer-title" aria-live="polite" aria-atomic="true">
          <strong>{file.name}</strong>
          <span>{[number, formatSize(file.size)].filter(Boolean).join(" · ")}</span>
        </div>
        <div class="viewer-steps">
          <IconButton icon="chevron-left" label={text.viewer.previous} disabled={place?.number === 1} onClick={() => step(-1)} />
          <IconButton
            icon="chevron"
            label={text.viewer.next}
            disabled={place !== null && place.number === place.count}
            onClick={() => step(1)}
          />
        </div>
        <FileActions file={file} slideShow={slideShow} facts={{ isShown: showsFacts, toggle: toggleFacts }} onDelete={remove} />
        <IconButton icon="close" label={text.app.close} onClick={close} />
      </div>
      <div class="viewer-body" {...useSwipe(step)}>
        <Preview key={`${file.key}@${file.updatedAt}`} file={file} onReady={slideShow.pictureIsReady} />
      </div>
      {showsFacts && (
        <aside class="viewer-facts" aria-label={text.details.title}>
          <header>
            <h2>{text.details.title}</h2>
            <IconButton icon="close" label={text.viewer.hideFacts} onClick={toggleFacts} />
          </header>
          <div class="viewer-facts-body" role="group" tabIndex={0} aria-label={text.details.title}>
            {facts && <facts.FileFacts key={file.key} file={file} />}
          </div>
        </aside>
      )}
      {children}
    </dialog>
  );
}

/** Keys that nothing in the dialog has a use for. */
function onKey(event: KeyboardEvent, keys: Record<string, () => void>) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return;
  if (target instanceof HTMLMediaElement || target.closest("[role=menu], input")) return;
  // What can be scrolled sideways, such as a wide table, scrolls.
  if (event.key.startsWith("Arrow") && target.scrollWidth > target.clientWidth + 1 && !target.matches("dialog")) return;
  keys[event.key]?.();
}

/** The list has the focus afterwards, in which the file is the row that is focused. */
function useFocusOnRow() {
  useEffect(
    () => () => {
      if (document.activeElement === document.body) document.getElementById("content")?.focus({ preventScroll: true });
    },
    [],
  );
}

/** Brings the row of the file into sight, before the file is seen: whoever closes it at once finds it as well. */
function useFoundRow(file: FileItem) {
  const app = useApp();
  useLayoutEffect(() => {
    const { listing, hidden } = app.store.state;
    const row = rowOf(listing, hidden, file.key);
    // A finger selects on purpose alone, and nobody's larger selection is given up for a look.
    const isKept = matchMedia("(pointer: coarse)").matches || app.selecting.items.length > 1;
    if (row >= 0) app.selecting.moveTo(row, { select: !isKept, extend: false });
  }, [file.key]);
}

/** Which of the files of the folder it is. Those next to it are loaded in advance. */
function usePlace(file: FileItem) {
  const app = useApp();
  const listing = useStore((state) => state.listing);
  const hidden = useStore((state) => state.hidden);
  useEffect(() => preloadNeighbours(app, file), [file]);
  return fileNumber(listing, hidden, file.key);
}
