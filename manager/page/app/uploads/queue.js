/**
 * The upload queue: which file is requested when, and what to do when something goes wrong. It is told
 * events and says what to do; sockets, requests and timers stand around it. The protocol's side of this is
 * described in docs/uploads.md.
 */

/** @import { OverwriteAction, Retry, UploadResponse } from "../../types/wire.js" */
/** @import { BookingEffect } from "./booking.js" */
/** @import { ChunkEffect } from "./chunk-plan.js" */
/** @import { Source } from "./entry.js" */
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
 *   | { do: "stop-sending", uploadId: string }
 *   | { do: "abort", uploadId: string }} Effect
 */

const MAX_CHUNK_FAILURES = 8;
const MAX_ATTEMPTS = 4;
const RETRY_MS = 500;

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
  #isOnline = false;
  #lastId = 0;

  get isWorking() {
    return this.#lineup.isWorking;
  }

  /** @param {{ source: Source, folder: string, isPublic: boolean }[]} files */
  add(files) {
    for (const { source, folder, isPublic } of files) {
      const entry = new Entry(++this.#lastId, source, folder, isPublic);
      this.entries.set(entry.id, entry);
      this.#lineup.wait(entry);
    }
  }

  online() {
    this.#isOnline = true;
  }

  /** The manager ends everything of a client that leaves, so it all starts again. */
  offline() {
    this.#isOnline = false;
    this.booking.ended();
    this.conflicts.connectionLost();
    for (const entry of this.#lineup.active) {
      this.#stopSending(entry);
      this.#lineup.leave(entry);
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

  /**
   * Folders in which one of this name is, or is to be made, on the way to where files go.
   * @param {string} name
   */
  foldersAround(name) {
    /** @type {Map<string, string[]>} */
    const found = new Map();
    for (const folder of new Set(Array.from(this.entries.values(), (entry) => entry.folder))) {
      const path = parsePath(folder);
      path.forEach((each, depth) => each === name && found.set(formatPath(path.slice(0, depth)), path.slice(0, depth)));
    }
    return [...found.values()];
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
    entry.uploadId = response.upload_id;
    entry.address = response.upload_address ?? "";
    entry.chunkSize = response.chunk_size;
    this.conflicts.begin(entry);
    // The folder had gone elsewhere before the manager had the request, so that it would be made again.
    entry.isAstray = response.path === entry.requestedFolder && response.path !== entry.folder;
    if (!entry.isAstray) entry.folder = response.path;
    if (entry.state === "cancelled" || entry.isAstray) this.#effects.push({ do: "abort", uploadId: response.upload_id });
    else entry.state = "sending";
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
    const entry = this.#lineup.sending(uploadId);
    if (!entry?.inFlight.delete(index)) return;
    entry.storedBytes += entry.chunkLength(index);
    entry.failures = 0;
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
    if (entry.failures > MAX_CHUNK_FAILURES) this.#giveUp(entry, "failed", reason);
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
    this.conflicts.drop(entry);
    this.#stopSending(entry);
    this.#lineup.leave(entry);
    entry.occupies = false;
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
   */
  chooseAgain(id, source) {
    const entry = this.entries.get(id);
    if (!entry?.isLost) return;
    entry.isLost = false;
    entry.source = source;
    this.retry(id);
  }

  /** @param {number} id */
  retry(id) {
    const entry = this.entries.get(id);
    // Until the manager has told the end of the last attempt, its service is not free.
    if (!entry?.isOver || entry.isLost || entry.state === "done" || this.#lineup.isActive(entry)) return;
    entry.attempts = entry.notBefore = 0;
    entry.reason = null;
    entry.isHeld = false;
    this.#restart(entry);
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

  /** Gives everything up and forgets it, when the connection is about to end. */
  discard() {
    this.cancelAll();
    this.offline();
    // What the manager was entering waits again.
    this.cancelAll();
    this.tidy();
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
      if (entry.size > 0 && free-- <= 0) break;
      this.#lineup.begin(entry);
      entry.state = "requesting";
      entry.requestedFolder = entry.folder;
      entry.occupies = entry.size > 0;
      this.#effects.push({ do: entry.size > 0 ? "request" : "make-empty", entry });
    }
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
   * @param {Entry} entry
   * @param {"done" | "failed" | "skipped" | "cancelled"} state
   * @param {string | null} reason
   */
  #end(entry, state, reason) {
    this.#lineup.leave(entry);
    entry.state = state;
    entry.reason = reason;
    entry.inFlight.clear();
  }

  /**
   * Ends an upload from our side; it stays active until the manager has confirmed that.
   * @param {Entry} entry
   * @param {"failed" | "cancelled"} state
   * @param {string | null} reason
   */
  #giveUp(entry, state, reason) {
    const wasActive = this.#lineup.isActive(entry);
    this.#stopSending(entry);
    this.#end(entry, state, reason);
    if (!wasActive || entry.size === 0) return;
    this.#lineup.begin(entry);
    this.conflicts.drop(entry);
    if (entry.uploadId) this.#effects.push({ do: "abort", uploadId: entry.uploadId });
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
