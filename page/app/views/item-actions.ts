/** What can be done with items: one list, from which menus, toolbar, details and keys take what they offer. */

import type { Clipboard, Dialog, FileItem, Item, Listing } from "../../types/state.js";
import type { App } from "../actions/app.js";
import type { Choice } from "./menu.js";
import { isEntry, isFixed, isShared } from "../state/spaces.js";
import { text } from "../text/text.js";
import { pick } from "./pickers.js";

export type ActionName =
  | "open"
  | "copy"
  | "cut"
  | "preview"
  | "download"
  | "link"
  | "share"
  | "star"
  | "leave"
  | "rename"
  | "move"
  | "details"
  | "transfer"
  | "delete";

/** An action on certain items. */
export type ItemAction = {
  name: ActionName;
  label: string;
  /** A label where there is little room. */
  shortLabel: string;
  icon: string;
  run: () => void;
  /** Whether these users may do it, and this manager can. */
  isPossible: boolean;
  /** Whether something may be lost. */
  isDangerous: boolean;
  /** The key that does it, as it is written on keyboards. */
  key: string | null;
};

type Definition = {
  icon: string;
  /** Menus separate groups by lines. */
  group: number;
  label: (items: readonly Item[], app: App) => string;
  shortLabel?: (items: readonly Item[], app: App) => string;
  isPossible: (items: readonly Item[], app: App) => boolean;
  run: (items: readonly Item[], app: App) => void;
  isDangerous?: boolean;
  key?: string;
};

/** No name begins with it. */
export const STAR_KEY = "*";

/** In the order of menus. */
const DEFINITIONS: Record<ActionName, Definition> = {
  open: {
    icon: "folder",
    group: 0,
    label: () => text.actions.open,
    isPossible: (items) => onlyFolder(items) !== null,
    run: ([item], app) => item && app.selecting.open(item),
    key: text.actions.keys.enter,
  },
  preview: {
    icon: "eye",
    group: 0,
    label: () => text.actions.preview,
    isPossible: (items) => canRead(onlyFile(items)),
    run: ([item], app) => item && app.selecting.open(item),
    key: text.actions.keys.enter,
  },
  download: {
    icon: "download",
    group: 0,
    label: (items) => (onlyFolder(items) ? text.actions.zip : text.actions.download),
    shortLabel: (items) => (onlyFolder(items) ? text.actions.zipShort : text.actions.download),
    isPossible: (items) => items.some((item) => item.kind === "folder" || canRead(item)),
    run: (items, app) => download(app, items),
  },
  link: {
    icon: "link",
    group: 0,
    label: () => text.actions.link,
    shortLabel: () => text.actions.linkShort,
    isPossible: (items, app) => isOwned(onlyFile(items)) || canLinkFolder(app, items),
    run: (items, app) => {
      const folder = onlyFolder(items);
      if (folder) app.store.set({ dialog: { kind: "folder-link", path: [...app.store.state.listing.path, folder.name] } });
      else openForFile(app, items, (file) => ({ kind: "link", file }));
    },
  },
  share: {
    icon: "user-plus",
    group: 0,
    label: () => text.actions.share,
    isPossible: (items, app) => isOwned(onlyFile(items)) || canShareFolder(app, items),
    run: ([item], app) =>
      item &&
      app.store.set({ dialog: item.kind === "file" ? { kind: "share", file: item } : { kind: "share-folder", folder: item } }),
  },
  star: {
    icon: "star",
    group: 0,
    label: (items, app) => (areStarred(items, app) ? text.starred.remove : text.starred.add),
    isPossible: (items, app) => app.store.state.stars !== null && starrable(items, app).length > 0,
    run: (items, app) => void app.stars.set(starrable(items, app), !areStarred(items, app)),
    key: STAR_KEY,
  },
  leave: {
    icon: "logout",
    group: 0,
    label: () => text.actions.leave,
    isPossible: (items, app) => canShareFolder(app, items) && isShared(app.store.state.listing.path),
    run: ([item], app) => item?.kind === "folder" && app.store.set({ dialog: { kind: "leave-folder", folder: item } }),
  },
  rename: {
    icon: "pencil",
    group: 1,
    label: () => text.actions.rename,
    isPossible: (items, app) => items.length === 1 && items.every((item) => canChange(item, app)),
    run: ([item], app) => item && app.store.set({ renaming: item.key }),
    key: "F2",
  },
  cut: {
    icon: "cut",
    group: 1,
    label: () => text.clipboard.cut,
    isPossible: (items, app) => items.some((item) => canMove(item, app)),
    run: (items, app) => app.clipboard.take(movable(items, app), "move"),
    key: text.actions.keys.ctrl("X"),
  },
  copy: {
    icon: "copy",
    group: 1,
    label: () => text.clipboard.copy,
    isPossible: (items, app) => items.some((item) => canCopy(item, app)),
    run: (items, app) =>
      app.clipboard.take(
        items.filter((item) => canCopy(item, app)),
        "copy",
      ),
    key: text.actions.keys.ctrl("C"),
  },
  move: {
    icon: "move",
    group: 1,
    label: () => text.actions.move,
    isPossible: (items, app) => items.some((item) => canMove(item, app)),
    run: (items, app) => app.store.set({ dialog: { kind: "move", items: movable(items, app) } }),
  },
  details: {
    icon: "info",
    group: 1,
    label: () => text.actions.details,
    isPossible: () => true,
    run: (_, app) => app.preferences.change({ details: true }),
  },
  transfer: {
    icon: "transfer",
    group: 1,
    label: () => text.actions.transfer,
    isPossible: (items, app) => isOwned(onlyFile(items)) || canShareFolder(app, items),
    run: ([item], app) => item && app.store.set({ dialog: { kind: "transfer", item } }),
  },
  delete: {
    icon: "trash",
    group: 2,
    label: () => text.actions.delete,
    isPossible: (items, app) => items.some((item) => canChange(item, app)),
    run: (items, app) => app.deletions.delete(items),
    isDangerous: true,
    key: text.actions.keys.delete,
  },
};
const NAMES = Object.keys(DEFINITIONS) as ActionName[];

/** An action, whether it is possible or not. */
export function actionOn(app: App, items: readonly Item[], name: ActionName): ItemAction {
  const { icon, label, shortLabel = label, isPossible, run, isDangerous = false, key = null } = DEFINITIONS[name];
  return {
    name,
    label: label(items, app),
    shortLabel: shortLabel(items, app),
    icon,
    run: () => run(items, app),
    isPossible: isPossible(items, app),
    isDangerous,
    key,
  };
}

/**
 * The actions that are possible.
 * @param names the ones that are asked for, in their order; without them all
 */
export function actionsOn(app: App, items: readonly Item[], names: readonly ActionName[] = NAMES): ItemAction[] {
  return names.map((name) => actionOn(app, items, name)).filter((action) => action.isPossible);
}

/** What a menu about items offers; without items it is about the folder that is open. */
export function choicesFor(app: App, items: readonly Item[]): Choice[] {
  if (items.length === 0) return folderChoices(app);
  const actions = actionsOn(app, items);
  const note = noteOn(items);
  return [
    ...actions.flatMap((action, at): Choice[] => {
      const before = actions[at - 1];
      const isNewGroup = before && DEFINITIONS[before.name].group !== DEFINITIONS[action.name].group;
      return isNewGroup ? ["line", choiceOf(action)] : [choiceOf(action)];
    }),
    ...(note ? (["line", { note }] as const) : []),
  ];
}

/** Downloads a file as it is, and a folder or several items as one zip file. */
export function download(app: App, items: readonly Item[]) {
  const { path } = app.store.state.listing;
  const wanted = items.filter((item) => item.kind === "folder" || canRead(item));
  const [item] = wanted;
  if (wanted.length > 1)
    return zip(
      app,
      path,
      wanted.map((each) => each.name),
    );
  if (item?.kind === "folder") return zip(app, [...path, item.name]);
  if (item) app.links.download(item).catch((error) => app.toasts.error(error));
}

export function openNewFolder(app: App) {
  app.store.set({ dialog: { kind: "new-folder" } });
}

/** What can be put into the present folder. Nothing can into one that is gone. */
export function additions(app: App, listing: Listing, clipboard: Clipboard | null): Choice[] {
  const disabled = listing.status === "missing" || (app.store.state.features.hasSpaces && isShared(listing.path));
  return [
    { label: text.actions.uploadFiles, icon: "upload", run: () => void pick(app, "files"), disabled },
    { label: text.actions.uploadFolder, icon: "folder-up", run: () => void pick(app, "folder"), disabled },
    {
      label: text.actions.uploadPublic,
      icon: "globe",
      run: () => app.store.set({ dialog: { kind: "public-upload" } }),
      disabled,
    },
    "line",
    { label: text.actions.newFolder, icon: "folder-plus", run: () => openNewFolder(app), disabled },
    ...(clipboard ? [paste(app, clipboard, disabled)] : []),
  ];
}

function paste(app: App, { items }: Clipboard, disabled: boolean): Choice {
  const hint = text.actions.keys.ctrl("V");
  return { label: text.clipboard.paste(items.length), icon: "paste", run: () => void app.clipboard.paste(), hint, disabled };
}

function folderChoices(app: App): Choice[] {
  const { listing, clipboard } = app.store.state;
  return [
    ...additions(app, listing, clipboard),
    "line",
    { label: text.actions.zip, icon: "download", run: () => zip(app, listing.path) },
    { label: text.actions.selectAll, icon: "check", run: () => void app.selecting.all(), hint: text.actions.keys.ctrl("A") },
  ];
}

function choiceOf({ label, icon, run, isDangerous, key }: ItemAction): Choice {
  return { label, icon, run, danger: isDangerous, ...(key && { hint: key }) };
}

/** Why less is offered than for one's own items. */
function noteOn(items: readonly Item[]): string | null {
  const file = onlyFile(items);
  if (file && file.status !== "owned") return text.access.why[file.status];
  return items.every((item) => item.kind === "file" && !canRead(item)) ? text.access.why.several : null;
}

/** @param names none for the whole folder */
function zip(app: App, path: readonly string[], names: readonly string[] = []) {
  void app.links.downloadArchive(path, names, (reason) => app.toasts.show(reason, "bad"));
}

function openForFile(app: App, items: readonly Item[], dialogOf: (file: FileItem) => Dialog) {
  const file = onlyFile(items);
  if (file) app.store.set({ dialog: dialogOf(file) });
}

function onlyFile([item, ...others]: readonly Item[]): FileItem | null {
  return item?.kind === "file" && others.length === 0 ? item : null;
}

function onlyFolder([item, ...others]: readonly Item[]) {
  return item?.kind === "folder" && others.length === 0 ? item : null;
}

function canRead(item: Item | null) {
  return item?.kind === "file" && item.can !== "none";
}

function isOwned(file: FileItem | null) {
  return file?.status === "owned";
}

function canChange(item: Item, app: App) {
  return item.kind === "folder" ? !isFixedIn(app, item) : item.can === "rw";
}

function canMove(item: Item, app: App) {
  return item.kind === "file" ? item.can === "rw" : app.store.state.canOrganise && !isFixedIn(app, item);
}

function movable(items: readonly Item[], app: App) {
  return items.filter((item) => item.kind === "file" || canMove(item, app));
}

function canCopy(item: Item, app: App) {
  return app.store.state.canCopy && (item.kind === "folder" || canRead(item));
}

/** All but the folders that stand for spaces. */
function starrable(items: readonly Item[], app: App) {
  const { features, listing } = app.store.state;
  return items.filter((item) => !(features.hasSpaces && isEntry(listing.path, item)));
}

function areStarred(items: readonly Item[], app: App) {
  return starrable(items, app).every(({ key }) => app.store.state.stars?.has(key));
}

function isFixedIn(app: App, item: Item) {
  const { features, listing } = app.store.state;
  return features.hasSpaces && isFixed(listing.path, item);
}

/** The manager knows whether the user may: it refuses others. */
function canLinkFolder(app: App, items: readonly Item[]) {
  const folder = onlyFolder(items);
  const { features, listing } = app.store.state;
  return folder !== null && !(features.hasSpaces && isEntry(listing.path, folder));
}

/** Whether folders are shared at all, and this is one; whether the user manages it is told by the manager. */
function canShareFolder(app: App, items: readonly Item[]) {
  const { features, listing } = app.store.state;
  const folder = onlyFolder(items);
  return folder !== null && features.hasSpaces && !isEntry(listing.path, folder);
}
