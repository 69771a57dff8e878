/**
 * Ways to the files of kept uploads, which some browsers remember for a page (File System Access API). What the browser
 * refuses is as if it had never been remembered: then the file is chosen again.
 */

const DATABASE = "discord-cloud";
const HANDLES = "handles";

/** @typedef {{ userId: number, handle: FileSystemFileHandle }} Remembered */

/**
 * @param {string} uploadId
 * @param {number} userId whose upload it is
 * @param {FileSystemFileHandle} handle
 */
export async function rememberHandle(uploadId, userId, handle) {
  await inStore("readwrite", (store) => store.put(/** @type {Remembered} */ ({ userId, handle }), uploadId));
}

/**
 * @param {string} uploadId
 * @returns {Promise<FileSystemFileHandle | null>}
 */
export async function rememberedHandle(uploadId) {
  const found = /** @type {Remembered | null} */ (await inStore("readonly", (store) => store.get(uploadId)));
  return found?.handle ?? null;
}

/** @param {string} uploadId */
export async function forgetHandle(uploadId) {
  await inStore("readwrite", (store) => store.delete(uploadId));
}

/**
 * Forgets the handles of a user's uploads that are over.
 * @param {number} userId
 * @param {ReadonlySet<string>} uploadIds those that are kept
 * @returns {Promise<ReadonlySet<string>>} those of them that have a handle
 */
export async function keepHandlesOf(userId, uploadIds) {
  const keys = /** @type {string[]} */ ((await inStore("readonly", (store) => store.getAllKeys())) ?? []);
  const all = /** @type {Remembered[]} */ ((await inStore("readonly", (store) => store.getAll())) ?? []);
  const ours = keys.filter((_, index) => all[index]?.userId === userId);
  for (const key of ours) if (!uploadIds.has(key)) await forgetHandle(key);
  return new Set(ours.filter((key) => uploadIds.has(key)));
}

/**
 * @template Result
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<Result>} act
 * @returns {Promise<Result | null>} null when the browser refuses
 */
async function inStore(mode, act) {
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

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @returns {Promise<Result>}
 */
function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
