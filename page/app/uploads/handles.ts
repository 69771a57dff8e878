/**
 * Ways to the files of kept uploads, which some browsers remember for a page (File System Access API). What the browser
 * refuses is as if it had never been remembered: then the file is chosen again.
 */

const DATABASE = "discord-cloud";
const HANDLES = "handles";

export type Remembered = { userId: number; handle: FileSystemFileHandle };

/** @param userId whose upload it is */
export async function rememberHandle(uploadId: string, userId: number, handle: FileSystemFileHandle) {
  await inStore("readwrite", (store) => store.put({ userId, handle } as Remembered, uploadId));
}

export async function rememberedHandle(uploadId: string): Promise<FileSystemFileHandle | null> {
  const found = (await inStore("readonly", (store) => store.get(uploadId))) as Remembered | null;
  return found?.handle ?? null;
}

export async function forgetHandle(uploadId: string) {
  await inStore("readwrite", (store) => store.delete(uploadId));
}

/**
 * Forgets the handles of a user's uploads that are over.
 * @returns those of them that have a handle
 * @param uploadIds those that are kept
 */
export async function keepHandlesOf(userId: number, uploadIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const keys = ((await inStore("readonly", (store) => store.getAllKeys())) ?? []) as string[];
  const all = ((await inStore("readonly", (store) => store.getAll())) ?? []) as Remembered[];
  const ours = keys.filter((_, index) => all[index]?.userId === userId);
  for (const key of ours) if (!uploadIds.has(key)) await forgetHandle(key);
  return new Set(ours.filter((key) => uploadIds.has(key)));
}

/** @returns null when the browser refuses */
async function inStore<Result>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result | null> {
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(HANDLES);
    const database = await resultOf(opening);
    try {
      return await resultOf(act(database.transaction(HANDLES, mode).objectStore(HANDLES)));
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
