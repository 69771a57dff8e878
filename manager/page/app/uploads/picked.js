/** Files and folders as browsers hand them over: dropped, or picked in a dialog. */

/**
 * @typedef {object} PickedFile
 * @property {File} file
 * @property {string[]} folder folders that it lies in
 * @property {() => Promise<FileSystemFileHandle | null>} [locate] finds what the browser can remember the file by
 *
 * @typedef {object} Picked
 * @property {PickedFile[]} files
 * @property {string[][]} emptyFolders
 * @property {string[]} unreadable names of what the browser could not read
 */

/** What is dropped, as far as the browser can remember it. @typedef {Promise<FileSystemHandle | null> | undefined} Root */

/**
 * Reads what was dropped, with everything in folders. The items of a drop are gone once its event is over,
 * so the entries are taken at once.
 * @param {DataTransfer} transfer
 * @returns {Promise<Picked>}
 */
export async function readDrop(transfer) {
  /** @type {Picked} */
  const picked = { files: [], emptyFolders: [], unreadable: [] };
  const dropped = [...transfer.items].filter((item) => item.kind === "file").map((item) => ({
    entry: item.webkitGetAsEntry(),
    root: item.getAsFileSystemHandle?.().catch(() => null),
  }));
  for (const { entry, root } of dropped) if (entry) await readEntry(entry, root, [], picked);
  return picked;
}

/**
 * @param {Iterable<File>} files of an `<input type="file">`, with or without `webkitdirectory`
 * @returns {Picked}
 */
export function readInput(files) {
  const placed = Array.from(files, (file) => ({ file, folder: (file.webkitRelativePath || file.name).split("/").slice(0, -1) }));
  return { files: placed, emptyFolders: [], unreadable: [] };
}

/**
 * @param {Iterable<FileSystemFileHandle>} handles
 * @returns {Promise<Picked>}
 */
export async function readHandles(handles) {
  /** @type {Picked} */
  const picked = { files: [], emptyFolders: [], unreadable: [] };
  for (const handle of handles) {
    try {
      picked.files.push({ file: await handle.getFile(), folder: [], locate: async () => handle });
    } catch {
      picked.unreadable.push(handle.name);
    }
  }
  return picked;
}

/**
 * One thing that cannot be read keeps nothing else away.
 * @param {FileSystemEntry} entry
 * @param {Root} root
 * @param {string[]} folder
 * @param {Picked} picked
 */
async function readEntry(entry, root, folder, picked) {
  try {
    await readReadable(entry, root, folder, picked);
  } catch {
    picked.unreadable.push(entry.name);
  }
}

/**
 * @param {FileSystemEntry} entry
 * @param {Root} root
 * @param {string[]} folder
 * @param {Picked} picked
 */
async function readReadable(entry, root, folder, picked) {
  if (entry.isFile) {
    const fileEntry = /** @type {FileSystemFileEntry} */ (entry);
    const file = await new Promise((resolve, reject) => fileEntry.file(resolve, reject));
    picked.files.push({ file, folder, locate: () => handleAt(root, [...folder, entry.name]) });
    return;
  }
  const inside = [...folder, entry.name];
  const children = await readChildren(/** @type {FileSystemDirectoryEntry} */ (entry));
  if (children.length === 0) picked.emptyFolders.push(inside);
  for (const child of children) await readEntry(child, root, inside, picked);
}

/**
 * @param {Root} root
 * @param {string[]} names of the root, and from there to a file
 */
async function handleAt(root, [, ...names]) {
  let at = (await root) ?? null;
  for (const [index, name] of names.entries()) {
    if (!(at instanceof FileSystemDirectoryHandle)) return null;
    at = index < names.length - 1 ? await at.getDirectoryHandle(name) : await at.getFileHandle(name);
  }
  return at instanceof FileSystemFileHandle ? at : null;
}

/** @param {FileSystemDirectoryEntry} directory */
async function readChildren(directory) {
  const reader = directory.createReader();
  /** @type {FileSystemEntry[]} */
  const children = [];
  // Each call gives some of them, until one gives none.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return children;
    children.push(...some);
  }
}
