/** Files and folders as browsers hand them over: dropped, or picked in a dialog. */

/**
 * @typedef {object} Picked
 * @property {{ file: File, folder: string[] }[]} files with the folders that they lie in
 * @property {string[][]} emptyFolders
 * @property {string[]} unreadable names of what the browser could not read
 */

/**
 * Reads what was dropped, with everything in folders. The items of a drop are gone once its event is over,
 * so the entries are taken at once.
 * @param {DataTransfer} transfer
 * @returns {Promise<Picked>}
 */
export async function readDrop(transfer) {
  /** @type {Picked} */
  const picked = { files: [], emptyFolders: [], unreadable: [] };
  const entries = [...transfer.items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  for (const entry of entries) if (entry) await readEntry(entry, [], picked);
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
 * One thing that cannot be read keeps nothing else away.
 * @param {FileSystemEntry} entry
 * @param {string[]} folder
 * @param {Picked} picked
 */
async function readEntry(entry, folder, picked) {
  try {
    await readReadable(entry, folder, picked);
  } catch {
    picked.unreadable.push(entry.name);
  }
}

/**
 * @param {FileSystemEntry} entry
 * @param {string[]} folder
 * @param {Picked} picked
 */
async function readReadable(entry, folder, picked) {
  if (entry.isFile) {
    const fileEntry = /** @type {FileSystemFileEntry} */ (entry);
    const file = await new Promise((resolve, reject) => fileEntry.file(resolve, reject));
    picked.files.push({ file, folder });
    return;
  }
  const inside = [...folder, entry.name];
  const children = await readChildren(/** @type {FileSystemDirectoryEntry} */ (entry));
  if (children.length === 0) picked.emptyFolders.push(inside);
  for (const child of children) await readEntry(child, inside, picked);
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
