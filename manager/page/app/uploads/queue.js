/**
 * The upload queue: which file is requested when, and what to do when something goes wrong. It is told
 * events and says what to do; sockets, requests and timers stand around it. The protocol's side of this is
 * described in docs/uploads.md.
 */

/** @import { OverwriteAction, Retry, UploadRejection, UploadResponse, UploadResumed } from "../../types/wire.js" */
/** @import { BookingEffect } from "./booking.js" */
/** @import { ChunkEffect } from "./chunk-plan.js" */
/** @import { Kept, Source } from "./entry.js" */
import { formatPath, parsePath, relocated } from "../state/paths.js";
import { Booking, MAX_SERVICES } from "./booking.js";
import { nextChunks } from "./chunk-plan.js";
import { Conflicts } from "./conflicts.js";
import { Entry } from "./entry.js";
import { Lineup } from "./lineup.js";

/**
 * @typedef {BookingEffect
 *   | ChunkEffect
 *   | { do: "request", entry: Entry }
 *   | { do: "make-empty", entry: Entry }
 *   | { do: "keep", entry: Entry, uploadId: string }
 *   | { do: "resume", entry: Entry, uploadId: string }
 *   | { do: "drop", uploadId: string }
 *   | { do: "tell-anew", entry: Entry, isChanged: boolean }
 *   | { do: "stop-sending", uploadId: string }
 *   | { do: "abort", uploadId: string }} Effect
 *
 * @typedef {{ source: Source, folder: string, isPublic: boolean, kept?: Kept }} NewFile
 */

const MAX_CHUNK_FAILURES = 8;
const MAX_ATTEMPTS = 4;
const RETRY_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export class UploadQueue {
  /** @type {Map<number, Entry>} */
  entries = new Map();
  booking = new Booking();
  conflicts = new Conflicts();
  isPaused = false;
  /** How many moves of folders are being looked into, before which nothing is requested. */
  lookups = 0;
  #lineup = new Lineup((entry) => this.isHeld(entry));
  /** @type {Effect[]} */
  #effects = [];
  /** Kept uploads to be dropped, as soon as there is a connection. @type {string[]} */
  #dropped = [];
  #isOnline = false;
  /** Whether the manager keeps uploads for this connection. */
  #canKeep = false;
  #lastId = 0;

  get isWorking() {
    return this.#lineup.isWorking;
  }

  /** Whether it has this kept upload. @param {string} uploadId */
  has(uploadId) {
    for (const entry of this.entries.values()) if (entry.keptId === uploadId) return true;
    return this.#dropped.includes(uploadId);
  }

  /** @param {NewFile[]} files */
  add(files) {
    for (const { source, folder, isPublic, kept } of files) {
      const entry = new Entry(++this.#lastId, source, folder, isPublic);
      if (kept) entry.adopt(kept);
      this.entries.set(entry.id, entry);
      this.#lineup.wait(entry);
    }
  }

  /** @param {boolean} [canKeep] whether the manager keeps uploads for this connection */
  online(canKeep = false) {
    this.#isOnline = true;
    this.#canKeep = canKeep;
    // What went wrong before the connection was lost says nothing about what is there now.
    for (const entry of this.entries.values()) if (entry.keptId !== null && !entry.isOver) entry.forgive();
  }

  /** The manager keeps some of what a client leaves behind; everything else starts again. */
  offline() {
    this.#isOnline = false;
    this.booking.ended();
    this.conflicts.connectionLost();
    for (const entry of this.#lineup.active) {
      this.#stopSending(entry);
      this.#lineup.leave(entry);
      if (entry.isUnwanted) this.#drop(entry);
      if (entry.isOver) entry.occupies = false;
      else this.#restart(entry);
    }
  }

  /**
   * A folder was renamed or moved: what goes into it goes along. Of running uploads the manager knows that itself.
   * @param {readonly string[]} before
   * @param {readonly string[]} after
   */
  folderMoved(before, after) {
    for (const entry of this.entries.values()) entry.folder = formatPath(relocated(parsePath(entry.folder), before, after));
  }

  /** Into which files go, or went. */
  get folders() {
    return Array.from(this.entries.values(), (entry) => entry.folder);
  }

  bookingCleared() {
    this.booking.ended();
    this.conflicts.bookingEnded();
  }

  /**
   * @param {Entry} entry
   * @param {UploadResponse} response
   */
  accepted(entry, response) {
    const { upload_id: uploadId, chunk_size: chunkSize } = response;
    entry.uploadId = uploadId;
    entry.begin(response.upload_address ?? "", chunkSize, [{ first: 0, last: Math.ceil(entry.size / chunkSize) - 1 }]);
    this.conflicts.begin(entry);
    // The folder had gone elsewhere before the manager had the request, so that it would be made again.
    entry.isAstray = response.path === entry.requestedFolder && response.path !== entry.folder;
    if (!entry.isAstray) entry.folder = response.path;
    if (entry.state === "cancelled" || entry.isAstray) return void this.#effects.push({ do: "abort", uploadId });
    entry.state = "sending";
    // A file of one chunk has nothing to go on from.
    if (!this.#canKeep || entry.size <= chunkSize) return;
    // From now on it may be kept, whether or not the answer still arrives.
    entry.keptId = uploadId;
    this.#effects.push({ do: "keep", entry, uploadId });
  }

  /**
   * The rest of a kept upload has a service, or needs none.
   * @param {Entry} entry
   * @param {UploadResumed} response
   */
  resumed(entry, response) {
    entry.uploadId = response.upload_id;
    entry.folder = response.path;
    entry.begin(response.upload_address ?? "", response.chunk_size, response.missing);
    this.conflicts.begin(entry);
    if (entry.state === "cancelled") return void this.#effects.push({ do: "abort", uploadId: response.upload_id });
    entry.state = response.missing.length > 0 ? "sending" : "storing";
    if (response.missing.length === 0) entry.occupies = false;
  }

  /**
   * @param {Entry} entry
   * @param {UploadRejection} rejection
   * @param {number} now
   */
  resumeRejected(entry, { code, reason, retry }, now) {
    this.#lineup.leave(entry);
    entry.occupies = false;
    if (entry.isUnwanted) return this.#drop(entry);
    if (code === "resumed-elsewhere") return this.#end(entry, "elsewhere", null);
    if (code === "upload-gone" && !entry.isAbsent) return this.#beginAnew(entry, false);
    if (code === "source-changed") return this.#beginAnew(entry, true);
    // Without the file a service that takes chunks is of no use.
    if (retry === "never" || (retry === "soon" && entry.isAbsent)) return this.#end(entry, "failed", reason);
    if (retry === "soon") return this.#restartAt(entry, now + RETRY_MS);
    this.#postpone(entry, reason, now);
  }

  /**
   * A kept upload does not run any more, and can be resumed.
   * @param {{ upload_id: string, code: string, reason: string }} info
   * @param {number} now
   */
  parked(info, now) {
    const entry = this.#lineup.find(info.upload_id);
    if (!entry) return;
    this.#leave(entry);
    const beginsAnew = entry.isAstray;
    if (entry.isUnwanted) this.#drop(entry);
    if (entry.isOver) return;
    if (beginsAnew) this.#restart(entry);
    else if (info.code === "resumed-elsewhere") this.#end(entry, "elsewhere", null);
    else this.#postpone(entry, info.reason, now);
  }

  /**
   * The request was turned down.
   * @param {Entry} entry
   * @param {string} reason
   * @param {Retry} retry
   * @param {number} now
   */
  rejected(entry, reason, retry, now) {
    this.#lineup.leave(entry);
    entry.occupies = false;
    if (entry.state === "cancelled") return;
    if (retry === "never") return this.#end(entry, "failed", reason);
    // The service that it counted on has just gone: that is no attempt.
    if (retry === "soon") return this.#restartAt(entry, now + RETRY_MS);
    // A refusal is chance less often than an interruption, so it counts twice.
    entry.attempts += 1;
    this.#tryAgain(entry, reason, now);
  }

  /** @param {Entry} entry */
  emptyMade(entry) {
    this.#end(entry, "done", null);
  }

  /**
   * @param {Entry} entry
   * @param {string} reason
   */
  emptyFailed(entry, reason) {
    this.#end(entry, "failed", reason);
  }

  /**
   * @param {string} uploadId
   * @param {number} index
   * @param {number} loaded bytes
   * @param {number} now
   */
  chunkProgress(uploadId, index, loaded, now) {
    const entry = this.#lineup.sending(uploadId);
    if (!entry?.inFlight.has(index)) return;
    entry.inFlight.set(index, Math.min(loaded, entry.chunkLength(index)));
    entry.meter.record(now, entry.sentBytes);
  }

  /**
   * @param {string} uploadId
   * @param {number} index
   */
  chunkStored(uploadId, index) {
    this.#lineup.sending(uploadId)?.chunkStored(index);
  }

  /**
   * @param {string} uploadId
   * @param {number} index
   * @param {string} reason
   * @param {number} now
   */
  chunkFailed(uploadId, index, reason, now) {
    const entry = this.#lineup.sending(uploadId);
    if (!entry?.inFlight.delete(index)) return;
    entry.again.push(index);
    entry.failures += 1;
    entry.notBefore = now + RETRY_MS * 2 ** Math.min(entry.failures, 5);
    if (entry.keptId === null ? entry.failures > MAX_CHUNK_FAILURES : entry.isOutOfPatience(now, this.isHeld(entry))) {
      this.#giveUp(entry, "failed", reason);
    }
  }

  /**
   * Nothing can be stored until the server's operator acts, so sending it again is of no use.
   * @param {string} uploadId
   * @param {string} reason
   */
  storageFailed(uploadId, reason) {
    const entry = this.#lineup.sending(uploadId);
    if (entry) this.#giveUp(entry, "failed", reason);
  }

  /**
   * The file is not what was chosen any more, so sending it again is of no use.
   * @param {string} uploadId
   * @param {string} reason
   */
  sourceLost(uploadId, reason) {
    const entry = this.#lineup.sending(uploadId);
    if (!entry) return;
    entry.isLost = true;
    this.#giveUp(entry, "failed", reason);
  }

  /**
   * All chunks are stored; the service is free for the next upload.
   * @param {string} uploadId
   * @param {boolean} lostService
   */
  stageFinished(uploadId, lostService) {
    const entry = this.#lineup.find(uploadId);
    if (!entry) return;
    entry.occupies = false;
    if (!lostService && !entry.isOver) entry.state = "storing";
  }

  /**
   * @param {string} uploadId
   * @param {string} folder in which the name is taken
   * @param {boolean} meetsFolder whether a folder has it
   */
  overwriteAsked(uploadId, folder, meetsFolder) {
    const entry = this.#lineup.find(uploadId);
    if (!entry || entry.isOver) return;
    entry.folder = folder;
    entry.meetsFolder = meetsFolder;
    this.conflicts.ask(entry);
  }

  /**
   * @param {string} uploadId
   * @param {OverwriteAction} action
   * @param {boolean} forAll
   */
  overwriteDecided(uploadId, action, forAll) {
    this.conflicts.decide(uploadId, action, forAll);
  }

  /**
   * The end of an upload, told exactly once for each that was accepted.
   * @param {{ success: boolean, upload_id: string, rename_target?: string, reason?: string }} info
   * @param {number} now
   */
  finished(info, now) {
    const entry = this.#lineup.find(info.upload_id);
    if (!entry) return;
    const reason = info.reason ?? null;
    entry.keptId = null;
    this.#leave(entry);
    entry.renamedTo = info.rename_target ?? null;
    if (info.success) this.#end(entry, "done", null);
    else if (entry.isOver) return;
    else if (entry.isAstray) this.#restart(entry);
    else if (this.conflicts.isSkipped(entry)) this.#end(entry, "skipped", null);
    // Its service stopped, timed out or vanished while the file was on its way.
    else if (entry.state === "sending") this.#tryAgain(entry, reason, now);
    else this.#end(entry, "failed", reason);
  }

  /** @param {number} id */
  pause(id) {
    const entry = this.entries.get(id);
    if (!entry || entry.isOver) return;
    entry.isHeld = true;
    this.#holdChunks(entry);
  }

  /** @param {number} id */
  resume(id) {
    const entry = this.entries.get(id);
    if (entry) entry.isHeld = false;
  }

  pauseAll() {
    this.isPaused = true;
    for (const entry of this.#lineup.active) this.#holdChunks(entry);
  }

  resumeAll() {
    this.isPaused = false;
    for (const entry of this.entries.values()) entry.isHeld = false;
  }

  /** @param {number} id */
  cancel(id) {
    const entry = this.entries.get(id);
    // While the manager enters the file it is too late.
    if (entry && !entry.isOver && entry.state !== "storing") this.#giveUp(entry, "cancelled", null);
  }

  cancelAll() {
    for (const id of this.entries.keys()) this.cancel(id);
  }

  /**
   * Takes the file as it is now, or another one, in place of one that was changed on the disk.
   * @param {number} id
   * @param {Source} source
   * @param {string | null} [fingerprint] null when the browser cannot say
   */
  chooseAgain(id, source, fingerprint = null) {
    const entry = this.entries.get(id);
    if (!entry?.isLost) return;
    const isOther = fingerprint !== entry.fingerprint;
    entry.isLost = entry.isAbsent = false;
    entry.source = source;
    if (entry.keptId !== null && isOther) this.#beginAnew(entry, true);
    else this.retry(id);
    entry.fingerprint = fingerprint;
  }

  /** @param {number} id */
  retry(id) {
    const entry = this.entries.get(id);
    if (!entry?.isOver || entry.isLost || entry.state === "done") return;
    const isActive = this.#lineup.isActive(entry);
    const canGoOn = isActive && entry.keptId !== null && entry.state === "failed";
    // Until the manager has told the end of the last attempt, its service is not free.
    if (isActive && !canGoOn) return;
    entry.forgive();
    entry.isHeld = false;
    if (canGoOn) entry.state = "sending";
    else this.#restart(entry);
  }

  /** Tries everything again that failed, but for what has to be chosen anew. */
  retryFailed() {
    for (const entry of this.entries.values()) if (entry.state === "failed") this.retry(entry.id);
  }

  /** Forgets what is over. */
  tidy() {
    for (const entry of this.entries.values()) {
      if (entry.isOver && !this.#lineup.isActive(entry)) this.entries.delete(entry.id);
    }
  }

  /** Forgets everything, when the connection is about to end, and gives up what is not kept. */
  discard() {
    for (const entry of this.entries.values()) {
      if (entry.keptId === null || entry.isUnwanted) continue;
      this.#stopSending(entry);
      this.#lineup.leave(entry);
      this.entries.delete(entry.id);
    }
    this.cancelAll();
    this.offline();
    // What the manager was entering waits again.
    this.cancelAll();
    this.tidy();
    this.#dropped = [];
    this.isPaused = false;
  }

  /** @param {Entry} entry */
  isHeld(entry) {
    return this.isPaused || entry.isHeld;
  }

  /**
   * What is to be done now; to be asked again after every event.
   * @param {number} now milliseconds
   * @returns {Effect[]}
   */
  next(now) {
    if (this.#isOnline) {
      for (const uploadId of this.#dropped.splice(0)) this.#effects.push({ do: "drop", uploadId });
      const booking = this.booking.next(this.#lineup.occupied + this.#lineup.startable(MAX_SERVICES), now);
      if (booking) this.#effects.push(booking);
      this.#request(now);
      this.#effects.push(...nextChunks(this.#lineup.senders, this.#lineup.onTheirWay, now));
    }
    return this.#effects.splice(0);
  }

  /** @param {number} now */
  #request(now) {
    if (this.lookups > 0) return;
    let free = this.booking.isAsking ? 0 : this.booking.amount - this.#lineup.occupied;
    for (const entry of this.#lineup.waiting) {
      if (this.isHeld(entry)) continue;
      if (entry.notBefore > now) {
        this.#effects.push({ do: "wake", at: entry.notBefore });
        continue;
      }
      if (entry.needsService && free-- <= 0) break;
      this.#lineup.begin(entry);
      entry.state = "requesting";
      entry.requestedFolder = entry.folder;
      entry.occupies = entry.needsService;
      if (entry.keptId !== null) this.#effects.push({ do: "resume", entry, uploadId: entry.keptId });
      else this.#effects.push({ do: entry.size > 0 ? "request" : "make-empty", entry });
    }
  }

  /** @param {Entry} entry that does not run any more */
  #leave(entry) {
    this.conflicts.drop(entry);
    this.#stopSending(entry);
    this.#lineup.leave(entry);
    entry.occupies = false;
  }

  /** @param {Entry} entry */
  #restart(entry) {
    entry.restart();
    this.#lineup.wait(entry);
  }

  /**
   * @param {Entry} entry
   * @param {string | null} reason why it did not go on
   * @param {number} now
   */
  #tryAgain(entry, reason, now) {
    // Who pauses for longer than the service's patience has not failed.
    if (!this.isHeld(entry)) entry.attempts += 1;
    if (entry.attempts >= MAX_ATTEMPTS) return this.#end(entry, "failed", reason);
    this.#restartAt(entry, now + RETRY_MS * 2 ** entry.attempts);
  }

  /**
   * @param {Entry} entry
   * @param {number} notBefore milliseconds
   */
  #restartAt(entry, notBefore) {
    this.#restart(entry);
    entry.notBefore = notBefore;
  }

  /**
   * A kept upload was cut off; it goes on after a while.
   * @param {Entry} entry
   * @param {string} reason
   * @param {number} now
   */
  #postpone(entry, reason, now) {
    if (entry.isOutOfPatience(now, this.isHeld(entry))) return this.#end(entry, "failed", reason);
    entry.attempts += 1;
    entry.reason = reason;
    this.#restartAt(entry, now + Math.min(LONGEST_PAUSE_MS, RETRY_MS * 2 ** Math.min(entry.attempts, 10)));
  }

  /**
   * What was stored of it is of no use.
   * @param {Entry} entry
   * @param {boolean} isChanged because the file is another one
   */
  #beginAnew(entry, isChanged) {
    entry.forgive();
    entry.fingerprint = null;
    entry.beganAnew = true;
    this.#effects.push({ do: "tell-anew", entry, isChanged });
    if (this.#lineup.isActive(entry)) {
      // Its service is free once the manager has told the end.
      entry.isAstray = true;
      entry.state = "requesting";
      if (entry.uploadId) this.#effects.push({ do: "abort", uploadId: entry.uploadId });
      return;
    }
    if (isChanged) this.#drop(entry);
    entry.keptId = null;
    this.#restart(entry);
  }

  /** @param {Entry} entry of which nothing is to be kept any more */
  #drop(entry) {
    if (entry.keptId !== null) this.#dropped.push(entry.keptId);
    entry.keptId = null;
  }

  /**
   * @param {Entry} entry
   * @param {"done" | "failed" | "skipped" | "cancelled" | "elsewhere"} state
   * @param {string | null} reason
   */
  #end(entry, state, reason) {
    this.#lineup.leave(entry);
    entry.state = state;
    entry.reason = reason;
    entry.inFlight.clear();
  }

  /**
   * Ends an upload from our side; it stays active until the manager has confirmed that. One that is kept can go on
   * after a failure: its service ends it when nothing comes any more.
   * @param {Entry} entry
   * @param {"failed" | "cancelled"} state
   * @param {string | null} reason
   */
  #giveUp(entry, state, reason) {
    const wasActive = this.#lineup.isActive(entry);
    const canGoOn = entry.keptId !== null && state === "failed";
    if (canGoOn) this.#holdChunks(entry);
    this.#stopSending(entry);
    this.#end(entry, state, reason);
    if (!wasActive && entry.isUnwanted) this.#drop(entry);
    if (!wasActive || entry.size === 0) return;
    this.#lineup.begin(entry);
    this.conflicts.drop(entry);
    if (entry.uploadId && !canGoOn) this.#effects.push({ do: "abort", uploadId: entry.uploadId });
  }

  /** @param {Entry} entry */
  #holdChunks(entry) {
    if (entry.state !== "sending") return;
    const cut = [...entry.inFlight.keys()];
    this.#stopSending(entry);
    entry.again.push(...cut);
    entry.meter.reset();
  }

  /** @param {Entry} entry */
  #stopSending(entry) {
    if (entry.inFlight.size > 0 && entry.uploadId) {
      this.#effects.push({ do: "stop-sending", uploadId: entry.uploadId });
    }
    entry.inFlight.clear();
  }
}
