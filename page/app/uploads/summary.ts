/** The upload queue as the panel shows it. Pure. */

import type { Prompt, Stall, UploadRow, UploadState, UploadsView } from "../../types/state.js";
import type { Meter } from "./meter.js";
import type { ProgressWatch } from "./progress-watch.js";
import type { UploadQueue } from "./queue.js";
import { isReplaceable } from "./conflicts.js";
import { NO_UPLOADS } from "../state/initial.js";

/** More rows than anybody reads; the counts say how many there are. */
export const SHOWN_ROWS = 100;

const RANK: Record<UploadState, number> = {
  deciding: 0,
  failed: 1,
  elsewhere: 1,
  sending: 2,
  requesting: 2,
  paused: 3,
  storing: 4,
  waiting: 5,
  done: 6,
  skipped: 7,
  cancelled: 8,
};

/**
 * @param folders empty ones that are still to be made
 * @param meter measures all files together
 * @param watch sees whether any of them goes on
 */
export function summarise(queue: UploadQueue, folders: number, meter: Meter, watch: ProgressWatch, now: number): UploadsView {
  const rows = Array.from(queue.entries.values(), (entry) => entry.row(queue.isHeld(entry), now));
  const counts = { ...NO_UPLOADS };
  let sentBytes = 0;
  let totalBytes = 0;
  for (const row of rows) {
    counts[row.state] += 1;
    if (["cancelled", "skipped", "failed", "elsewhere"].includes(row.state)) continue;
    sentBytes += row.sentBytes;
    totalBytes += row.size;
  }
  // Between two times of sending nothing was slow.
  if (counts.sending > 0) meter.record(now, sentBytes);
  else meter.reset();
  let farthest = 0;
  for (const entry of queue.entries.values()) farthest += entry.farthest;
  return {
    rows: shown(rows),
    count: rows.length,
    folders,
    counts,
    sentBytes,
    totalBytes,
    rate: meter.rate,
    secondsLeft: meter.secondsFor(totalBytes - sentBytes),
    isPaused: queue.isPaused,
    stall: stallOf(queue, rows, watch, `${farthest} ${counts.done} ${counts.storing}`, now),
    finished: queue.batches.list,
    booked: queue.booking.amount,
    questions: queue.names.conflicts.count,
    prompt: queue.names.conflicts.isPutOff ? null : promptOf(queue),
  };
}

/** The first open question. */
function promptOf({ names: { conflicts } }: UploadQueue): Prompt | null {
  const [asked] = conflicts.open;
  if (!asked) return null;
  return {
    id: asked.id,
    folder: asked.folder,
    source: asked.source,
    existing: asked.existing,
    canReplace: isReplaceable(asked.existing, asked.size),
    more: conflicts.settledWith(asked, "skip").length,
  };
}

/** Whether something of this state is expected to go on by itself. */
const GOES_ON: readonly UploadState[] = ["waiting", "requesting", "sending", "storing"];

export function isRunning({ counts }: Pick<UploadsView, "counts">) {
  return GOES_ON.some((state) => counts[state] > 0);
}

/** @param sign changes whenever something goes on */
function stallOf(queue: UploadQueue, rows: readonly UploadRow[], watch: ProgressWatch, sign: string, now: number): Stall | null {
  const running = rows.filter((row) => GOES_ON.includes(row.state));
  if (running.length === 0) {
    watch.reset();
    return null;
  }
  const seconds = watch.stalledFor(now, sign);
  if (seconds === null) return null;
  const trouble = running.find((row) => row.trouble !== null || row.reason !== null);
  const reason = trouble?.trouble ?? trouble?.reason ?? null;
  return { why: whyStalled(queue, running, reason), seconds, trouble: reason };
}

function whyStalled(queue: UploadQueue, running: readonly UploadRow[], trouble: string | null): Stall["why"] {
  if (!queue.isOnline) return "offline";
  if (trouble !== null) return "trouble";
  if (running.some((row) => row.state === "sending")) return "service-silent";
  return running.every((row) => row.state === "waiting") ? "no-service" : "no-answer";
}

function shown(rows: UploadRow[]) {
  return rows.sort((a, b) => RANK[a.state] - RANK[b.state] || a.id - b.id).slice(0, SHOWN_ROWS);
}
