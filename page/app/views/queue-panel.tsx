/** The uploads: how far, how fast, how long still; and what can be done about each. */

import type { FinishedBatch, KeptRow, Stall, UploadRow, UploadsView } from "../../types/state.js";
import { unfinished } from "../state/unfinished.js";
import { formatDuration, formatPart, formatPercent, formatRate, formatSize } from "../text/format.js";
import { text } from "../text/uploads.js";
import { IconButton, Progress } from "./controls.js";
import { useApp, useEffect, useRef, useStore } from "./dom.js";
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
  const listed = uploads.count + uploads.finished.length + kept.length;
  if (listed + uploads.folders === 0) return null;
  return (
    <section class={`queue ${isOpen ? "open" : ""}`} aria-label={text.uploads.title}>
      <header class="queue-head">
        <div class="queue-title">
          <strong>{headline(uploads, kept.length, isOffline)}</strong>
          <span class={`muted ${uploads.stall ? "stalled" : ""}`} aria-live="off">
            {subline(uploads, kept.length, isOffline)}
          </span>
        </div>
        {canRetrySeveral(uploads) && (
          <IconButton icon="retry" label={text.uploads.retryFailed} onClick={() => app.uploads.retryFailed()} />
        )}
        {hasFiles && (
          <IconButton
            icon={uploads.isPaused ? "play" : "pause"}
            label={uploads.isPaused ? text.uploads.resumeAll : text.uploads.pauseAll}
            onClick={() => (uploads.isPaused ? app.uploads.resumeAll() : app.uploads.pauseAll())}
          />
        )}
        {!working && uploads.count + uploads.finished.length > 0 && (
          <IconButton icon="close" label={text.uploads.tidy} onClick={() => app.uploads.tidy()} />
        )}
        <IconButton
          icon={isOpen ? "chevron-down" : "chevron-up"}
          label={isOpen ? text.uploads.fold : text.uploads.unfold}
          expanded={isOpen}
          onClick={() => app.store.set({ queueOpen: !isOpen })}
        />
      </header>
      {hasFiles && (
        <Progress
          value={uploads.sentBytes}
          max={uploads.totalBytes}
          label={text.uploads.overall}
          tone={uploads.stall ? "still" : ""}
        />
      )}
      {uploads.questions > 0 && <Questions count={uploads.questions} />}
      {isOpen && listed > 0 && <Rows uploads={uploads} kept={kept} />}
      {isOpen && <Foot uploads={uploads} isWorking={working} />}
    </section>
  );
}

/** What concerns all of them, apart from the button that closes the panel. */
function Foot({ uploads, isWorking }: { uploads: UploadsView; isWorking: boolean }) {
  const app = useApp();
  const hasCancelled = uploads.counts.cancelled > 1;
  if (!isWorking && !hasCancelled) return null;
  return (
    <footer class="queue-foot">
      {isWorking && (
        <button type="button" class="button small" onClick={() => app.store.set({ dialog: { kind: "cancel-uploads" } })}>
          {text.uploads.cancelAll}
        </button>
      )}
      {hasCancelled && (
        <button type="button" class="button small" onClick={() => void app.uploads.retryCancelled()}>
          {text.uploads.retryCancelled}
        </button>
      )}
    </footer>
  );
}

/** When all went well nobody needs the list any more, and it makes room for the files. */
function useFolding(isAllWell: boolean) {
  const app = useApp();
  useEffect(() => {
    if (!isAllWell) return undefined;
    const timer = setTimeout(() => app.store.set({ queueOpen: false }), FOLD_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isAllWell]);
}

/** Decisions that wait, wherever the panel is folded. */
function Questions({ count }: { count: number }) {
  const { uploads } = useApp();
  return (
    <div class="queue-questions">
      <Icon name="alert" />
      <span>{text.overwrite.waiting(count)}</span>
      <button type="button" class="button small" onClick={() => uploads.putOffQuestions(false)}>
        {text.overwrite.answer}
      </button>
    </div>
  );
}

function Rows({ uploads, kept }: { uploads: UploadsView; kept: readonly KeptRow[] }) {
  const moreKept = kept.length - SHOWN_KEPT;
  const more = uploads.count - uploads.rows.length;
  return (
    <ul class="queue-rows" tabIndex={0} aria-label={text.uploads.list}>
      {kept.slice(0, SHOWN_KEPT).map((row) => (
        <KeptUploadRow key={row.uploadId} row={row} />
      ))}
      {moreKept > 0 && <li class="queue-more muted">{text.uploads.more(moreKept)}</li>}
      {uploads.rows.map((row) => (
        <QueueRow key={row.id} row={row} isAllPaused={uploads.isPaused} />
      ))}
      {more > 0 && <li class="queue-more muted">{text.uploads.more(more)}</li>}
      {uploads.finished.map((batch) => (
        <FinishedRow key={batch.id} batch={batch} />
      ))}
    </ul>
  );
}

/** What was uploaded before, in one line. */
function FinishedRow({ batch }: { batch: FinishedBatch }) {
  const { uploads } = useApp();
  return (
    <li class="queue-row earlier">
      <span class="queue-icon">
        <Icon name="check" />
      </span>
      <div class="queue-text muted">{text.uploads.earlier(batch.count, formatSize(batch.bytes))}</div>
      <button type="button" class="button small" onClick={() => uploads.clearFinished(batch.id)}>
        {text.uploads.clearEarlier}
      </button>
    </li>
  );
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

function QueueRow({ row, isAllPaused }: { row: UploadRow; isAllPaused: boolean }) {
  const isMoving = row.state === "sending" || row.state === "paused" || isPartlyStored(row);
  return (
    <li class={`queue-row ${row.state}`} data-state={row.state}>
      <span class="queue-icon">
        <Icon name={STATE_ICONS[row.state]} />
      </span>
      <div class="queue-text">
        <span class="name" title={`${row.folder === "/" ? "" : row.folder}/${row.name}`}>
          {row.name}
        </span>
        <span class={`queue-note ${row.state === "failed" ? "bad" : "muted"} ${row.stalledFor === null ? "" : "stalled"}`}>
          {note(row)}
        </span>
        {isMoving && (
          <Progress
            value={row.sentBytes}
            max={row.size}
            label={text.uploads.progressOf(row.name)}
            tone={row.state === "sending" && row.stalledFor === null ? "" : "still"}
          />
        )}
      </div>
      <RowButtons row={row} isAllPaused={isAllPaused} />
    </li>
  );
}

function RowButtons({ row, isAllPaused }: { row: UploadRow; isAllPaused: boolean }) {
  const { uploads } = useApp();
  const canPause = row.state === "sending" || row.state === "waiting" || row.state === "requesting";
  const canCancel = canPause || row.state === "paused" || row.state === "deciding";
  const canBegin = canRetry(row) || row.state === "cancelled" || row.state === "skipped";
  return (
    <div class="queue-buttons">
      {canPause && <IconButton icon="pause" label={text.uploads.pause(row.name)} onClick={() => uploads.pause(row.id)} />}
      {row.state === "paused" && !isAllPaused && (
        <IconButton icon="play" label={text.uploads.resume(row.name)} onClick={() => uploads.resume(row.id)} />
      )}
      {canCancel && <IconButton icon="close" label={text.uploads.cancel(row.name)} onClick={() => uploads.cancel(row.id)} />}
      {row.isLost && <ChooseAgain row={row} />}
      {row.state === "elsewhere" && (
        <IconButton icon="play" label={text.uploads.goOnHere(row.name)} onClick={() => void uploads.retry(row.id)} />
      )}
      {canBegin && <IconButton icon="retry" label={text.uploads.retry(row.name)} onClick={() => void uploads.retry(row.id)} />}
    </div>
  );
}

/** Chooses a file anew that is not what was chosen any more. */
function ChooseAgain({ row }: { row: UploadRow }) {
  const { uploads } = useApp();
  const input = useRef<HTMLInputElement | null>(null);
  const label = text.uploads.chooseAgain(row.name);
  const take = () => {
    const [file] = input.current?.files ?? [];
    if (file) void uploads.chooseAgain(row.id, file);
  };
  return (
    <>
      <IconButton icon="upload" label={label} onClick={() => input.current?.click()} />
      <input ref={input} type="file" hidden aria-label={label} onChange={take} />
    </>
  );
}

/** Whether one would have to press the buttons of several rows; those that failed come first, so enough of them are shown. */
function canRetrySeveral(uploads: UploadsView) {
  return uploads.rows.filter(canRetry).length > 1;
}

function canRetry(row: UploadRow) {
  return row.state === "failed" && !row.isLost;
}

function note(row: UploadRow) {
  const done = formatPart(row.sentBytes, row.size);
  if (row.state === "sending" && row.stalledFor !== null) {
    const why = row.trouble ?? text.uploads.stalls["service-silent"](formatDuration(row.stalledFor));
    return [text.uploads.stalledRow, done, why].join(" · ");
  }
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

/** Whether it goes on where it was cut off. */
function isPartlyStored(row: UploadRow) {
  return (row.state === "waiting" || row.state === "requesting") && row.sentBytes > 0;
}

/** How fast something goes, and how long still, as far as that can be said. */
function pace({ rate, secondsLeft }: { rate: number; secondsLeft: number | null }) {
  if (rate <= 0) return [];
  return [formatRate(rate), ...(secondsLeft === null ? [] : [text.uploads.left(formatDuration(secondsLeft))])];
}

function stallText({ why, seconds, trouble }: Stall) {
  if (why === "trouble") return trouble;
  return text.uploads.stalls[why](formatDuration(seconds));
}

/** @param kept how many are unfinished, and not in the queue */
function headline(uploads: UploadsView, kept: number, isOffline: boolean) {
  const open = unfinished(uploads);
  const { counts } = uploads;
  const failed = counts.failed;
  if (open > 0 && uploads.isPaused) return text.uploads.paused(open);
  if (open + uploads.folders > 0 && isOffline) return text.uploads.offline;
  if (open > 0 && open === uploads.counts.deciding) return text.uploads.undecided;
  if (open > 0 && uploads.stall) return text.uploads.stalled;
  if (open > 0) return text.uploads.running(open);
  if (uploads.folders > 0) return text.uploads.makingFolders;
  if (failed > 0) return text.uploads.someFailed(failed);
  if (uploads.counts.elsewhere > 0) return text.uploads.elsewhere(uploads.counts.elsewhere);
  if (kept > 0) return text.kept.title(kept);
  return counts.cancelled > 0 && counts.done === 0 ? text.uploads.cancelled(counts.cancelled) : text.uploads.finished;
}

/** @param kept how many are unfinished, and not in the queue */
function subline(uploads: UploadsView, kept: number, isOffline: boolean) {
  const open = unfinished(uploads);
  const { folders, counts } = uploads;
  if (open + folders + counts.done === 0 && kept > 0) return text.kept.lead;
  if (open + folders === 0) return text.uploads.stored(counts.done);
  if (isOffline || open === counts.deciding) return text.uploads.open(open, folders);
  if (uploads.stall) return stallText(uploads.stall);
  return [formatPercent(uploads.sentBytes, uploads.totalBytes), ...pace(uploads)].join(" · ");
}
