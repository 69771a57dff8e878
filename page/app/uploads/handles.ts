/**
 * Ways to the files of uploads that can go on after a reload, which some browsers remember for a page (File System Access
 * API): of kept ones, and of cancelled ones. What the browser refuses is as if it had never been remembered.
 */

const DATABASE = "discord-cloud";
const VERSION = 2;
/** Of kept uploads, by upload id. */
const HANDLES = "handles";
/** Of cancelled uploads, by an id of their own. */
const CANCELLED = "cancelled";
/** More than anybody tries again one by one. */
const MOST_CANCELLED = 200;
const CANCELLED_MS = 86_400_000;

export type Remembered = { userId: number; handle: FileSystemFileHandle };

/** @param userId whose upload it is */
export async function rememberHandle(uploadId: string, userId: number, handle: FileSystemFileHandle) {
  await inStore(HANDLES, "readwrite", (store) => store.put({ userId, handle } as Remembered, uploadId));
}

export async function rememberedHandle(uploadId: string): Promise<FileSystemFileHandle | null> {
  const found = (await inStore(HANDLES, "readonly", (store) => store.get(uploadId))) as Remembered | null;
  return found?.handle ?? null;
}

export async function forgetHandle(uploadId: string) {
  await inStore(HANDLES, "readwrite", (store) => store.delete(uploadId));
}

/**
 * Forgets the handles of a user's uploads that are over.
 * @returns those of them that have a handle
 * @param uploadIds those that are kept
 */
export async function keepHandlesOf(userId: number, uploadIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const keys = ((await inStore(HANDLES, "readonly", (store) => store.getAllKeys())) ?? []) as string[];
  const all = ((await inStore(HANDLES, "readonly", (store) => store.getAll())) ?? []) as Remembered[];
  const ours = keys.filter((_, index) => all[index]?.userId === userId);
  for (const key of ours) if (!uploadIds.has(key)) await forgetHandle(key);
  return new Set(ours.filter((key) => uploadIds.has(key)));
}

/** An upload that was cancelled, and can be tried again after a reload. */
export interface Cancelled {
  id: string;
  userId: number;
  name: string;
  folder: string;
  size: number;
  isPublic: boolean;
  /** Milliseconds of `Date.now()`. */
  at: number;
  handle: FileSystemFileHandle;
}

export async function rememberCancelled(upload: Cancelled) {
  await inStore(CANCELLED, "readwrite", (store) => store.put(upload, upload.id));
}

export async function forgetCancelled(id: string) {
  await inStore(CANCELLED, "readwrite", (store) => store.delete(id));
}

/**
 * A user's uploads that were cancelled within a day, the oldest first. Others are forgotten.
 * @param now milliseconds of `Date.now()`
 */
export async function cancelledOf(userId: number, now: number): Promise<Cancelled[]> {
  const all = ((await inStore(CANCELLED, "readonly", (store) => store.getAll())) ?? []) as Cancelled[];
  const recent = all.filter((each) => now - each.at < CANCELLED_MS).sort((a, b) => a.at - b.at);
  const ours = recent.filter((each) => each.userId === userId).slice(-MOST_CANCELLED);
  const isOver = (each: Cancelled) => !recent.includes(each) || (each.userId === userId && !ours.includes(each));
  for (const each of all.filter(isOver)) await forgetCancelled(each.id);
  return ours;
}

/** @returns null when the file is gone, or may not be read */
export async function openHandle(handle: FileSystemFileHandle): Promise<File | null> {
  try {
    const permission = await handle.requestPermission?.({ mode: "read" });
    return permission === "denied" ? null : await handle.getFile();
  } catch {
    return null;
  }
}

/** @returns null when the browser refuses */
async function inStore<Result>(
  name: string,
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result | null> {
  try {
    const opening = indexedDB.open(DATABASE, VERSION);
    opening.onupgradeneeded = () => {
      const { objectStoreNames: present } = opening.result;
      for (const each of [HANDLES, CANCELLED]) if (!present.contains(each)) opening.result.createObjectStore(each);
    };
    const database = await resultOf(opening);
    try {
      return await resultOf(act(database.transaction(name, mode).objectStore(name)));
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
