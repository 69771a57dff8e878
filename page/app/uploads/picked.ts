/** Files and folders as browsers hand them over: dropped, or picked in a dialog. */

export interface PickedFile {
  file: File;
  /** folders that it lies in */
  folder: string[];
  /** finds what the browser can remember the file by */
  locate?: () => Promise<FileSystemFileHandle | null>;
}

export interface Picked {
  files: PickedFile[];
  emptyFolders: string[][];
  /** names of what the browser could not read */
  unreadable: string[];
}

/** What is dropped, as far as the browser can remember it. */
export type Root = Promise<FileSystemHandle | null> | undefined;

/**
 * Reads what was dropped, with everything in folders. The items of a drop are gone once its event is over,
 * so the entries are taken at once.
 */
export async function readDrop(transfer: DataTransfer): Promise<Picked> {
  const picked: Picked = { files: [], emptyFolders: [], unreadable: [] };
  const dropped = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({
      entry: item.webkitGetAsEntry(),
      root: item.getAsFileSystemHandle?.().catch(() => null),
    }));
  for (const { entry, root } of dropped) if (entry) await readEntry(entry, root, [], picked);
  return picked;
}

/** @param files of an `<input type="file">`, with or without `webkitdirectory` */
export function readInput(files: Iterable<File>): Picked {
  const placed = Array.from(files, (file) => ({ file, folder: (file.webkitRelativePath || file.name).split("/").slice(0, -1) }));
  return { files: placed, emptyFolders: [], unreadable: [] };
}

export async function readHandles(handles: Iterable<FileSystemFileHandle>): Promise<Picked> {
  const picked: Picked = { files: [], emptyFolders: [], unreadable: [] };
  for (const handle of handles) {
    try {
      picked.files.push({ file: await handle.getFile(), folder: [], locate: async () => handle });
    } catch {
      picked.unreadable.push(handle.name);
    }
  }
  return picked;
}

/** One thing that cannot be read keeps nothing else away. */
async function readEntry(entry: FileSystemEntry, root: Root, folder: string[], picked: Picked) {
  try {
    await readReadable(entry, root, folder, picked);
  } catch {
    picked.unreadable.push(entry.name);
  }
}

async function readReadable(entry: FileSystemEntry, root: Root, folder: string[], picked: Picked) {
  if (entry.isFile) {
    const fileEntry = entry as FileSystemFileEntry;
    const file = await new Promise<File>((resolve, reject) => fileEntry.file(resolve, reject));
    picked.files.push({ file, folder, locate: () => handleAt(root, [...folder, entry.name]) });
    return;
  }
  const inside = [...folder, entry.name];
  const children = await readChildren(entry as FileSystemDirectoryEntry);
  if (children.length === 0) picked.emptyFolders.push(inside);
  for (const child of children) await readEntry(child, root, inside, picked);
}

/** @param names of the root, and from there to a file */
async function handleAt(root: Root, [, ...names]: string[]) {
  let at = (await root) ?? null;
  for (const [index, name] of names.entries()) {
    if (!(at instanceof FileSystemDirectoryHandle)) return null;
    at = index < names.length - 1 ? await at.getDirectoryHandle(name) : await at.getFileHandle(name);
  }
  return at instanceof FileSystemFileHandle ? at : null;
}

async function readChildren(directory: FileSystemDirectoryEntry) {
  const reader = directory.createReader();
  const children: FileSystemEntry[] = [];
  // Each call gives some of them, until one gives none.
  for (;;) {
    const some: FileSystemEntry[] = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return children;
    children.push(...some);
  }
}
