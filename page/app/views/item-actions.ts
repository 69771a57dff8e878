/** What can be done with items; the same in menu, toolbar and details. */

import type { FileItem, Item, Listing } from "../../types/state.js";
import type { App } from "../actions/app.js";
import type { Choice } from "./menu.js";
import { text } from "../text/text.js";
import { pick } from "./pickers.js";

export function choicesFor(app: App, items: readonly Item[]): Choice[] {
  const [item] = items;
  if (!item) return emptyChoices(app);
  if (items.length > 1) return manyChoices(app, items);
  return item.kind === "folder" ? folderChoices(app, item) : fileChoices(app, item);
}

export function readable(items: readonly Item[]) {
  return items.filter((item) => item.kind === "file" && item.can !== "none");
}

/** Whether any of the items can be moved. */
export function canMove(app: App, items: readonly Item[]) {
  return items.some((item) => (item.kind === "file" ? item.can === "rw" : app.store.state.canOrganise));
}

export function canDownload(items: readonly Item[]) {
  return items.some((item) => item.kind === "folder" || item.can !== "none");
}

export function canDelete(items: readonly Item[]) {
  return items.some((item) => item.kind === "folder" || item.can === "rw");
}

/** Downloads a file as it is, and a folder or several items as one zip file. */
export function download(app: App, items: readonly Item[]) {
  const { path } = app.store.state.listing;
  const folders = items.filter((item) => item.kind === "folder");
  const files = readable(items) as FileItem[];
  const [folder] = folders;
  const [file] = files;
  if (folders.length + files.length > 1)
    return zip(
      app,
      path,
      [...folders, ...files].map((item) => item.name),
    );
  if (folder) return zip(app, [...path, folder.name]);
  if (file) app.links.download(file).catch((error) => app.toasts.error(error));
}

/** @param names none for the whole folder */
function zip(app: App, path: readonly string[], names: readonly string[] = []) {
  void app.links.downloadArchive(path, names, (reason) => app.toasts.show(reason, "bad"));
}

export function openMove(app: App, items: readonly Item[]) {
  const movable = app.store.state.canOrganise ? items : items.filter((item) => item.kind === "file");
  app.store.set({ dialog: { kind: "move", items: movable } });
}

export function openNewFolder(app: App) {
  app.store.set({ dialog: { kind: "new-folder" } });
}

/** What can be put into the present folder. Nothing can into one that is gone. */
export function additions(app: App, listing: Listing): Choice[] {
  const disabled = listing.status === "missing";
  return [
    { label: text.actions.uploadFiles, icon: "upload", run: () => void pick(app, "files"), disabled },
    { label: text.actions.uploadFolder, icon: "folder-up", run: () => void pick(app, "folder"), disabled },
    "line",
    { label: text.actions.newFolder, icon: "folder-plus", run: () => openNewFolder(app), disabled },
  ];
}

function emptyChoices(app: App): Choice[] {
  const { listing } = app.store.state;
  return [
    ...additions(app, listing),
    "line",
    { label: text.actions.zip, icon: "download", run: () => zip(app, listing.path) },
    { label: text.actions.selectAll, icon: "check", run: () => void app.selecting.all(), hint: "Ctrl A" },
  ];
}

function manyChoices(app: App, items: readonly Item[]): Choice[] {
  return offered([
    canDownload(items) && { label: text.actions.download, icon: "download", run: () => download(app, items) },
    canMove(app, items) && { label: text.actions.move, icon: "move", run: () => openMove(app, items) },
    "line",
    canDelete(items) && {
      label: text.actions.delete,
      icon: "trash",
      run: () => app.deletions.delete(items),
      danger: true,
      hint: "Del",
    },
    !canDownload(items) && { note: text.access.why.several },
  ]);
}

function folderChoices(app: App, item: Item): Choice[] {
  return offered([
    { label: text.actions.open, icon: "folder", run: () => app.selecting.open(item), hint: "Enter" },
    { label: text.actions.zip, icon: "download", run: () => download(app, [item]) },
    "line",
    { label: text.actions.rename, icon: "pencil", run: () => app.store.set({ renaming: item.key }), hint: "F2" },
    canMove(app, [item]) && { label: text.actions.move, icon: "move", run: () => openMove(app, [item]) },
    { label: text.actions.details, icon: "info", run: () => app.preferences.change({ details: true }) },
    "line",
    { label: text.actions.delete, icon: "trash", run: () => app.deletions.delete([item]), danger: true, hint: "Del" },
  ]);
}

function fileChoices(app: App, file: FileItem): Choice[] {
  const { listing } = app.store.state;
  const canRead = file.can !== "none";
  const canWrite = file.can === "rw";
  const isOwned = file.status === "owned";
  const path = `/${listing.path.join("/")}`;
  const open = (dialog: import("../../types/state.js").Dialog) => () => app.store.set({ dialog });
  return offered([
    canRead && { label: text.actions.preview, icon: "eye", run: () => app.selecting.open(file), hint: "Enter" },
    canRead && { label: text.actions.download, icon: "download", run: () => download(app, [file]) },
    isOwned && { label: text.actions.link, icon: "link", run: open({ kind: "link", file }) },
    isOwned && { label: text.actions.share, icon: "user-plus", run: open({ kind: "share", file, path }) },
    "line",
    canWrite && { label: text.actions.rename, icon: "pencil", run: () => app.store.set({ renaming: file.key }), hint: "F2" },
    canWrite && { label: text.actions.move, icon: "move", run: () => openMove(app, [file]) },
    { label: text.actions.details, icon: "info", run: () => app.preferences.change({ details: true }) },
    isOwned && { label: text.actions.transfer, icon: "transfer", run: open({ kind: "transfer", file }) },
    "line",
    canWrite && { label: text.actions.delete, icon: "trash", run: () => app.deletions.delete([file]), danger: true, hint: "Del" },
    "line",
    !isOwned && { note: text.access.why[file.status] },
  ]);
}

/** Without what cannot be done, and without lines that part nothing. */
function offered(choices: readonly (Choice | false)[]): Choice[] {
  const all = choices.filter((choice) => choice !== false);
  return all.filter(
    (choice, at) =>
      choice !== "line" ||
      (at > 0 && at < all.length - 1 && all[at + 1] !== "line" && all.slice(0, at).some((before) => before !== "line")),
  );
}
