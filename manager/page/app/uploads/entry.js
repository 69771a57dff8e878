/** One file of the upload queue. Pure. */

/** @import { UploadRow, UploadState } from "../../types/state.js" */
import { Meter } from "./meter.js";

/** What the queue needs of a `File`. @typedef {{ readonly name: string, readonly size: number }} Source */

export class Entry {
  /** @type {UploadState} */
  state = "waiting";
  /** Whether this file alone was paused. */
  isHeld = false;
  /** Whether it keeps a booked service from taking another upload. */
  occupies = false;
  /** @type {string | null} */
  uploadId = null;
  address = "";
  /** Which booking it was accepted under. */
  booking = 0;
  chunkSize = 1;
  storedBytes = 0;
  /** The next chunk that was never sent. */
  nextChunk = 0;
  /** Chunks that have to be sent again. @type {number[]} */
  again = [];
  /** Bytes that are on their way, by chunk. @type {Map<number, number>} */
  inFlight = new Map();
  failures = 0;
  attempts = 0;
  /** Milliseconds before which nothing is tried. */
  notBefore = 0;
  /** @type {string | null} */
  reason = null;
  /** @type {string | null} */
  renamedTo = null;
  isSkipping = false;
  /** Whether a folder has its name, so that it can be renamed or skipped, and replaces nothing. */
  meetsFolder = false;
  /** Whether its bytes are not what was chosen any more; only choosing it again helps. */
  isLost = false;
  /** The folder as the manager was asked to put the file into it. @type {string | null} */
  requestedFolder = null;
  /** Whether the manager took it for a folder that is elsewhere by now, so that it is to begin anew. */
  isAstray = false;
  meter = new Meter();

  /**
   * @param {number} id
   * @param {Source} source
   * @param {string} folder path in which it goes
   * @param {boolean} isPublic
   */
  constructor(id, source, folder, isPublic) {
    this.id = id;
    this.source = source;
    this.folder = folder;
    this.isPublic = isPublic;
  }

  get size() {
    return this.source.size;
  }

  get isOver() {
    return ["done", "failed", "skipped", "cancelled"].includes(this.state);
  }

  get sentBytes() {
    if (this.state === "done" || this.state === "storing" || this.state === "deciding") return this.size;
    let bytes = this.storedBytes;
    for (const loaded of this.inFlight.values()) bytes += loaded;
    return Math.min(bytes, this.size);
  }

  /** @param {number} index */
  chunkLength(index) {
    return Math.min(this.chunkSize, this.size - index * this.chunkSize);
  }

  /** The chunk to send next; null when all are sent or on their way. */
  takeChunk() {
    const index = this.again.shift() ?? (this.nextChunk * this.chunkSize < this.size ? this.nextChunk : null);
    if (index === null) return null;
    if (index === this.nextChunk) this.nextChunk += 1;
    this.inFlight.set(index, 0);
    return index;
  }

  /** Back to the start: nothing of it is stored any more. */
  restart() {
    this.state = "waiting";
    this.occupies = false;
    this.uploadId = null;
    this.storedBytes = 0;
    this.nextChunk = 0;
    this.again = [];
    this.inFlight.clear();
    this.failures = 0;
    this.isSkipping = false;
    this.isAstray = false;
    this.meter.reset();
  }

  /**
   * @param {boolean} isPaused whether it waits because somebody wants it to
   * @returns {UploadRow}
   */
  row(isPaused) {
    const canPause = this.state === "waiting" || this.state === "sending" || this.state === "requesting";
    return {
      id: this.id,
      name: this.source.name,
      folder: this.folder,
      size: this.size,
      state: isPaused && canPause ? "paused" : this.state,
      sentBytes: this.sentBytes,
      rate: this.state === "sending" ? this.meter.rate : 0,
      secondsLeft: this.state === "sending" ? this.meter.secondsFor(this.size - this.sentBytes) : null,
      isLost: this.isLost,
      reason: this.reason,
      renamedTo: this.renamedTo,
    };
  }
}
