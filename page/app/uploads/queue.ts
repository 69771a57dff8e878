/**
 * The upload queue: which file is requested when, and what to do when something goes wrong. It is told
 * events and says what to do; sockets, requests and timers stand around it. The protocol's side of this is
 * described in docs/uploads.md.
 */

import type { Retry, UploadRejection, UploadResponse, UploadResumed } from "../../types/wire.js";
import type { UploadState } from "../../types/state.js";
import type { Capabilities, Effect } from "./effects.js";
import type { Kept, Source } from "./entry.js";
import { formatPath, parsePath, relocated } from "../state/paths.js";
import { Booking, MAX_SERVICES } from "./booking.js";
import { Bundles } from "./bundles.js";
import { nextChunks } from "./chunk-plan.js";
import { ChunkTraffic, RETRY_MS } from "./chunk-traffic.js";
import { Entries } from "./entries.js";
import { Entry } from "./entry.js";
import { FinishedBatches } from "./finished-batches.js";
import { Lineup } from "./lineup.js";
import { TakenNameDecisions } from "./taken-name-decisions.js";

export type NewFile = { source: Source; folder: string; isPublic: boolean; kept?: Kept };

const MAX_ATTEMPTS = 4;
/** Names that are tried for an empty file, which the manager does not number. */
const MAX_NUMBER = 20;
const LONGEST_PAUSE_MS = 15_000;

export class UploadQueue {
  entries = new Entries();
  booking = new Booking();
  isPaused = false;
  batches = new FinishedBatches();
  /** How many moves of folders are being looked into, before which nothing is requested. */
  lookups = 0;
  #lineup = new Lineup((entry) => this.isHeld(entry));
  readonly chunks = new ChunkTraffic(this.#lineup, {
    isHeld: (entry) => this.isHeld(entry),
    fail: (entry, reason) => this.#giveUp(entry, "failed", reason),
    do: (effect) => this.#effects.push(effect),
  });
  readonly bundles = new Bundles(this.#lineup, {
    reject: (entry, reason, retry, now) => this.rejected(entry, reason, retry, now),
    fail: (entry, reason) => this.#giveUp(entry, "failed", reason),
    end: (info, now) => this.finished(info, now),
  });
  readonly names = new TakenNameDecisions(this.#lineup, {
    isOnline: () => this.#isOnline,
    skip: (entry) => this.#skip(entry),
    answer: (uploadId, action) => this.#effects.push({ do: "answer", uploadId, action }),
  });
  #effects: Effect[] = [];
  /** Kept uploads to be dropped, as soon as there is a connection. */
  #dropped: string[] = [];
  #isOnline = false;
  /** Whether the manager keeps uploads for this connection. */
  #canKeep = false;
  /** Whether the manager tells which names are taken. */
  #canCheck = false;
  #lastId = 0;
  #selections = 0;

  get isOnline() {
    return this.#isOnline;
  }

  get isWorking() {
    return this.#lineup.isWorking || this.names.isWorking;
  }

  /** The kept uploads that it has, or is about to drop. */
  get keptIds(): ReadonlySet<string> {
    const ids = Array.from(this.entries.values(), (entry) => entry.keptId);
    return new Set([...ids.filter((id) => id !== null), ...this.#dropped]);
  }

  add(files: NewFile[]) {
    this.#beginBatch();
    this.#selections += 1;
    this.names.conflicts.isPutOff = false;
    for (const { source, folder, isPublic, kept } of files) {
      const entry = new Entry(++this.#lastId, source, folder, isPublic);
      if (kept) entry.adopt(kept);
      entry.selection = this.#selections;
      this.entries.set(entry.id, entry);
      // What is stored already is asked about when it is entered.
      if (entry.isAbsent) this.#lineup.wait(entry);
      else this.names.checks.add(entry);
    }
  }

  /** @param can what the manager does on this connection */
  online({ keep = false, check = false, bundle = false }: Partial<Capabilities> = {}) {
    this.bundles.areTaken = bundle;
    this.#isOnline = true;
    this.#canKeep = keep;
    this.#canCheck = check;
    // What went wrong before the connection was lost says nothing about what is there now.
    for (const entry of this.entries.values()) {
      if (entry.keptId !== null && !entry.isOver) entry.forgive();
      if (entry.isUncertain && !keep) entry.notEntered();
    }
  }

  /** The manager keeps some of what a client leaves behind; everything else starts again. */
  offline() {
    this.#isOnline = false;
    this.booking.ended();
    this.bundles.connectionLost();
    for (const entry of this.#lineup.active) {
      this.names.conflicts.drop(entry);
      this.chunks.stop(entry);
      this.#lineup.leave(entry);
      if (entry.isUnwanted) this.#drop(entry);
      if (entry.isOver) {
        entry.occupies = false;
        this.#endTold(entry);
        continue;
      }
      if (this.#canKeep) entry.supposeEntered();
      this.#restart(entry);
    }
  }

  /** A folder was renamed or moved: what goes into it goes along. Of running uploads the manager knows that itself. */
  folderMoved(before: readonly string[], after: readonly string[]) {
    for (const entry of this.entries.values()) entry.folder = formatPath(relocated(parsePath(entry.folder), before, after));
    this.names.checks.regroup();
  }

  /** Into which files go, or went. */
  get folders() {
    return Array.from(this.entries.values(), (entry) => entry.folder);
  }

  bookingCleared() {
    this.booking.ended();
  }

  accepted(entry: Entry, response: UploadResponse) {
    const { upload_id: uploadId, chunk_size: chunkSize } = response;
    entry.uploadId = uploadId;
    entry.begin(response.upload_address ?? "", chunkSize, [{ first: 0, last: Math.ceil(entry.size / chunkSize) - 1 }]);
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

  /** The rest of a kept upload has a service, or needs none. */
  resumed(entry: Entry, response: UploadResumed) {
    entry.uploadId = response.upload_id;
    entry.folder = response.path;
    entry.begin(response.upload_address ?? "", response.chunk_size, response.missing);
    if (entry.state === "cancelled") return void this.#effects.push({ do: "abort", uploadId: response.upload_id });
    entry.state = response.missing.length > 0 ? "sending" : "storing";
    if (response.missing.length === 0) entry.occupies = false;
  }

  resumeRejected(entry: Entry, { code, reason, retry }: UploadRejection, now: number) {
    this.#lineup.leave(entry);
    entry.occupies = false;
    if (entry.isUnwanted) this.#drop(entry);
    if (entry.isOver) return this.#endTold(entry);
    if (code === "resumed-elsewhere") return this.#end(entry, "elsewhere", null);
    if (code === "upload-gone" && entry.isUncertain) return this.#notEntered(entry);
    if (code === "upload-gone" && !entry.isAbsent) return this.#beginAnew(entry, false);
    if (code === "source-changed") return this.#beginAnew(entry, true);
    // Without the file a service that takes chunks is of no use.
    if (retry === "never" || (retry === "soon" && entry.isAbsent)) return this.#end(entry, "failed", reason);
    if (retry === "soon") return this.#restartAt(entry, now + RETRY_MS);
    this.#postpone(entry, reason, now);
  }

  #notEntered(entry: Entry) {
    entry.notEntered();
    this.#restart(entry);
  }

  /** A kept upload does not run any more, and can be resumed. */
  parked(info: { upload_id: string; code: string; reason: string }, now: number) {
    const entry = this.#lineup.find(info.upload_id);
    if (!entry) return;
    this.#leave(entry);
    const beginsAnew = entry.isAstray;
    if (entry.isUnwanted) this.#drop(entry);
    if (entry.isOver) return this.#endTold(entry);
    if (beginsAnew) this.#restart(entry);
    else if (info.code === "resumed-elsewhere") this.#end(entry, "elsewhere", null);
    else this.#postpone(entry, info.reason, now);
  }

  /** The request was turned down. */
  rejected(entry: Entry, reason: string, retry: Retry, now: number) {
    this.#lineup.leave(entry);
    entry.occupies = false;
    if (entry.isOver) return this.#endTold(entry);
    if (retry === "never") return this.#end(entry, "failed", reason);
    // The service that it counted on has just gone: that is no attempt.
    if (retry === "soon") return this.#restartAt(entry, now + RETRY_MS);
    // A refusal is chance less often than an interruption, so it counts twice.
    entry.attempts += 1;
    this.#tryAgain(entry, reason, now);
  }

  emptyMade(entry: Entry) {
    if (entry.number > 0) entry.renamedTo = entry.numberedName;
    this.#end(entry, "done", null);
  }

  emptyFailed(entry: Entry, reason: string) {
    const mayBeTaken = entry.number > 0 && entry.number < MAX_NUMBER;
    if (!mayBeTaken || entry.isOver) return this.#end(entry, "failed", reason);
    entry.number += 1;
    this.#effects.push({ do: "make-empty", entry });
  }

  /** All chunks are stored; the service is free for the next upload. */
  stageFinished(uploadId: string, lostService: boolean) {
    if (this.bundles.stageFinished(uploadId, lostService)) return;
    const entry = this.#lineup.find(uploadId);
    if (!entry) return;
    entry.occupies = false;
    if (!lostService && !entry.isOver) entry.state = "storing";
  }

  /** The end of an upload, told exactly once for each that was accepted. */
  finished(info: { success: boolean; upload_id: string; rename_target?: string; reason?: string }, now: number) {
    const entry = this.#lineup.find(info.upload_id);
    if (!entry) return;
    const reason = info.reason ?? null;
    entry.notEntered();
    this.#leave(entry);
    entry.renamedTo = info.rename_target ?? null;
    if (info.success) this.#end(entry, "done", null);
    else if (entry.isOver) this.#endTold(entry);
    else if (entry.isAstray) this.#restart(entry);
    else if (entry.isSkipping) this.#end(entry, "skipped", null);
    // Its service stopped, timed out or vanished while the file was on its way.
    else if (entry.state === "sending") this.#tryAgain(entry, reason, now);
    else this.#end(entry, "failed", reason);
  }

  pause(id: number) {
    const entry = this.entries.get(id);
    if (!entry || entry.isOver) return;
    entry.isHeld = true;
    if (entry.bundle) this.bundles.withdraw(entry, entry.bundle);
    else this.chunks.hold(entry);
  }

  resume(id: number) {
    const entry = this.entries.get(id);
    if (entry) entry.isHeld = false;
  }

  pauseAll() {
    this.isPaused = true;
    this.bundles.cutAll();
    for (const entry of this.#lineup.active) this.chunks.hold(entry);
  }

  resumeAll() {
    this.isPaused = false;
    for (const entry of this.entries.values()) entry.isHeld = false;
  }

  cancel(id: number) {
    const entry = this.entries.get(id);
    if (entry) entry.isWantedAgain = false;
    // While the manager enters the file it is too late.
    if (entry && !entry.isOver && entry.state !== "storing") this.#giveUp(entry, "cancelled", null);
  }

  cancelAll() {
    for (const id of this.entries.keys()) this.cancel(id);
  }

  /**
   * Takes the file as it is now, or another one, in place of one that was changed on the disk.
   * @param fingerprint null when the browser cannot say
   */
  chooseAgain(id: number, source: Source, fingerprint: string | null = null) {
    const entry = this.entries.get(id);
    if (!entry?.isLost) return;
    const isOther = fingerprint !== entry.fingerprint;
    entry.isLost = entry.isAbsent = false;
    entry.source = source;
    if (entry.keptId !== null && isOther) this.#beginAnew(entry, true);
    else this.retry(id);
    entry.fingerprint = fingerprint;
  }

  retry(id: number) {
    this.#beginBatch();
    this.#retry(id);
  }

  #retry(id: number) {
    const entry = this.entries.get(id);
    if (!entry?.isOver || entry.isLost || entry.state === "done") return;
    const isActive = this.#lineup.isActive(entry);
    const canGoOn = isActive && entry.keptId !== null && entry.state === "failed";
    // Until the manager has told the end of the last attempt, its service is not free.
    entry.isWantedAgain = isActive && !canGoOn;
    if (entry.isWantedAgain) return;
    entry.forgive();
    entry.isHeld = false;
    if (canGoOn) return void (entry.state = "sending");
    entry.restart();
    // Whoever skipped it before may want something else now.
    entry.answer = null;
    this.names.checks.add(entry);
  }

  /** Tries everything again that failed, but for what has to be chosen anew. */
  retryFailed() {
    this.#retryAll("failed");
  }

  retryCancelled() {
    this.#retryAll("cancelled");
  }

  #retryAll(state: UploadState) {
    this.#beginBatch();
    for (const entry of this.entries.values()) if (entry.state === state) this.#retry(entry.id);
  }

  /** Lists what was cancelled before the page was loaded. */
  addCancelled({ source, folder, isPublic }: NewFile) {
    const entry = new Entry(++this.#lastId, source, folder, isPublic);
    entry.selection = ++this.#selections;
    entry.state = "cancelled";
    this.entries.set(entry.id, entry);
    return entry;
  }

  /** The file of what is to be tried again cannot be read any more. */
  fileMissing(entry: Entry, reason: string) {
    entry.isLost = true;
    this.#end(entry, "failed", reason);
  }

  /** What was stored before anything that begins now says nothing about how far that is. */
  #beginBatch() {
    const all = [...this.entries.values()];
    if (all.some((entry) => !entry.isOver && !this.isHeld(entry) && entry.state !== "deciding")) return;
    const stored = all.filter((entry) => entry.state === "done");
    for (const entry of all) if (entry.state === "done" || entry.state === "skipped") this.entries.delete(entry.id);
    this.batches.add(stored);
  }

  /** Forgets what is over. */
  tidy() {
    this.batches.clearAll();
    for (const entry of this.entries.values()) {
      if (entry.isOver && !this.#lineup.isActive(entry)) this.entries.delete(entry.id);
    }
  }

  /** Forgets everything, when the connection is about to end, and gives up what is not kept. */
  discard() {
    for (const entry of this.entries.values()) {
      if (entry.keptId === null || entry.isUnwanted) continue;
      this.chunks.stop(entry);
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

  isHeld(entry: Entry) {
    return this.isPaused || entry.isHeld;
  }

  /**
   * What is to be done now; to be asked again after every event.
   * @param now milliseconds
   */
  next(now: number): Effect[] {
    this.#effects.push(...this.bundles.next());
    if (this.#isOnline) {
      if (this.#canCheck) this.#effects.push(...this.names.checks.next());
      else for (const entry of this.names.checks.takeAll()) this.#lineup.wait(entry);
      for (const uploadId of this.#dropped.splice(0)) this.#effects.push({ do: "drop", uploadId });
      const startable = this.#lineup.startable(MAX_SERVICES, this.bundles.bytes);
      const booking = this.booking.next(this.#lineup.occupied + startable, now);
      if (booking) this.#effects.push(booking);
      this.#request(now);
      this.#effects.push(...nextChunks(this.#lineup.senders, this.#lineup.onTheirWay, now));
    }
    return this.#effects.splice(0);
  }

  #request(now: number) {
    if (this.lookups > 0) return;
    let free = this.booking.isAsking ? 0 : this.booking.amount - this.#lineup.occupied;
    for (const entry of this.#lineup.waiting) {
      if (this.isHeld(entry)) continue;
      if (entry.notBefore > now) {
        this.#effects.push({ do: "wake", at: entry.notBefore });
        continue;
      }
      if (entry.needsService && free-- <= 0) break;
      const bundle = this.bundles.begin(entry, now);
      if (bundle) {
        this.#effects.push({ do: "request-bundle", bundle });
        continue;
      }
      this.#lineup.begin(entry);
      entry.requested();
      entry.occupies = entry.needsService;
      if (entry.keptId !== null) this.#effects.push({ do: "resume", entry, uploadId: entry.keptId });
      else this.#effects.push({ do: entry.size > 0 ? "request" : "make-empty", entry });
    }
  }

  /** @param entry that was given up, of which nothing runs any more */
  #endTold(entry: Entry) {
    if (!entry.isWantedAgain) return;
    entry.isWantedAgain = false;
    this.#retry(entry.id);
  }

  /** @param entry that does not run any more */
  #leave(entry: Entry) {
    this.names.conflicts.drop(entry);
    this.chunks.stop(entry);
    this.#lineup.leave(entry);
    entry.occupies = false;
    entry.bundle = null;
  }

  #restart(entry: Entry) {
    entry.restart();
    this.#lineup.wait(entry);
  }

  /** @param reason why it did not go on */
  #tryAgain(entry: Entry, reason: string | null, now: number) {
    // Who pauses for longer than the service's patience has not failed.
    if (!this.isHeld(entry)) entry.attempts += 1;
    // Whatever stands in the way of a bundle may not be there for a file by itself.
    entry.isAlone ||= entry.attempts > 1;
    if (entry.attempts >= MAX_ATTEMPTS) return this.#end(entry, "failed", reason);
    entry.trouble = reason;
    this.#restartAt(entry, now + RETRY_MS * 2 ** entry.attempts);
  }

  /** @param notBefore milliseconds */
  #restartAt(entry: Entry, notBefore: number) {
    this.#restart(entry);
    entry.notBefore = notBefore;
  }

  /** A kept upload was cut off; it goes on after a while. */
  #postpone(entry: Entry, reason: string, now: number) {
    if (entry.isOutOfPatience(now, this.isHeld(entry))) return this.#end(entry, "failed", reason);
    entry.attempts += 1;
    entry.reason = reason;
    this.#restartAt(entry, now + Math.min(LONGEST_PAUSE_MS, RETRY_MS * 2 ** Math.min(entry.attempts, 10)));
  }

  /**
   * What was stored of it is of no use.
   * @param isChanged because the file is another one
   */
  #beginAnew(entry: Entry, isChanged: boolean) {
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

  /** @param entry of which nothing is to be kept any more */
  #drop(entry: Entry) {
    if (entry.keptId !== null) this.#dropped.push(entry.keptId);
    entry.keptId = null;
  }

  #skip(entry: Entry) {
    this.#drop(entry);
    this.#end(entry, "skipped", null);
  }

  #end(entry: Entry, state: "done" | "failed" | "skipped" | "cancelled" | "elsewhere", reason: string | null) {
    this.#lineup.leave(entry);
    this.names.drop(entry);
    entry.isWantedAgain = false;
    entry.state = state;
    entry.reason = reason;
    entry.trouble = null;
    entry.inFlight.clear();
  }

  /**
   * Ends an upload from our side; it stays active until the manager has confirmed that. One that is kept can go on
   * after a failure: its service ends it when nothing comes any more.
   */
  #giveUp(entry: Entry, state: "failed" | "cancelled", reason: string | null) {
    const wasActive = this.#lineup.isActive(entry);
    const canGoOn = entry.keptId !== null && state === "failed";
    if (canGoOn) this.chunks.hold(entry);
    this.chunks.stop(entry);
    this.#end(entry, state, reason);
    if (!wasActive && entry.isUnwanted) this.#drop(entry);
    if (!wasActive || entry.size === 0) return;
    this.#lineup.begin(entry);
    if (entry.bundle && entry.uploadId) {
      if (!entry.isAstray) this.bundles.abort(entry, entry.bundle);
      return;
    }
    if (entry.uploadId && !canGoOn) this.#effects.push({ do: "abort", uploadId: entry.uploadId });
  }
}
