/** The upload queue as the panel shows it. Pure. */

import type { UploadRow, UploadState, UploadsView } from "../../types/state.js";
import type { Meter } from "./meter.js";
import type { UploadQueue } from "./queue.js";
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
 */
export function summarise(queue: UploadQueue, folders: number, meter: Meter, now: number): UploadsView {
  const rows = Array.from(queue.entries.values(), (entry) => entry.row(queue.isHeld(entry)));
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
  const [asked] = queue.conflicts.open;
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
    booked: queue.booking.amount,
    prompt: asked?.uploadId
      ? {
          uploadId: asked.uploadId,
          name: asked.source.name,
          folder: asked.folder,
          meetsFolder: asked.meetsFolder,
          more: queue.conflicts.settledWith(asked),
        }
      : null,
  };
}

function shown(rows: UploadRow[]) {
  return rows.sort((a, b) => RANK[a.state] - RANK[b.state] || a.id - b.id).slice(0, SHOWN_ROWS);
}
