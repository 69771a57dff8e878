/** The uploads: how far, how fast, how long still; and what can be done about each. */

/** @import { KeptRow, UploadRow, UploadsView } from "../../types/state.js" */
import { formatDuration, formatPart, formatPercent, formatRate, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { IconButton, Progress } from "./controls.js";
import { html, useApp, useEffect, useRef, useStore } from "./dom.js";
import { Icon } from "./icon.js";
import { KeptUploadRow } from "./kept-row.js";

const FOLD_AFTER_MS = 4_000;
/** More than anybody reads; those behind them are shown once some are over. */
const SHOWN_KEPT = 50;

export function QueuePanel() {
  const app = useApp();
  const uploads = useStore((state) => state.uploads);
  const kept = useStore((state) => state.kept);
  const isOpen = useStore((state) => state.queueOpen);
  const isOffline = useStore((state) => state.link.phase !== "online");
  const hasFiles = unfinished(uploads) > 0;
  const working = hasFiles || uploads.folders > 0;
  useFolding(!working && uploads.count > 0 && uploads.counts.failed + uploads.counts.elsewhere + kept.length === 0);
  if (uploads.count + uploads.folders + kept.length === 0) return null;
  return html`<section class="queue ${isOpen ? "open" : ""}" aria-label=${text.uploads.title}>
    <header class="queue-head">
      <div class="queue-title">
        <strong>${headline(uploads, kept.length, isOffline)}</strong>
        <span class="muted" aria-live="off">${subline(uploads, kept.length, isOffline)}</span>
      </div>
      ${canRetrySeveral(uploads) && html`<${IconButton} icon="retry" label=${text.uploads.retryFailed} onClick=${() => app.uploads.retryFailed()} />`}
      ${hasFiles &&
      html`<${IconButton}
        icon=${uploads.isPaused ? "play" : "pause"}
        label=${uploads.isPaused ? text.uploads.resumeAll : text.uploads.pauseAll}
        onClick=${() => (uploads.isPaused ? app.uploads.resumeAll() : app.uploads.pauseAll())}
      />`}
      ${working && html`<${IconButton} icon="close" label=${text.uploads.cancelAll} onClick=${() => app.uploads.cancelAll()} />`}
      ${!working && uploads.count > 0 && html`<${IconButton} icon="close" label=${text.uploads.tidy} onClick=${() => app.uploads.tidy()} />`}
      <${IconButton}
        icon=${isOpen ? "chevron-down" : "chevron-up"}
        label=${isOpen ? text.uploads.fold : text.uploads.unfold}
        expanded=${isOpen}
        onClick=${() => app.store.set({ queueOpen: !isOpen })}
      />
    </header>
    ${hasFiles && html`<${Progress} value=${uploads.sentBytes} max=${uploads.totalBytes} label=${text.uploads.overall} />`}
    ${isOpen && uploads.count + kept.length > 0 && html`<${Rows} uploads=${uploads} kept=${kept} />`}
  </section>`;
}

/**
 * When all went well nobody needs the list any more, and it makes room for the files.
 * @param {boolean} isAllWell
 */
function useFolding(isAllWell) {
  const app = useApp();
  useEffect(() => {
    if (!isAllWell) return undefined;
    const timer = setTimeout(() => app.store.set({ queueOpen: false }), FOLD_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isAllWell]);
}

/** @param {{ uploads: UploadsView, kept: readonly KeptRow[] }} properties */
function Rows({ uploads, kept }) {
  const moreKept = kept.length - SHOWN_KEPT;
  const more = uploads.count - uploads.rows.length;
  return html`<ul class="queue-rows" tabindex="0" aria-label=${text.uploads.list}>
    ${kept.slice(0, SHOWN_KEPT).map((row) => html`<${KeptUploadRow} key=${row.uploadId} row=${row} />`)}
    ${moreKept > 0 && html`<li class="queue-more muted">${text.uploads.more(moreKept)}</li>`}
    ${uploads.rows.map((row) => html`<${QueueRow} key=${row.id} row=${row} isAllPaused=${uploads.isPaused} />`)}
    ${more > 0 && html`<li class="queue-more muted">${text.uploads.more(more)}</li>`}
  </ul>`;
}

const STATE_ICONS = {
  waiting: "clock",
  requesting: "clock",
  sending: "arrow-up",
  storing: "server",
  deciding: "alert",
  paused: "pause",
  done: "check",
  failed: "alert",
  skipped: "skip",
  cancelled: "close",
  elsewhere: "link",
};

/** @param {{ row: UploadRow, isAllPaused: boolean }} properties */
function QueueRow({ row, isAllPaused }) {
  const isMoving = row.state === "sending" || row.state === "paused" || isPartlyStored(row);
  return html`<li class="queue-row ${row.state}" data-state=${row.state}>
    <span class="queue-icon"><${Icon} name=${STATE_ICONS[row.state]} /></span>
    <div class="queue-text">
      <span class="name" title="${row.folder === "/" ? "" : row.folder}/${row.name}">${row.name}</span>
      <span class="queue-note ${row.state === "failed" ? "bad" : "muted"}">${note(row)}</span>
      ${isMoving && html`<${Progress} value=${row.sentBytes} max=${row.size} label=${text.uploads.progressOf(row.name)} tone=${row.state === "sending" ? "" : "still"} />`}
    </div>
    <${RowButtons} row=${row} isAllPaused=${isAllPaused} />
  </li>`;
}

/** @param {{ row: UploadRow, isAllPaused: boolean }} properties */
function RowButtons({ row, isAllPaused }) {
  const { uploads } = useApp();
  const canPause = row.state === "sending" || row.state === "waiting" || row.state === "requesting";
  const canCancel = canPause || row.state === "paused" || row.state === "deciding";
  const canBegin = canRetry(row) || row.state === "cancelled" || row.state === "skipped";
  return html`<div class="queue-buttons">
    ${canPause && html`<${IconButton} icon="pause" label=${text.uploads.pause(row.name)} onClick=${() => uploads.pause(row.id)} />`}
    ${row.state === "paused" && !isAllPaused && html`<${IconButton} icon="play" label=${text.uploads.resume(row.name)} onClick=${() => uploads.resume(row.id)} />`}
    ${canCancel && html`<${IconButton} icon="close" label=${text.uploads.cancel(row.name)} onClick=${() => uploads.cancel(row.id)} />`}
    ${row.isLost && html`<${ChooseAgain} row=${row} />`}
    ${row.state === "elsewhere" && html`<${IconButton} icon="play" label=${text.uploads.goOnHere(row.name)} onClick=${() => uploads.retry(row.id)} />`}
    ${canBegin && html`<${IconButton} icon="retry" label=${text.uploads.retry(row.name)} onClick=${() => uploads.retry(row.id)} />`}
  </div>`;
}

/**
 * Chooses a file anew that is not what was chosen any more.
 * @param {{ row: UploadRow }} properties
 */
function ChooseAgain({ row }) {
  const { uploads } = useApp();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const label = text.uploads.chooseAgain(row.name);
  const take = () => {
    const [file] = input.current?.files ?? [];
    if (file) void uploads.chooseAgain(row.id, file);
  };
  return html`<${IconButton} icon="upload" label=${label} onClick=${() => input.current?.click()} />
    <input ref=${input} type="file" hidden aria-label=${label} onChange=${take} />`;
}

/**
 * Whether one would have to press the buttons of several rows; those that failed come first, so enough of them are shown.
 * @param {UploadsView} uploads
 */
function canRetrySeveral(uploads) {
  return uploads.rows.filter(canRetry).length > 1;
}

/** @param {UploadRow} row */
function canRetry(row) {
  return row.state === "failed" && !row.isLost;
}

/** @param {UploadRow} row */
function note(row) {
  const done = formatPart(row.sentBytes, row.size);
  if (row.state === "sending") {
    return [...(row.beganAnew ? [text.uploads.fromBeginning] : []), done, ...pace(row)].join(" · ");
  }
  if (isPartlyStored(row)) return [text.uploads.states[row.state], done, ...(row.reason ? [row.reason] : [])].join(" · ");
  if (row.state === "elsewhere") return text.uploads.states.elsewhere;
  if (row.state === "paused") return `${text.uploads.states.paused} · ${done}`;
  if (row.state === "failed") return row.reason ?? text.uploads.states.failed;
  if (row.renamedTo) return text.uploads.renamed(row.renamedTo);
  return `${text.uploads.states[row.state]} · ${formatSize(row.size)}`;
}

/**
 * Whether it goes on where it was cut off.
 * @param {UploadRow} row
 */
function isPartlyStored(row) {
  return (row.state === "waiting" || row.state === "requesting") && row.sentBytes > 0;
}

/** @param {UploadsView} uploads */
function unfinished(uploads) {
  const { counts } = uploads;
  return counts.waiting + counts.requesting + counts.sending + counts.storing + counts.deciding + counts.paused;
}

/**
 * How fast something goes, and how long still, as far as that can be said.
 * @param {{ rate: number, secondsLeft: number | null }} moving
 */
function pace({ rate, secondsLeft }) {
  if (rate <= 0) return [];
  return [formatRate(rate), ...(secondsLeft === null ? [] : [text.uploads.left(formatDuration(secondsLeft))])];
}

/**
 * @param {UploadsView} uploads
 * @param {number} kept how many are unfinished, and not in the queue
 * @param {boolean} isOffline
 */
function headline(uploads, kept, isOffline) {
  const open = unfinished(uploads);
  const failed = uploads.counts.failed;
  if (open > 0 && uploads.isPaused) return text.uploads.paused(open);
  if (open + uploads.folders > 0 && isOffline) return text.uploads.offline;
  if (open > 0 && open === uploads.counts.deciding) return text.uploads.undecided;
  if (open > 0) return text.uploads.running(open);
  if (uploads.folders > 0) return text.uploads.makingFolders;
  if (failed > 0) return text.uploads.someFailed(failed);
  if (uploads.counts.elsewhere > 0) return text.uploads.elsewhere(uploads.counts.elsewhere);
  return kept > 0 ? text.kept.title(kept) : text.uploads.finished;
}

/**
 * @param {UploadsView} uploads
 * @param {number} kept how many are unfinished, and not in the queue
 * @param {boolean} isOffline
 */
function subline(uploads, kept, isOffline) {
  const open = unfinished(uploads);
  const { folders, counts } = uploads;
  if (open + folders + counts.done === 0 && kept > 0) return text.kept.lead;
  if (open + folders === 0) return text.uploads.stored(counts.done);
  if (isOffline || open === counts.deciding) return text.uploads.open(open, folders);
  return [formatPercent(uploads.sentBytes, uploads.totalBytes), ...pace(uploads)].join(" · ");
}
