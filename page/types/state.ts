/** What the page knows, as one immutable object. */

import type { Changed, SearchedType, Size } from "../app/state/search.js";
import type { StorageUse } from "./audit.js";
import type { Can, KeptUploadState, OverwriteAction, OwnershipStatus, SortKey } from "./wire.js";

export interface FileItem {
  kind: "file";
  /** `file:<id>`; the identity of an item in lists and selections. */
  key: string;
  id: number;
  name: string;
  type: string;
  size: number;
  createdAt: string | null;
  /** When its content was uploaded. */
  updatedAt: string | null;
  /** When its content was last modified where it came from; if that is not known, when it was uploaded. */
  modifiedAt: string | null;
  status: OwnershipStatus;
  /** Since when it is shared with this user, if it is. */
  sharedAt: string | null;
  can: Can;
  hasThumbnail: boolean;
}

export interface FolderItem {
  kind: "folder";
  key: string;
  id: number;
  name: string;
  /** Bytes of all that is in it; null: not known. */
  size: number | null;
  /** When its files were last changed, or it was made; null: not known. */
  modifiedAt: string | null;
}

export type Item = FileItem | FolderItem;
export type PageKind = "subfolders" | "files";

export interface Order {
  by: SortKey;
  ascending: boolean;
}

/** What is shown in place of a folder. */
export type Place = "recent" | "starred" | "links" | "trash";

export interface Route {
  path: readonly string[];
  /** Null: the folder of the path. */
  place: Place | null;
  /** The words that are looked for, beginning in the folder of the path; null: nothing is. */
  query: string | null;
  /** What else the search asks for; it counts together with a query, which may be empty. */
  filter: SearchFilter;
  order: Order;
  view: "table" | "grid";
  /** Name of the file that is shown large. */
  open: string | null;
}

export interface Listing {
  path: readonly string[];
  order: Order;
  status: "loading" | "ready" | "missing" | "failed";
  /** Why it failed. */
  reason: string | null;
  /** Null: the root. */
  folderId: number | null;
  folderCount: number;
  fileCount: number;
  pageSize: number;
  /** Pages that are here, by `<kind>/<number>`. */
  pages: ReadonlyMap<string, readonly Item[]>;
  /** Keys of the items of the pages that were here last, so that it is known where they stand. */
  keys: ReadonlyMap<string, readonly string[]>;
}

/** An item that is being deleted. */
export interface Hidden {
  /** Null: the root. */
  folderId: number | null;
  /** Whether the manager has deleted it. */
  isGone: boolean;
}

/** A file or folder that was found, and the folder in which it is. */
export interface Hit {
  path: readonly string[];
  item: Item;
  /** Whether its content was found, and not its name. */
  isByText?: boolean;
}

/** Null: whatever it is. */
export interface SearchFilter {
  type: SearchedType | null;
  changed: Changed | null;
  size: Size | null;
  /** Whether only the folder of the path is searched, with all below. */
  isHere: boolean;
}

export interface Search {
  query: string;
  hits: readonly Hit[];
  isRunning: boolean;
  /** Asks for the next page; null: there is none. */
  next: string | null;
  /** Why it ended early. */
  problem: string | null;
}

/** What has just come into the folder, and is marked for a moment. */
export interface Fresh {
  keys: ReadonlySet<string>;
  /** What the list scrolls to; null: it stays where it is. */
  sought: string | null;
}

export interface Selection {
  items: ReadonlyMap<string, Item>;
  /** Row of the keyboard's focus; -1: none. */
  focus: number;
  /** Row from which ranges are extended. */
  anchor: number;
}

export interface User {
  id: number;
  name: string;
  isAdmin: boolean;
}

export interface Session {
  phase: "starting" | "first-start" | "invited" | "signed-out" | "signed-in";
  user: User | null;
  token: string | null;
  /** Why somebody was logged out. */
  notice: string | null;
  /** What is known of the code that the administrator needs; null when none is needed. */
  setupCode: string | null;
  /** Whether who makes the administrator decides what users see. */
  choosesSpaces: boolean;
}

export interface Link {
  phase: "connecting" | "online" | "offline";
  /** Milliseconds of `Date.now()` at which it is tried again. */
  retryAt: number | null;
}

export interface Service {
  id: string;
  type: "upload" | "thumbnail";
  address: string | null;
}

export interface Toast {
  id: number;
  tone: "plain" | "good" | "bad";
  text: string;
  action: { label: string; icon: string; run: () => void } | null;
}

export interface Storage {
  total: number;
  types: Readonly<Record<string, number>>;
}

/** What was copied or cut, to be pasted. */
export interface Clipboard {
  mode: "copy" | "move";
  items: readonly Item[];
  keys: ReadonlySet<string>;
  /** The folder that they are in. */
  path: readonly string[];
  /** Null: the root. */
  folderId: number | null;
}

/** What users see: one tree for all, or each a home. */
export type Spaces = "common" | "personal";

/** What the manager was set up to offer. */
export interface Features {
  /** Whether what is deleted can be restored. */
  hasTrash: boolean;
  /** Whether each user has a home, and shares folders. */
  hasSpaces: boolean;
}

export type Dialog =
  | { kind: "new-folder" }
  | { kind: "public-upload" }
  | { kind: "cancel-uploads" }
  | { kind: "delete-forever"; items: readonly Item[] }
  | { kind: "shared-files"; files: readonly File[] }
  | { kind: "link"; file: FileItem }
  | { kind: "folder-link"; path: readonly string[] }
  | { kind: "share"; file: FileItem }
  | { kind: "transfer"; item: Item }
  | { kind: "share-folder"; folder: FolderItem }
  | { kind: "leave-folder"; folder: FolderItem }
  | { kind: "move"; items: readonly Item[] }
  | { kind: "account" }
  | { kind: "users" }
  | { kind: "audit" }
  | { kind: "services" }
  | { kind: "shortcuts" }
  | { kind: "logout" };

export interface Menu {
  x: number;
  y: number;
  /** What was right-clicked: items, or the empty space of a folder. */
  items: readonly Item[];
}

export type UploadState =
  | "waiting"
  | "requesting"
  | "sending"
  | "storing"
  | "deciding"
  | "paused"
  | "done"
  | "failed"
  | "skipped"
  | "cancelled"
  | "elsewhere";

/** What uploads wait for that do not go on. */
export interface Stall {
  why: "offline" | "no-service" | "no-answer" | "trouble" | "service-silent";
  seconds: number;
  /** What goes wrong; null when nobody knows. */
  trouble: string | null;
}

/** Files that were uploaded before those that are uploaded now. */
export interface FinishedBatch {
  id: number;
  count: number;
  bytes: number;
}

export interface UploadRow {
  id: number;
  name: string;
  folder: string;
  size: number;
  state: UploadState;
  sentBytes: number;
  /** Bytes per second; 0: not known. */
  rate: number;
  /** Null while nobody can say. */
  secondsLeft: number | null;
  /** Seconds since when no byte of it has got through; null while it goes on. */
  stalledFor: number | null;
  /** What goes wrong at the moment, while it is tried again. */
  trouble: string | null;
  /** Whether only choosing the file again helps. */
  isLost: boolean;
  /** Whether what was stored of it before is of no use any more. */
  beganAnew: boolean;
  reason: string | null;
  renamedTo: string | null;
}

/** A question about a taken name. */
export interface Prompt {
  /** Of the row. */
  id: number;
  folder: string;
  /** The file that is uploaded, or its name and size where the file itself is not here. */
  source: File | { readonly name: string; readonly size: number };
  /** What has the name; null when nobody can say. */
  existing: Item | null;
  canReplace: boolean;
  /** Further questions that an answer for all settles. */
  more: number;
}

export interface UploadsView {
  /** Those worth showing first come first; at most `SHOWN_ROWS`. */
  rows: readonly UploadRow[];
  count: number;
  /** Empty folders that are still to be made. */
  folders: number;
  counts: Readonly<Record<UploadState, number>>;
  sentBytes: number;
  totalBytes: number;
  rate: number;
  /** Null while nobody can say. */
  secondsLeft: number | null;
  isPaused: boolean;
  /** Null while something goes on, or nothing is to. */
  stall: Stall | null;
  /** Batches before the present one, the oldest first. */
  finished: readonly FinishedBatch[];
  booked: number;
  /** Taken names that nobody has decided about. */
  questions: number;
  /** The one to be asked now; null when there is none, or nobody wants to be asked. */
  prompt: Prompt | null;
}

/** An upload that was not finished, and that the manager keeps for this user. */
export interface KeptRow {
  uploadId: string;
  name: string;
  folder: string;
  size: number;
  storedBytes: number;
  fingerprint: string;
  /** `running`: in another window or program. */
  state: KeptUploadState;
  expiresAt: string;
  /** Whether the browser has kept the way to the file. */
  hasHandle: boolean;
  /** Why it could not go on. */
  problem: string | null;
}

/** A column that a table may have beside the names. */
export type Column = "modified_at" | "size" | "type" | "created_at";

export interface Preferences {
  theme: "auto" | "light" | "dark";
  /** Of tables, in this order. */
  columns: readonly Column[];
  /** How folders are shown whose address does not say it. */
  order: Order;
  view: Route["view"];
  details: boolean;
}

export interface State {
  session: Session;
  link: Link;
  route: Route;
  listing: Listing;
  search: Search | null;
  fresh: Fresh;
  /** Items that are being deleted, and are shown no more, by key. */
  hidden: ReadonlyMap<string, Hidden>;
  selection: Selection;
  /** How many pages of a large selection have come; null: none is on its way. */
  selecting: { done: number; total: number } | null;
  renaming: string | null;
  dialog: Dialog | null;
  menu: Menu | null;
  toasts: readonly Toast[];
  /** Whether the manager has a newer version of the page than the one that runs. */
  isOutdated: boolean;
  /** What only a screen reader has to be told. */
  announcement: string;
  services: readonly Service[];
  /** Whether the manager lets this connection move folders and list shares. */
  canOrganise: boolean;
  /** Whether it tells sizes and dates of folders, and which files are recent. */
  hasOverview: boolean;
  /** Whether it copies files and folders. */
  canCopy: boolean;
  /** Keys of what the user has starred; null: the manager keeps no stars, or has not said it yet. */
  stars: ReadonlySet<string> | null;
  clipboard: Clipboard | null;
  features: Features;
  storage: Storage | null;
  /** What the user stores and may store; null: not known yet. */
  use: StorageUse | null;
  uploads: UploadsView;
  /** Unfinished uploads that are not in the queue, the oldest first. */
  kept: readonly KeptRow[];
  queueOpen: boolean;
  drawerOpen: boolean;
  preferences: Preferences;
}

export type { OverwriteAction };
