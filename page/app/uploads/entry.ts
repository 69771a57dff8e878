/** One file of the upload queue. Pure. */

import type { Item, UploadRow, UploadState } from "../../types/state.js";
import type { ChunkRange, OverwriteAction } from "../../types/wire.js";
import type { Bundle } from "./bundle.js";
import type { ChunkEffect } from "./chunk-plan.js";
import { modificationTime } from "../state/modification-time.js";
import { stemLength } from "../state/paths.js";
import { CHUNKS_AT_ONCE, CHUNKS_PER_UPLOAD } from "./chunk-plan.js";
import { placeOf } from "./entries.js";
import { Meter } from "./meter.js";
import { ProgressWatch } from "./progress-watch.js";

/** What the queue needs of a `File`. */
export type Source = { readonly name: string; readonly size: number; readonly lastModified?: number | undefined };

/** What the manager keeps of a file that was begun before. */
export interface Kept {
  uploadId: string;
  fingerprint: string;
  storedBytes: number;
  /** whether all of it is stored, so that the file is not needed */
  isAbsent: boolean;
}

/** How long a kept upload is tried without anything of it being stored; then somebody has to ask for it. */
export const PATIENCE_MS = 3_600_000;

export class Entry {
  id: number;
  #source: Source;
  #folder: string;
  #renamedTo: string | null = null;
  /** Told the place to which it went before, whenever it goes to another one. */
  onPlaceChanged: ((before: string) => void) | null = null;
  isPublic: boolean;
  state: UploadState = "waiting";
  /** Whether this file alone was paused. */
  isHeld = false;
  /** Whether it keeps a booked service from taking another upload. */
  occupies = false;
  uploadId: string | null = null;
  /** The bundle that it is sent in; null if it is sent by itself. */
  bundle: Bundle | null = null;
  /** Bytes that have gone with the body of its bundle. */
  bundledBytes = 0;
  /** Whether it is sent by itself, since it could not be in a bundle. */
  isAlone = false;
  address = "";
  /** Which files were chosen together with it. */
  selection = 0;
  chunkSize = 1;
  storedBytes = 0;
  /** Chunks that were never sent to this service, in order. */
  missing: ChunkRange[] = [];
  /** Chunks that have to be sent again. */
  again: number[] = [];
  /** Bytes that are on their way, by chunk. */
  inFlight = new Map<number, number>();
  failures = 0;
  attempts = 0;
  /** Milliseconds before which nothing is tried. */
  notBefore = 0;
  reason: string | null = null;
  isSkipping = false;
  /** What has its name, as far as that is known. */
  existing: Item | null = null;
  /** What was answered before it was sent, and about what. */
  answer: { action: OverwriteAction; about: string | null } | null = null;
  /** Whether it is to be tried again as soon as the end of its last attempt is told. */
  isWantedAgain = false;
  /** Whether its bytes are not what was chosen any more; only choosing it again helps. */
  isLost = false;
  /** The folder as the manager was asked to put the file into it. */
  requestedFolder: string | null = null;
  /** Whether this upload of it is given up so that it begins anew: its folder is elsewhere by now, or its bundle goes without it. */
  isAstray = false;
  /** The upload that the manager keeps, or was asked to keep, for this file: it can be resumed. */
  keptId: string | null = null;
  /** Whether `keptId` was not kept, but may have been entered when the connection was lost. */
  isUncertain = false;
  /** What says that the file is still the same; null until it was needed. */
  fingerprint: string | null = null;
  /** Whether all of it was stored before, so that the file itself is not needed, and not here. */
  isAbsent = false;
  /** Whether what was stored of it before is of no use any more. */
  beganAnew = false;
  /** Milliseconds since when nothing of it was stored, while it is kept; null: it goes on. */
  stalledSince: number | null = null;
  /** What goes wrong at the moment, while it is tried again. */
  trouble: string | null = null;
  meter = new Meter();
  #watch = new ProgressWatch();
  /** Bytes of which it got on so far; sending some of them again is no progress. */
  farthest = 0;

  /** @param folder path in which it goes */
  constructor(id: number, source: Source, folder: string, isPublic: boolean) {
    this.id = id;
    this.#source = source;
    this.#folder = folder;
    this.isPublic = isPublic;
  }

  get source() {
    return this.#source;
  }

  set source(source: Source) {
    const before = this.place;
    this.#source = source;
    this.onPlaceChanged?.(before);
  }

  get folder() {
    return this.#folder;
  }

  set folder(folder: string) {
    const before = this.place;
    this.#folder = folder;
    this.onPlaceChanged?.(before);
  }

  /** The name that it got in place of its own. */
  get renamedTo() {
    return this.#renamedTo;
  }

  set renamedTo(name: string | null) {
    const before = this.place;
    this.#renamedTo = name;
    this.onPlaceChanged?.(before);
  }

  /** The name of a folder that it goes to. */
  get place() {
    return placeOf(this.#folder, this.#renamedTo ?? this.#source.name);
  }

  /** Of an empty file that is kept beside another one; 0: it has its own name. */
  number = 0;

  get numberedName() {
    const { name } = this.source;
    const stem = stemLength(name);
    return this.number > 0 ? `${name.slice(0, stem)} (${this.number})${name.slice(stem)}` : name;
  }

  /** When the file was last modified, as packets have it; null if that is not known, or not to be told. */
  get modifiedAt() {
    return modificationTime(this.source.lastModified);
  }

  get size() {
    return this.source.size;
  }

  /** Whether a service has to take something of it. */
  get needsService() {
    return this.size > 0 && !this.isAbsent;
  }

  get isOver() {
    return ["done", "failed", "skipped", "cancelled", "elsewhere"].includes(this.state);
  }

  /** Whether what the manager keeps of it is not wanted any more. */
  get isUnwanted() {
    return this.keptId !== null && (this.state === "cancelled" || this.isAstray);
  }

  /** Whether it waits for a decision after all of it was stored. */
  get isAskedLate() {
    return this.state === "deciding" && this.uploadId !== null;
  }

  get sentBytes() {
    if (this.state === "done" || this.state === "storing" || this.isAskedLate) return this.size;
    let bytes = this.storedBytes + this.bundledBytes;
    for (const loaded of this.inFlight.values()) bytes += loaded;
    return Math.min(bytes, this.size);
  }

  chunkLength(index: number) {
    return Math.min(this.chunkSize, this.size - index * this.chunkSize);
  }

  /** The manager is asked to take it. */
  requested() {
    this.state = "requesting";
    this.requestedFolder = this.folder;
  }

  /** A service takes these chunks. */
  begin(address: string, chunkSize: number, missing: readonly ChunkRange[]) {
    this.address = address;
    this.chunkSize = chunkSize;
    this.missing = missing.map((range) => ({ ...range }));
    const bytes = missing.map(({ first, last }) => Math.min(this.size, (last + 1) * chunkSize) - first * chunkSize);
    this.storedBytes = this.size - bytes.reduce((sum, each) => sum + each, 0);
  }

  /** How many chunks are on their way. */
  get sentAtOnce() {
    return this.inFlight.size;
  }

  /** A line on which more than a chunk goes in a second waits for the service rather than for bytes. */
  get mostAtOnce() {
    return this.meter.rate > this.chunkSize ? CHUNKS_AT_ONCE : CHUNKS_PER_UPLOAD;
  }

  /** The chunk to send next; null when all are sent or on their way. */
  takeNext(): ChunkEffect | null {
    const { uploadId } = this;
    const index = uploadId ? (this.again.shift() ?? this.#takeMissing()) : null;
    if (!uploadId || index === null) return null;
    this.inFlight.set(index, 0);
    return { do: "send", entry: this, uploadId, index };
  }

  #takeMissing() {
    const range = this.missing[0];
    if (!range) return null;
    if (range.first === range.last) this.missing.shift();
    return range.first++;
  }

  /** @param kept to go on with */
  adopt(kept: Kept) {
    this.keptId = kept.uploadId;
    this.fingerprint = kept.fingerprint;
    this.storedBytes = kept.storedBytes;
    this.isAbsent = kept.isAbsent;
  }

  /** The manager does not keep it after all, so that it starts again whenever it is cut off. */
  notKept(uploadId: string) {
    if (this.keptId !== uploadId) return;
    this.keptId = null;
    if (this.state === "waiting") this.restart();
  }

  chunkStored(index: number) {
    if (!this.inFlight.delete(index)) return;
    this.storedBytes += this.chunkLength(index);
    this.failures = 0;
    this.trouble = null;
    if (this.keptId === null) return;
    this.attempts = 0;
    this.reason = this.stalledSince = null;
  }

  /** The connection is lost: it may have been entered, which the manager is asked before it begins again. */
  supposeEntered() {
    const mayBeEntered = this.state === "storing" || (this.state === "sending" && this.sentBytes === this.size);
    if (!mayBeEntered || this.isAstray || this.keptId !== null) return;
    this.keptId = this.uploadId;
    this.isUncertain = this.uploadId !== null;
    this.storedBytes = 0;
  }

  /** It was not entered. */
  notEntered() {
    this.keptId = null;
    this.isUncertain = false;
  }

  /** What went wrong before does not count any more. */
  forgive() {
    this.attempts = this.failures = this.notBefore = 0;
    this.reason = this.stalledSince = null;
  }

  /**
   * Whether nothing of a kept upload was stored for too long. To be asked whenever something went wrong.
   * @param now milliseconds
   * @param isHeld whether somebody wants it to wait, who has time
   */
  isOutOfPatience(now: number, isHeld: boolean) {
    if (isHeld) this.stalledSince = null;
    else this.stalledSince ??= now;
    return this.stalledSince !== null && now - this.stalledSince >= PATIENCE_MS;
  }

  /** Waits again. What the manager keeps of it stays stored; else nothing is. */
  restart() {
    this.state = "waiting";
    this.occupies = false;
    this.uploadId = null;
    this.bundle = null;
    this.bundledBytes = 0;
    if (this.keptId === null) this.storedBytes = 0;
    this.missing = [];
    this.again = [];
    this.inFlight.clear();
    this.failures = 0;
    this.isSkipping = false;
    this.isAstray = false;
    this.farthest = this.storedBytes;
    this.meter.reset();
  }

  /** Seconds since when no byte of it has got through; null while it goes on, or is not on its way. */
  #stalledFor(now: number, isPaused: boolean) {
    // Whatever went wrong, it does so no more.
    if (this.sentBytes > this.farthest) this.trouble = null;
    this.farthest = Math.max(this.farthest, this.sentBytes);
    if (this.state === "sending" && !isPaused) return this.#watch.stalledFor(now, this.farthest);
    this.#watch.reset();
    return null;
  }

  /** @param isPaused whether it waits because somebody wants it to */
  row(isPaused: boolean, now: number): UploadRow {
    const stalledFor = this.#stalledFor(now, isPaused);
    // What stands still has no forecast.
    if (this.state === "sending") this.meter.record(now, this.sentBytes);
    const canPause = this.state === "waiting" || this.state === "sending" || this.state === "requesting";
    return {
      id: this.id,
      name: this.source.name,
      folder: this.folder,
      size: this.size,
      state: this.isWantedAgain ? "waiting" : isPaused && canPause ? "paused" : this.state,
      sentBytes: this.sentBytes,
      rate: this.state === "sending" ? this.meter.rate : 0,
      secondsLeft: this.state === "sending" ? this.meter.secondsFor(this.size - this.sentBytes) : null,
      stalledFor,
      trouble: this.trouble,
      isLost: this.isLost,
      beganAnew: this.beganAnew,
      reason: this.reason,
      renamedTo: this.renamedTo,
    };
  }
}
