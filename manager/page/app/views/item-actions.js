/** What can be done with items; the same in menu, toolbar and details. */

/** @import { FileItem, Item, Listing } from "../../types/state.js" */
/** @import { App } from "../actions/app.js" */
/** @import { Choice } from "./menu.js" */
import { text } from "../text/text.js";
import { pick } from "./pickers.js";

/**
 * @param {App} app
 * @param {readonly Item[]} items
 * @returns {Choice[]}
 */
export function choicesFor(app, items) {
  const [item] = items;
  if (!item) return emptyChoices(app);
  if (items.length > 1) return manyChoices(app, items);
  return item.kind === "folder" ? folderChoices(app, item) : fileChoices(app, item);
}

/** @param {readonly Item[]} items */
export function readable(items) {
  return items.filter((item) => item.kind === "file" && item.can !== "none");
}

/**
 * Whether any of the items can be moved.
 * @param {App} app
 * @param {readonly Item[]} items
 */
export function canMove(app, items) {
  return items.some((item) => (item.kind === "file" ? item.can === "rw" : app.store.state.canOrganise));
}

/** @param {readonly Item[]} items */
export function canDownload(items) {
  return items.some((item) => item.kind === "folder" || item.can !== "none");
}

/** @param {readonly Item[]} items */
export function canDelete(items) {
  return items.some((item) => item.kind === "folder" || item.can === "rw");
}

/**
 * Downloads a file as it is, and a folder or several items as one zip file.
 * @param {App} app
 * @param {readonly Item[]} items
 */
export function download(app, items) {
  const { path } = app.store.state.listing;
  const folders = items.filter((item) => item.kind === "folder");
  const files = /** @type {FileItem[]} */ (readable(items));
  const [folder] = folders;
  const [file] = files;
  if (folders.length + files.length > 1) return zip(app, path, [...folders, ...files].map((item) => item.name));
  if (folder) return zip(app, [...path, folder.name]);
  if (file) app.links.download(file).catch((error) => app.toasts.error(error));
}

/**
 * @param {App} app
 * @param {readonly string[]} path
 * @param {readonly string[]} [names] none for the whole folder
 */
function zip(app, path, names = []) {
  void app.links.downloadArchive(path, names, (reason) => app.toasts.show(reason, "bad"));
}

/**
 * @param {App} app
 * @param {readonly Item[]} items
 */
export function openMove(app, items) {
  const movable = app.store.state.canOrganise ? items : items.filter((item) => item.kind === "file");
  app.store.set({ dialog: { kind: "move", items: movable } });
}

/** @param {App} app */
export function openNewFolder(app) {
  app.store.set({ dialog: { kind: "new-folder" } });
}

/**
 * What can be put into the present folder. Nothing can into one that is gone.
 * @param {App} app
 * @param {Listing} listing
 * @returns {Choice[]}
 */
export function additions(app, listing) {
  const disabled = listing.status === "missing";
  return [
    { label: text.actions.uploadFiles, icon: "upload", run: () => void pick(app, "files"), disabled },
    { label: text.actions.uploadFolder, icon: "folder-up", run: () => void pick(app, "folder"), disabled },
    "line",
    { label: text.actions.newFolder, icon: "folder-plus", run: () => openNewFolder(app), disabled },
  ];
}

/**
 * @param {App} app
 * @returns {Choice[]}
 */
function emptyChoices(app) {
  const { listing } = app.store.state;
  return [
    ...additions(app, listing),
    "line",
    { label: text.actions.zip, icon: "download", run: () => zip(app, listing.path) },
    { label: text.actions.selectAll, icon: "check", run: () => void app.selecting.all(), hint: "Ctrl A" },
  ];
}

/**
 * @param {App} app
 * @param {readonly Item[]} items
 * @returns {Choice[]}
 */
function manyChoices(app, items) {
  return offered([
    canDownload(items) && { label: text.actions.download, icon: "download", run: () => download(app, items) },
    canMove(app, items) && { label: text.actions.move, icon: "move", run: () => openMove(app, items) },
    "line",
    canDelete(items) && { label: text.actions.delete, icon: "trash", run: () => app.deletions.delete(items), danger: true, hint: "Del" },
    !canDownload(items) && { note: text.access.why.several },
  ]);
}

/**
 * @param {App} app
 * @param {Item} item
 * @returns {Choice[]}
 */
function folderChoices(app, item) {
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

/**
 * @param {App} app
 * @param {FileItem} file
 * @returns {Choice[]}
 */
function fileChoices(app, file) {
  const { listing } = app.store.state;
  const canRead = file.can !== "none";
  const canWrite = file.can === "rw";
  const isOwned = file.status === "owned";
  const path = `/${listing.path.join("/")}`;
  const open = (/** @type {import("../../types/state.js").Dialog} */ dialog) => () => app.store.set({ dialog });
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

/**
 * Without what cannot be done, and without lines that part nothing.
 * @param {readonly (Choice | false)[]} choices
 * @returns {Choice[]}
 */
function offered(choices) {
  const all = choices.filter((choice) => choice !== false);
  return all.filter((choice, at) => choice !== "line" || (at > 0 && at < all.length - 1 && all[at + 1] !== "line" && all.slice(0, at).some((before) => before !== "line")));
}
