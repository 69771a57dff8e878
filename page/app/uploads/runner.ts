/** Does what the upload queue says: packets to the manager, chunks to services, timers. */

import type { Connection } from "../protocol/connection.js";
import type { Toasts } from "../actions/toasts.js";
import type { Store } from "../state/store.js";
import type { Events, OverwriteAction, Retry, UploadRejection, UploadResponse, UploadResumed } from "../../types/wire.js";
import type { Item } from "../../types/state.js";
import type { Entry } from "./entry.js";
import type { NameCheck } from "./name-checks.js";
import type { Bundle } from "./bundle.js";
import type { Capabilities, Effect } from "./effects.js";
import type { NewFile } from "./queue.js";
import type { Picked, PickedFile } from "./picked.js";
import { Refused, messageOf } from "../protocol/errors.js";
import { folderItem } from "../state/listing.js";
import { formatPath, parsePath } from "../state/paths.js";
import { text } from "../text/uploads.js";
import { CancelledUploads } from "./cancelled.js";
import { bodyOf } from "./bundling.js";
import { fingerprintOf } from "./fingerprint.js";
import { EmptyFolders } from "./folders.js";
import { KeptUploads } from "./kept.js";
import { Meter } from "./meter.js";
import { foldersAround } from "./moves.js";
import { UploadQueue } from "./queue.js";
import { ProgressWatch } from "./progress-watch.js";
import { ChunkSender } from "./sender.js";
import { lookInto, takenNames } from "./taken-names.js";
import { isRunning, summarise } from "./summary.js";

const SHOW_EVERY_MS = 200;
/** How often it is looked whether anything goes on. */
const LOOK_EVERY_MS = 1_000;

export class Uploads {
  #queue = new UploadQueue();
  #sender = new ChunkSender();
  #meter = new Meter();
  #watch = new ProgressWatch();
  #showTimer = 0;
  #lookTimer = 0;
  #wakeTimer = 0;
  /** Counts lost connections. */
  #connectionNumber = 0;
  /** How the browser can remember the files of the queue. */
  #locators = new WeakMap<object, PickedFile["locate"]>();
  /** The user's unfinished uploads that are not in the queue. */
  readonly kept: KeptUploads;
  #cancelled = new CancelledUploads();
  /** The user whose cancelled uploads are listed. */
  #cancelledOf: number | null = null;
  /** Folders that were found on this connection. One that is gone since then only costs a request more. */
  #existingFolders = new Set<string>();
  #folders;
  #store;
  #connection;
  #toasts;

  constructor(store: Store, connection: Connection, toasts: Toasts) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#folders = new EmptyFolders(
      connection,
      () => this.#show(),
      (path, reason) => toasts.show(text.uploads.folderFailed(path, reason), "bad"),
    );
    const queue = this.#queue;
    this.kept = new KeptUploads(
      store,
      connection,
      toasts,
      () => queue.keptIds,
      (file, locate) => {
        this.#locators.set(file.source, locate);
        store.set({ queueOpen: true });
        this.#change(() => queue.add([file]));
      },
    );
    connection.on("s2c:upload-booking-modify", (data) => this.#change(() => queue.booking.changed(data.effective_change)));
    connection.on("s2c:upload-stage-finish", (data) =>
      this.#change(() => queue.stageFinished(data.upload_id, data.service_disconnect === true)),
    );
    connection.on("s2c:upload-overwrite-request", (question) => void this.#overwriteAsked(question));
    connection.on("s2c:folder-modify", (change) => this.#folderChanged(change));
    connection.on("s2c:upload-parked", (data) => this.#change(() => queue.parked(data, performance.now())));
    connection.on("s2c:bundle-finished", (data) => this.#change(() => queue.bundles.finished(data, performance.now())));
    connection.on("s2c:upload-finish-info", (data) => this.#change(() => queue.finished(data, performance.now())));
  }

  get isWorking() {
    return this.#queue.isWorking || this.#folders.count > 0;
  }

  /** Whether some of what is under way can go on after the next login. */
  get keepsSome() {
    return Array.from(this.#queue.entries.values()).some((entry) => !entry.isOver && entry.keptId !== null);
  }

  /** Whether a file of the queue goes, or went, to this name of a folder. */
  has(folder: string, name: string) {
    return this.#queue.entries.hasAt(folder, name);
  }

  /** @param can what the manager does on this connection */
  async online(can: Capabilities) {
    void this.#folders.make();
    const number = this.#connectionNumber;
    if (can.keep) await this.#findKept();
    await this.#findCancelled();
    if (number !== this.#connectionNumber) return;
    this.#change(() => this.#queue.online(can));
    if (can.keep) this.kept.finishStored();
  }

  /** Finds what is kept of files that wait. Whatever goes wrong, they can begin anew. */
  async #findKept() {
    try {
      await this.kept.load();
    } catch {
      return;
    }
    for (const entry of this.#queue.entries.values()) {
      if (entry.state !== "waiting" || entry.keptId !== null || !(entry.source instanceof File)) continue;
      const kept = await this.kept.claim(entry.source, entry.folder);
      if (kept && entry.state === "waiting") entry.adopt(kept);
    }
  }

  offline() {
    this.#connectionNumber += 1;
    this.#existingFolders.clear();
    this.#change(() => this.#queue.offline());
  }

  /**
   * @param base folder in which it all goes
   * @param isPublic whether everyone may use the files
   */
  async add(picked: Picked, base: readonly string[], isPublic: boolean) {
    const files: NewFile[] = [];
    for (const { file, folder, locate } of picked.files) {
      const path = formatPath([...base, ...folder]);
      const kept = await this.kept.claim(file, path);
      this.#locators.set(file, locate);
      files.push({ source: file, folder: path, isPublic, ...(kept && { kept }) });
    }
    this.#folders.add(picked.emptyFolders.map((folder) => formatPath([...base, ...folder])));
    if (files.length + this.#folders.count > 0) this.#store.set({ queueOpen: true });
    this.#change(() => this.#queue.add(files));
  }

  /** @param id of the row that was asked about */
  decide(id: number, action: OverwriteAction, forAll: boolean) {
    this.#change(() => this.#queue.names.decide(id, action, forAll));
    this.#showNow();
  }

  /** @param isPutOff whether questions about taken names wait, and everything else goes on */
  putOffQuestions(isPutOff: boolean) {
    this.#queue.names.conflicts.isPutOff = isPutOff;
    this.#showNow();
  }

  pause(id: number) {
    this.#change(() => this.#queue.pause(id));
  }

  resume(id: number) {
    this.#change(() => this.#queue.resume(id));
  }

  pauseAll() {
    this.#change(() => this.#queue.pauseAll());
  }

  resumeAll() {
    this.#change(() => this.#queue.resumeAll());
  }

  retryFailed() {
    this.#change(() => this.#queue.retryFailed());
  }

  async retryCancelled() {
    for (const entry of this.#queue.entries.values()) if (entry.state === "cancelled") await this.#findFile(entry);
    this.#change(() => this.#queue.retryCancelled());
  }

  cancel(id: number) {
    this.#change(() => this.#queue.cancel(id));
    this.#rememberCancelled();
  }

  cancelAll() {
    this.#folders.clear();
    this.#change(() => this.#queue.cancelAll());
    this.#rememberCancelled();
  }

  #rememberCancelled() {
    for (const entry of this.#queue.entries.values()) {
      if (entry.state === "cancelled") void this.#cancelled.remember(entry, this.#userId, this.#locators.get(entry.source));
    }
  }

  /** Lists what was cancelled before the page was loaded, once for each user. */
  async #findCancelled() {
    const userId = this.#userId;
    if (this.#cancelledOf === userId) return;
    this.#cancelledOf = userId;
    for (const cancelled of await this.#cancelled.load(userId)) {
      const { name, size, folder, isPublic } = cancelled;
      const entry = this.#queue.addCancelled({ source: { name, size }, folder, isPublic });
      this.#cancelled.restored(entry, cancelled);
    }
  }

  /** Has the file of a cancelled upload read that was begun before the page was loaded. */
  async #findFile(entry: Entry) {
    const locate = this.#cancelled.locate(entry);
    if (entry.source instanceof File || entry.state !== "cancelled") return this.#cancelled.forget(entry);
    const file = await this.#cancelled.open(entry);
    this.#cancelled.forget(entry);
    if (!file) return this.#queue.fileMissing(entry, text.kept.unreadable);
    this.#locators.set(file, locate);
    entry.source = file;
  }

  get #userId() {
    return this.#store.state.session.user?.id ?? 0;
  }

  /** Ends and forgets everything, for somebody else. */
  discard() {
    this.#folders.clear();
    this.kept.clear();
    this.#cancelledOf = null;
    this.#change(() => this.#queue.discard());
  }

  async retry(id: number) {
    const entry = this.#queue.entries.get(id);
    if (entry) await this.#findFile(entry);
    this.#change(() => this.#queue.retry(id));
  }

  /** @param id of an upload whose file was changed on the disk */
  async chooseAgain(id: number, file: File) {
    const keepsFile = this.#queue.entries.get(id)?.keptId != null;
    const fingerprint = keepsFile ? await fingerprintOf(file).catch(() => null) : null;
    this.#change(() => this.#queue.chooseAgain(id, file, fingerprint));
  }

  /** Forgets files that were uploaded before. */
  clearFinished(id: number) {
    this.#change(() => this.#queue.batches.clear(id));
  }

  /** Clears the list; what is kept of it is listed as unfinished. */
  tidy() {
    const keepsSome = Array.from(this.#queue.entries.values()).some((entry) => entry.keptId !== null);
    for (const entry of this.#queue.entries.values()) if (entry.isOver) this.#cancelled.forget(entry);
    this.#change(() => this.#queue.tidy());
    if (keepsSome) this.kept.load().catch(() => {});
  }

  async #checkNames(check: NameCheck) {
    const names = new Set(check.entries.map((entry) => entry.source.name));
    try {
      const found = await lookInto(this.#connection, check.folder, this.#existingFolders);
      if ("missing" in found) return this.#change(() => this.#queue.names.folderMissing(check, found.missing));
      const taken = await takenNames(this.#connection, found, names);
      this.#change(() => this.#queue.names.checked(check, taken));
    } catch {
      this.#change(() => this.#queue.names.checked(check, null));
    }
  }

  /** Asks the person, once it is known what has the name. */
  async #overwriteAsked({ upload_id: uploadId, file_name: name, file_path: folder }: Events["s2c:upload-overwrite-request"]) {
    const existing = await this.#existing(folder, name).catch(() => null);
    this.#change(() => this.#queue.names.askedByManager(uploadId, folder, existing));
  }

  async #existing(folder: string, name: string): Promise<Item | null> {
    if (this.#store.state.canOrganise) {
      const found = await lookInto(this.#connection, folder, this.#existingFolders);
      return "missing" in found ? null : ((await takenNames(this.#connection, found, new Set([name]))).get(name) ?? null);
    }
    const path = formatPath([...parsePath(folder), name]);
    const status = await this.#connection.request("c2s:folder-status-request", { path });
    return status.exists ? folderItem({ id: status.folder_id ?? 0, name, parent_folder: null }) : null;
  }

  #folderChanged({
    action,
    path,
    handle,
    rename_origin: origin,
    parent_folder_origin: parentId = null,
  }: Events["s2c:folder-modify"]) {
    const after = parsePath(path);
    const formerName = origin ?? handle.name;
    if (action === "rename") this.#change(() => this.#queue.folderMoved([...after.slice(0, -1), formerName], after));
    if (action === "move") void this.#followMove(formerName, parentId, after);
  }

  /** Has what waits go along with a folder that was moved. Of where it came from only the folder's id is told. */
  async #followMove(formerName: string, parentId: number | null, after: readonly string[]) {
    this.#queue.lookups += 1;
    for (const parent of foldersAround(this.#queue.folders, formerName)) {
      const status = await this.#connection.request("c2s:folder-status-request", { path: formatPath(parent) }).catch(() => null);
      if (status?.exists && status.folder_id === parentId) this.#queue.folderMoved([...parent, formerName], after);
    }
    this.#change(() => (this.#queue.lookups -= 1));
  }

  #change(event: () => void) {
    event();
    const effects = this.#queue.next(performance.now());
    for (const effect of effects) this.#perform(effect);
    const wakes = effects.flatMap((effect) => (effect.do === "wake" ? [effect.at] : []));
    if (wakes.length > 0) this.#wakeAt(Math.min(...wakes));
    this.#show();
  }

  #perform(effect: Effect) {
    switch (effect.do) {
      case "book":
        return void this.#book(effect.amount);
      case "clear-booking":
        return void this.#clearBooking();
      case "check-names":
        return void this.#checkNames(effect);
      case "answer":
        return this.#connection.notify("c2s:upload-overwrite-response", {
          upload_id: effect.uploadId,
          action: effect.action,
        });
      case "request":
        return void this.#request(effect.entry);
      case "request-bundle":
        return void this.#requestBundle(effect.bundle);
      case "send-bundle":
        return this.#sendBundle(effect);
      case "make-empty":
        return void this.#makeEmpty(effect.entry);
      case "keep":
        return void this.#keep(effect.entry, effect.uploadId);
      case "resume":
        return void this.#resume(effect.entry, effect.uploadId);
      case "drop":
        return this.#connection.notify("c2s:upload-drop", { upload_id: effect.uploadId });
      case "tell-anew":
        return this.#tellAnew(effect.entry.source.name, effect.isChanged);
      case "send":
        return this.#send(effect.entry, effect.uploadId, effect.index);
      case "stop-sending":
        return this.#sender.stop(effect.uploadId);
      case "abort":
        return this.#connection.notify("c2s:upload-abort-request", { upload_id: effect.uploadId });
      case "wake":
        return undefined;
    }
  }

  async #book(amount: number) {
    try {
      const booking = await this.#connection.request("c2s:upload-booking-request", { desired_amount: amount });
      this.#change(() => this.#queue.booking.settled(booking.amount));
    } catch {
      this.#ifOnline(() => this.#queue.booking.failed());
    }
  }

  async #clearBooking() {
    try {
      await this.#connection.request("c2s:upload-booking-clear", {});
      this.#change(() => this.#queue.bookingCleared());
    } catch {
      this.#ifOnline(() => this.#queue.booking.clearingRefused(performance.now()));
    }
  }

  async #request(entry: Entry) {
    const { name } = entry.source;
    try {
      const { folder: path, size, isPublic: is_public, modifiedAt: modified_at } = entry;
      const request = { name, path, size, is_public, modified_at };
      const response = await this.#connection.request("c2s:upload-request", request);
      this.#change(() =>
        !("retry" in response) && response.accepted
          ? this.#queue.accepted(entry, response)
          : this.#queue.rejected(entry, ...refusalOf(response), performance.now()),
      );
    } catch (error) {
      this.#ifOnline(() => this.#queue.rejected(entry, messageOf(error), "later", performance.now()));
    }
  }

  async #requestBundle(bundle: Bundle) {
    const files = bundle.entries.map((entry) => ({
      name: entry.source.name,
      path: entry.folder,
      size: entry.size,
      is_public: entry.isPublic,
      modified_at: entry.modifiedAt,
    }));
    try {
      const response = await this.#connection.request("c2s:bundle-request", { files });
      this.#change(() =>
        "retry" in response
          ? this.#queue.bundles.rejected(bundle, response, performance.now())
          : this.#queue.bundles.accepted(bundle, response, performance.now()),
      );
    } catch (error) {
      const rejection = { code: "", reason: messageOf(error), retry: "later" as const };
      this.#ifOnline(() => this.#queue.bundles.rejected(bundle, rejection, performance.now()));
    }
  }

  #sendBundle({ bundle, bundleId, entries }: Extract<Effect, { do: "send-bundle" }>) {
    const bytes = bodyOf(entries);
    const startedAt = performance.now();
    let hasGone = false;
    this.#sender.send(
      { address: `${bundle.address.replace(/\/$/, "")}/bundle/${bundleId}`, uploadId: bundleId, index: 0, bytes, isBundle: true },
      {
        onProgress: (loaded) => {
          const now = performance.now();
          if (!hasGone && loaded >= bytes.size) this.#queue.bundles.sent(bytes.size, now - startedAt);
          hasGone ||= loaded >= bytes.size;
          this.#change(() => this.#queue.bundles.progress(bundle, loaded, now));
        },
        onStored: () => this.#change(() => this.#queue.bundles.stored(bundle)),
        onFailed: (reason, isLasting) => void this.#bundleFailed(bundle, entries, reason, isLasting),
      },
    );
  }

  /** @param reason empty when the browser does not tell */
  async #bundleFailed(bundle: Bundle, entries: Entry[], reason: string, isLasting: boolean) {
    const areReadable = await Promise.all(entries.map((entry) => reason !== "" || isReadable(entry.source as File)));
    const lost = entries.filter((_, index) => !areReadable[index]);
    this.#change(() =>
      lost.length > 0
        ? this.#queue.bundles.sourcesLost(bundle, entries, lost, text.uploads.changed)
        : this.#queue.bundles.failed(bundle, entries, reason || text.uploads.unreachable, isLasting, performance.now()),
    );
  }

  async #keep(entry: Entry, uploadId: string) {
    const file = entry.source as File;
    try {
      entry.fingerprint ??= await fingerprintOf(file);
      await this.#connection.request("c2s:upload-keep", { upload_id: uploadId, fingerprint: entry.fingerprint });
      await this.kept.remember(uploadId, this.#locators.get(file));
    } catch (error) {
      const mayBeKept = entry.fingerprint !== null && !(error instanceof Refused);
      if (!mayBeKept) this.#change(() => entry.notKept(uploadId));
    }
  }

  async #resume(entry: Entry, uploadId: string) {
    try {
      const request = { upload_id: uploadId, ...(entry.fingerprint !== null && { fingerprint: entry.fingerprint }) };
      const response = await this.#connection.request("c2s:upload-resume", request);
      if ("retry" in response) this.#change(() => this.#queue.resumeRejected(entry, response, performance.now()));
      else this.#resumed(entry, response);
    } catch (error) {
      const rejection = { code: "", reason: messageOf(error), retry: "later" as const };
      this.#ifOnline(() => this.#queue.resumeRejected(entry, rejection, performance.now()));
    }
  }

  #resumed(entry: Entry, response: UploadResumed) {
    this.#change(() => {
      this.#queue.resumed(entry, response);
      if (entry.isAbsent && response.missing.length > 0) this.#queue.chunks.sourceLost(response.upload_id, text.uploads.changed);
    });
    void this.kept.remember(response.upload_id, this.#locators.get(entry.source));
  }

  #tellAnew(name: string, isChanged: boolean) {
    this.#toasts.show(isChanged ? text.uploads.changedAnew(name) : text.uploads.goneAnew(name));
  }

  async #makeEmpty(entry: Entry) {
    try {
      const request = { path: entry.folder, name: entry.numberedName, modified_at: entry.modifiedAt };
      await this.#connection.request("c2s:empty-file-upload", request);
      this.#change(() => this.#queue.emptyMade(entry));
    } catch (error) {
      this.#ifOnline(() => this.#queue.emptyFailed(entry, messageOf(error)));
    }
  }

  /** After a lost connection the queue has started over, and answers that failed with it mean nothing. */
  #ifOnline(event: () => void) {
    if (this.#connection.isOnline) this.#change(event);
  }

  #send(entry: Entry, uploadId: string, index: number) {
    const file = entry.source as File;
    const start = index * entry.chunkSize;
    const bytes = file.slice(start, start + entry.chunkLength(index));
    this.#sender.send(
      { address: entry.address, uploadId, index, bytes },
      {
        onProgress: (loaded) => this.#change(() => this.#queue.chunks.progress(uploadId, index, loaded, performance.now())),
        onStored: () => this.#change(() => this.#queue.chunks.stored(uploadId, index)),
        onFailed: (reason, isLasting) => {
          if (isLasting) this.#change(() => this.#queue.chunks.storageFailed(uploadId, reason));
          else void this.#chunkFailed(uploadId, index, bytes, reason);
        },
      },
    );
  }

  /** @param reason empty when the browser does not tell */
  async #chunkFailed(uploadId: string, index: number, bytes: Blob, reason: string) {
    const isLost = reason === "" && !(await isReadable(bytes));
    this.#change(() =>
      isLost
        ? this.#queue.chunks.sourceLost(uploadId, text.uploads.changed)
        : this.#queue.chunks.failed(uploadId, index, reason || text.uploads.unreachable, performance.now()),
    );
  }

  #wakeAt(at: number) {
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = window.setTimeout(() => this.#change(() => {}), Math.max(50, at - performance.now()));
  }

  /** Shows what has changed, though not every few kilobytes. */
  #show() {
    this.#showTimer ||= window.setTimeout(() => this.#showNow(), SHOW_EVERY_MS);
  }

  #showNow() {
    clearTimeout(this.#showTimer);
    clearTimeout(this.#lookTimer);
    this.#showTimer = 0;
    const uploads = summarise(this.#queue, this.#folders.count, this.#meter, this.#watch, performance.now());
    this.#store.set({ uploads });
    // What stands still tells nothing.
    if (isRunning(uploads)) this.#lookTimer = window.setTimeout(() => this.#show(), LOOK_EVERY_MS);
  }
}

/** Whether a file on the disk is still what was chosen; browsers refuse to read it otherwise. */
async function isReadable(bytes: Blob) {
  try {
    await bytes.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Why a request was turned down, and when it may succeed. A manager without the extension does not say when. */
function refusalOf(response: UploadResponse | UploadRejection): [string, Retry] {
  if ("retry" in response) return [response.reason, response.retry];
  return [response.rejection_reason ?? text.errors.refused, "later"];
}
