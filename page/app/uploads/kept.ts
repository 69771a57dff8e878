/** The user's unfinished uploads, which the manager keeps: listed, gone on with, dropped. */

import type { Connection } from "../protocol/connection.js";
import type { Toasts } from "../actions/toasts.js";
import type { Store } from "../state/store.js";
import type { KeptRow } from "../../types/state.js";
import type { KeptUpload } from "../../types/wire.js";
import type { Kept } from "./entry.js";
import type { PickedFile } from "./picked.js";
import type { NewFile } from "./queue.js";
import { text } from "../text/uploads.js";
import { fingerprintOf } from "./fingerprint.js";
import { keepHandlesOf, openHandle, rememberHandle, rememberedHandle } from "./handles.js";

/** No user has more, unless the operator has raised the limit; the rest is listed once some of these are over. */
const MOST = 1_000;
/** How soon it is looked again at what another window or program is uploading. */
const LOOK_AGAIN_MS = 5_000;

export class KeptUploads {
  #lookTimer = 0;
  /** Whether the manager keeps uploads for this connection. */
  #isGranted = false;
  #store;
  #connection;
  #toasts;
  #queued;
  #add;

  /**
   * @param queued the kept uploads that the queue of this page has
   * @param add puts one into the queue
   */
  constructor(
    store: Store,
    connection: Connection,
    toasts: Toasts,
    queued: () => ReadonlySet<string>,
    add: (file: NewFile, locate: PickedFile["locate"]) => void,
  ) {
    this.#store = store;
    this.#connection = connection;
    this.#toasts = toasts;
    this.#queued = queued;
    this.#add = add;
    document.addEventListener("visibilitychange", () => document.hidden || this.#refresh());
  }

  /** Loads the list on a connection whose manager keeps uploads. Rejects without one. */
  async load() {
    this.#isGranted = true;
    const uploads: KeptUpload[] = [];
    let hasMore = true;
    while (hasMore && uploads.length < MOST) {
      const last = uploads.at(-1);
      const page = await this.#connection.request("c2s:kept-uploads-request", last ? { after: last.upload_id } : {});
      uploads.push(...page.uploads);
      hasMore = page.has_more && page.uploads.length > 0;
    }
    const handles = await keepHandlesOf(this.#userId, new Set(uploads.map((upload) => upload.upload_id)));
    const before = new Map(this.#store.state.kept.map((row) => [row.uploadId, row]));
    const rows = uploads.map((upload) => rowOf(upload, handles.has(upload.upload_id), before.get(upload.upload_id)));
    const queued = this.#queued();
    this.#store.set({ kept: rows.filter((row) => !queued.has(row.uploadId)) });
    this.#lookAgain();
  }

  /** Has what is stored entered as a file, which needs nothing but perhaps an answer, and tells of the rest. */
  finishStored() {
    for (const row of this.#store.state.kept) {
      if (row.state === "stored" || row.state === "awaiting-decision") this.#resume(row, { name: row.name, size: row.size });
    }
    const { length } = this.#store.state.kept;
    if (length > 0) this.#store.set({ announcement: text.kept.title(length) });
  }

  /** Forgets the list, which is another user's. */
  clear() {
    clearTimeout(this.#lookTimer);
    this.#isGranted = false;
    this.#store.set({ kept: [] });
  }

  /** What is kept of a file that is uploaded again. An unfinished upload of another file to the same place is dropped. */
  async claim(file: File, folder: string): Promise<Kept | null> {
    const rows = this.#store.state.kept.filter((row) => row.name === file.name && row.folder === folder);
    if (rows.length === 0) return null;
    const fingerprint = await fingerprintOf(file).catch(() => null);
    if (fingerprint === null) return null;
    const same = rows.find((row) => row.fingerprint === fingerprint);
    if (same) return this.#take(same, false);
    for (const row of rows) if (row.state !== "running") this.#replace(row);
    return null;
  }

  /** Goes on with the file that the browser remembers, which it may ask the person about. */
  async goOnRemembered(row: KeptRow) {
    const handle = await rememberedHandle(row.uploadId);
    const file = handle && (await openHandle(handle));
    if (file) await this.goOn(row, { file, folder: [] });
    else this.#change(row, { hasHandle: false, problem: text.kept.unreadable });
  }

  /** Goes on with a file that was chosen, if it is the right one. */
  async goOn(row: KeptRow, { file, locate }: PickedFile) {
    const fingerprint = await fingerprintOf(file).catch(() => null);
    if (fingerprint === row.fingerprint) return this.#resume(row, file, locate);
    const problem =
      fingerprint === null
        ? text.kept.unreadable
        : file.name === row.name
          ? text.kept.changed(file.name)
          : text.kept.wrong(file.name);
    this.#change(row, { hasHandle: false, problem });
  }

  async drop(row: KeptRow) {
    try {
      await this.#connection.request("c2s:upload-drop", { upload_id: row.uploadId });
      this.#remove(row);
    } catch (error) {
      this.#toasts.error(error);
      this.#refresh();
    }
  }

  /** Has the browser remember the file of an upload, if it can. */
  async remember(uploadId: string, locate: PickedFile["locate"]) {
    const handle = await locate?.().catch(() => null);
    if (handle) await rememberHandle(uploadId, this.#userId, handle);
  }

  get #userId() {
    return this.#store.state.session.user?.id ?? 0;
  }

  #resume(row: KeptRow, source: NewFile["source"], locate?: PickedFile["locate"]) {
    const kept = this.#take(row, !(source instanceof File));
    if (kept) this.#add({ source, folder: row.folder, isPublic: false, kept }, locate);
  }

  /** @returns null when it was taken meanwhile */
  #take(row: KeptRow, isAbsent: boolean): Kept | null {
    if (!this.#store.state.kept.some((each) => each.uploadId === row.uploadId)) return null;
    this.#remove(row);
    return { uploadId: row.uploadId, fingerprint: row.fingerprint, storedBytes: row.storedBytes, isAbsent };
  }

  /** @param row whose place is taken by another file */
  #replace(row: KeptRow) {
    this.#toasts.show(text.uploads.changedAnew(row.name));
    void this.drop(row);
  }

  #remove(row: KeptRow) {
    this.#store.set(({ kept }) => ({ kept: kept.filter((each) => each.uploadId !== row.uploadId) }));
  }

  #change(row: KeptRow, change: Partial<KeptRow>) {
    this.#store.set(({ kept }) => ({
      kept: kept.map((each) => (each.uploadId === row.uploadId ? { ...each, ...change } : each)),
    }));
  }

  #refresh() {
    if (this.#isGranted && this.#connection.isOnline) this.load().catch(() => {});
  }

  /** Whoever uploads something elsewhere does not tell this page how it goes on. */
  #lookAgain() {
    clearTimeout(this.#lookTimer);
    if (!this.#store.state.kept.some((row) => row.state === "running")) return;
    this.#lookTimer = window.setTimeout(() => this.#refresh(), LOOK_AGAIN_MS);
  }
}

/** @param before the same, as it was shown */
function rowOf(upload: KeptUpload, hasHandle: boolean, before?: KeptRow): KeptRow {
  return {
    uploadId: upload.upload_id,
    name: upload.name,
    folder: upload.path,
    size: upload.size,
    storedBytes: Math.min(upload.size, upload.stored_chunks * upload.chunk_size),
    fingerprint: upload.fingerprint,
    state: upload.state,
    expiresAt: upload.expires_at,
    hasHandle: hasHandle && before?.problem == null,
    problem: before?.problem ?? null,
  };
}
