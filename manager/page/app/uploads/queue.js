/**
 * The upload queue: which file is requested when, which chunk is sent next, and what to do when something
 * goes wrong. It is told events and says what to do; sockets, requests and timers stand around it. The
 * protocol's side of this is described in docs/uploads.md.
 */

/** @import { OverwriteAction } from "../../types/wire.js" */
/** @import { UploadResponse } from "../../types/wire.js" */
import { Entry } from "./entry.js";

/** @import { Source } from "./entry.js" */
/**
 * @typedef {{ do: "book", amount: number }
 *   | { do: "clear-booking" }
 *   | { do: "request", entry: Entry }
 *   | { do: "make-empty", entry: Entry }
 *   | { do: "send", entry: Entry, uploadId: string, index: number }
 *   | { do: "stop-sending", uploadId: string }
 *   | { do: "abort", uploadId: string }
 *   | { do: "wake", at: number }} Effect
 * @typedef {{ entry: number, uploadId: string, name: string, folder: string }} Prompt
 */

export const MAX_SERVICES = 8;
/** While one chunk is being stored, the next is on its way. */
export const CHUNKS_PER_UPLOAD = 2;
/** Browsers open six connections to an origin; some are left for everything else. */
export const CHUNKS_AT_ONCE = 4;
const MAX_CHUNK_FAILURES = 8;
const MAX_ATTEMPTS = 4;
const RETRY_MS = 500;

export class UploadQueue {
  /** @type {Map<number, Entry>} */
  entries = new Map();
  /** @type {Prompt[]} */
  prompts = [];
  booked = 0;
  isPaused = false;
  /** Entries that wait for a service, in order. @type {Set<Entry>} */
  #waiting = new Set();
  /** Entries that are neither waiting nor over, and those that still occupy a service. @type {Set<Entry>} */
  #active = new Set();
  /** @type {Effect[]} */
  #effects = [];
  #isOnline = false;
  #desired = 0;
  /** Whether an answer about the booking is on its way. */
  #isBooking = false;
  #clearNotBefore = 0;
  /** What was decided for all conflicts. @type {OverwriteAction | null} */
  #decision = null;
  #lastId = 0;

  get isEmpty() {
    return this.entries.size === 0;
  }

  get isWorking() {
    return this.#waiting.size > 0 || this.#active.size > 0;
  }

  /** @param {{ source: Source, folder: string, isPublic: boolean }[]} files */
  add(files) {
    for (const { source, folder, isPublic } of files) {
      const entry = new Entry(++this.#lastId, source, folder, isPublic);
      this.entries.set(entry.id, entry);
      this.#waiting.add(entry);
    }
  }

  online() {
    this.#isOnline = true;
  }

  /** The manager ends everything of a client that leaves, so it all starts again. */
  offline() {
    this.#isOnline = false;
    this.#isBooking = false;
    this.booked = this.#desired = 0;
    this.prompts = [];
    this.#decision = null;
    for (const entry of [...this.#active]) {
      this.#stopSending(entry);
      this.#active.delete(entry);
      if (entry.isOver) entry.occupies = false;
      else this.#wait(entry);
    }
  }

  /** @param {number} amount services that are booked now */
  bookingSettled(amount) {
    this.#isBooking = false;
    this.booked = amount;
  }

  bookingFailed() {
    this.#isBooking = false;
    this.#desired = 0;
  }

  /** @param {number} change */
  bookingChanged(change) {
    this.booked = Math.max(0, this.booked + change);
  }

  bookingCleared() {
    this.bookingFailed();
    this.booked = 0;
    this.#decision = null;
  }

  /** @param {number} now */
  clearingRefused(now) {
    this.#isBooking = false;
    this.#clearNotBefore = now + RETRY_MS;
  }

  /**
   * @param {Entry} entry
   * @param {UploadResponse} response
   */
  accepted(entry, response) {
    entry.uploadId = response.upload_id;
    entry.address = response.upload_address ?? "";
    entry.chunkSize = response.chunk_size;
    if (entry.state === "cancelled") this.#effects.push({ do: "abort", uploadId: response.upload_id });
    else entry.state = "sending";
  }

  /**
   * The request was turned down; most often the service that it counted on has just gone.
   * @param {Entry} entry
   * @param {string} reason
   * @param {number} now
   */
  rejected(entry, reason, now) {
    this.#active.delete(entry);
    entry.occupies = false;
    if (entry.state === "cancelled") return;
    entry.attempts += 1;
    if (entry.attempts >= MAX_ATTEMPTS) this.#end(entry, "failed", reason);
    else {
      this.#wait(entry);
      entry.notBefore = now + RETRY_MS * 2 ** entry.attempts;
    }
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
   * @param {number} loaded
   * @param {number} now
   */
  chunkProgress(uploadId, index, loaded, now) {
    const entry = this.#sending(uploadId);
    if (!entry?.inFlight.has(index)) return;
    entry.inFlight.set(index, Math.min(loaded, entry.chunkLength(index)));
    entry.meter.record(now, entry.sentBytes);
  }

  /**
   * @param {string} uploadId
   * @param {number} index
   */
  chunkStored(uploadId, index) {
    const entry = this.#sending(uploadId);
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
    const entry = this.#sending(uploadId);
    if (!entry?.inFlight.delete(index)) return;
    entry.again.push(index);
    entry.failures += 1;
    entry.notBefore = now + RETRY_MS * 2 ** Math.min(entry.failures, 5);
    if (entry.failures > MAX_CHUNK_FAILURES) this.#giveUp(entry, "failed", reason);
  }

  /**
   * All chunks are stored; the service is free for the next upload.
   * @param {string} uploadId
   * @param {boolean} lostService
   */
  stageFinished(uploadId, lostService) {
    const entry = this.#find(uploadId);
    if (!entry) return;
    entry.occupies = false;
    entry.lostService = lostService;
    if (!lostService && !entry.isOver) entry.state = "storing";
  }

  /** @param {string} uploadId */
  overwriteAsked(uploadId) {
    const entry = this.#find(uploadId);
    if (!entry || entry.isOver) return;
    entry.state = "deciding";
    this.prompts.push({ entry: entry.id, uploadId, name: entry.source.name, folder: entry.folder });
  }

  /**
   * @param {string} uploadId
   * @param {OverwriteAction} action
   * @param {boolean} forAll
   */
  overwriteDecided(uploadId, action, forAll) {
    const settled = forAll ? this.prompts : this.prompts.filter((prompt) => prompt.uploadId === uploadId);
    this.prompts = this.prompts.filter((prompt) => !settled.includes(prompt));
    if (forAll) this.#decision = action;
    for (const prompt of settled) {
      const entry = this.entries.get(prompt.entry);
      if (!entry || entry.isOver) continue;
      entry.state = "storing";
      entry.isSkipping = action === "skip";
    }
  }

  /**
   * The end of an upload, told exactly once for each that was accepted.
   * @param {{ success: boolean, upload_id: string, rename_target?: string, reason?: string }} info
   */
  finished(info) {
    const entry = this.#find(info.upload_id);
    if (!entry) return;
    const wasStoring = entry.state === "storing";
    this.prompts = this.prompts.filter((prompt) => prompt.uploadId !== info.upload_id);
    this.#stopSending(entry);
    this.#active.delete(entry);
    entry.occupies = false;
    if (info.success) {
      entry.renamedTo = info.rename_target ?? null;
      this.#end(entry, "done", null);
    } else if (!entry.isOver) {
      const isSkipped = entry.isSkipping || (wasStoring && this.#decision === "skip");
      this.#failed(entry, isSkipped, info.reason ?? null);
    }
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
    for (const entry of this.#active) this.#holdChunks(entry);
  }

  resumeAll() {
    this.isPaused = false;
    for (const entry of this.entries.values()) entry.isHeld = false;
  }

  /** @param {number} id */
  cancel(id) {
    const entry = this.entries.get(id);
    // While the manager enters the file it is too late.
    if (!entry || entry.isOver || entry.state === "storing") return;
    this.#giveUp(entry, "cancelled", null);
  }

  cancelAll() {
    for (const id of this.entries.keys()) this.cancel(id);
  }

  /** @param {number} id */
  retry(id) {
    const entry = this.entries.get(id);
    // Until the manager has told the end of the last attempt, its service is not free.
    if (!entry?.isOver || entry.state === "done" || entry.occupies) return;
    entry.attempts = entry.notBefore = 0;
    entry.reason = null;
    entry.isHeld = false;
    this.#wait(entry);
  }

  /** Forgets what is over. */
  tidy() {
    for (const entry of this.entries.values()) {
      if (entry.isOver && !this.#active.has(entry)) this.entries.delete(entry.id);
    }
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
      this.#book(now);
      this.#request(now);
      this.#send(now);
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** @param {number} now */
  #book(now) {
    if (this.#isBooking) return;
    const occupied = this.#occupied();
    const wanted = Math.min(MAX_SERVICES, occupied + this.#startable(MAX_SERVICES));
    if (wanted > this.#desired) {
      this.#isBooking = true;
      this.#desired = wanted;
      this.#effects.push({ do: "book", amount: wanted });
    } else if (wanted === 0 && this.#desired > 0) {
      if (now < this.#clearNotBefore) this.#wake(this.#clearNotBefore);
      else {
        this.#isBooking = true;
        this.#effects.push({ do: "clear-booking" });
      }
    }
  }

  /** @param {number} now */
  #request(now) {
    let free = this.#isBooking ? 0 : this.booked - this.#occupied();
    for (const entry of [...this.#waiting]) {
      if (this.isHeld(entry)) continue;
      if (entry.notBefore > now) {
        this.#wake(entry.notBefore);
        continue;
      }
      if (entry.size > 0 && free-- <= 0) break;
      this.#waiting.delete(entry);
      this.#active.add(entry);
      entry.state = "requesting";
      entry.occupies = entry.size > 0;
      this.#effects.push({ do: entry.size > 0 ? "request" : "make-empty", entry });
    }
  }

  /** @param {number} now */
  #send(now) {
    let free = CHUNKS_AT_ONCE;
    for (const entry of this.#active) free -= entry.inFlight.size;
    const senders = [...this.#active].filter((entry) => entry.state === "sending" && !this.isHeld(entry));
    // Every upload gets one chunk on its way before any gets a second.
    for (let depth = 0; depth < CHUNKS_PER_UPLOAD; depth += 1) {
      for (const entry of senders) {
        if (free <= 0) return;
        if (entry.notBefore > now) this.#wake(entry.notBefore);
        else if (entry.inFlight.size <= depth && this.#sendChunk(entry)) free -= 1;
      }
    }
  }

  /** @param {Entry} entry */
  #sendChunk(entry) {
    const index = entry.uploadId ? entry.takeChunk() : null;
    if (index === null || !entry.uploadId) return false;
    this.#effects.push({ do: "send", entry, uploadId: entry.uploadId, index });
    return true;
  }

  /** @param {number} enough counting further is of no use */
  #startable(enough) {
    let count = 0;
    for (const entry of this.#waiting) {
      if (count >= enough) break;
      if (entry.size > 0 && !this.isHeld(entry)) count += 1;
    }
    return count;
  }

  #occupied() {
    let count = 0;
    for (const entry of this.#active) if (entry.occupies) count += 1;
    return count;
  }

  /** @param {number} at */
  #wake(at) {
    this.#effects.push({ do: "wake", at });
  }

  /** @param {Entry} entry */
  #wait(entry) {
    entry.restart();
    this.#waiting.add(entry);
  }

  /**
   * @param {Entry} entry
   * @param {boolean} isSkipped
   * @param {string | null} reason
   */
  #failed(entry, isSkipped, reason) {
    if (isSkipped) this.#end(entry, "skipped", null);
    else if (this.isHeld(entry)) this.#wait(entry);
    else if (entry.lostService && ++entry.attempts < MAX_ATTEMPTS) this.#wait(entry);
    else this.#end(entry, "failed", reason);
  }

  /**
   * @param {Entry} entry
   * @param {"done" | "failed" | "skipped" | "cancelled"} state
   * @param {string | null} reason
   */
  #end(entry, state, reason) {
    this.#waiting.delete(entry);
    this.#active.delete(entry);
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
    const wasActive = this.#active.has(entry);
    this.#stopSending(entry);
    this.#end(entry, state, reason);
    if (!wasActive || entry.size === 0) return;
    this.#active.add(entry);
    this.prompts = this.prompts.filter((prompt) => prompt.entry !== entry.id);
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

  /** @param {string} uploadId */
  #find(uploadId) {
    for (const entry of this.#active) if (entry.uploadId === uploadId) return entry;
    return undefined;
  }

  /** @param {string} uploadId */
  #sending(uploadId) {
    const entry = this.#find(uploadId);
    return entry?.state === "sending" ? entry : undefined;
  }
}
