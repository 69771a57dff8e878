/** The packets of docs/packets.md that a client sends and hears, as they are on the wire. */

export type Can = "r" | "rw" | "none";
export type OwnershipStatus = "owned" | "public" | "restricted" | "shared";
export type SortKey = "name" | "modified_at" | "size";
export type OverwriteAction = "skip" | "overwrite" | "rename";

export interface Share {
  can_write: boolean;
  file: number;
  shared_at: string;
  user: number;
}

export interface Ownership {
  status: OwnershipStatus;
  share?: Share;
  can?: Can;
}

export interface FileHandle {
  id: number;
  name: string;
  type: string;
  has_thumbnail: boolean;
  ownership: Ownership;
  created_at: string | null;
  updated_at: string | null;
  modified_at?: string | null;
  size: number;
  thumbnail_url?: string;
}

export interface FolderHandle {
  id: number;
  name: string;
  parent_folder: number | null;
}

/** A page of a folder: its files, or its folders. */
export interface ListAnswer {
  path: string;
  page: number;
  success: boolean;
  files?: FileHandle[];
  folders?: FolderHandle[];
}

/** What a folder amounts to, in bytes, and its date. */
export interface FolderSummary {
  id: number;
  total_size: number;
  changed_at: string | null;
}

export interface UserHandle {
  id: number;
  name: string;
}

interface Boolean_ {
  success: boolean;
  message?: string;
}

/** When a request that was turned down may succeed. */
export type Retry = "soon" | "later" | "never";

/** The answer of the extension `rejections`. */
export interface UploadRejection {
  code: string;
  reason: string;
  retry: Retry;
}

/** The answer of the extension `bundle`; an upload is to be sent if it has an id. */
export interface BundleResponse {
  bundle_id: string;
  upload_address?: string;
  uploads: { upload_id?: string; rejection?: UploadRejection }[];
}

export interface UploadResponse {
  name: string;
  path: string;
  accepted: boolean;
  chunk_size: number;
  upload_id: string;
  upload_address?: string;
  rejection_reason?: string;
}

/** The chunks from `first` to `last`, both included. */
export interface ChunkRange {
  first: number;
  last: number;
}

export type KeptUploadState = "running" | "parked" | "stored" | "awaiting-decision";

export interface KeptUpload {
  upload_id: string;
  name: string;
  path: string;
  size: number;
  chunk_size: number;
  is_public: boolean;
  fingerprint: string;
  state: KeptUploadState;
  stored_chunks: number;
  created_at: string;
  expires_at: string;
}

export interface UploadResumed {
  upload_id: string;
  name: string;
  path: string;
  size: number;
  chunk_size: number;
  missing: ChunkRange[];
  upload_address?: string | null;
}

/** Who may use a file; one without an owner is everybody's as if it were their own. */
export interface FileAccess {
  is_public: boolean;
  has_owner: boolean;
  shares: readonly SharedWith[];
}

export interface SharedWith {
  user: UserHandle;
  can_write: boolean;
  shared_at: string;
}

export interface FolderStatus {
  path: string;
  folder_id: number | null;
  exists: boolean;
  file_count: number;
  subfolder_count: number;
  page_size: number;
}

export interface FolderSize {
  total_size: number;
  folder_id: number | null;
  types: Record<string, number>;
}

/** A user as administrators see one, with what the user owns. */
export interface Account extends UserHandle {
  is_admin: boolean;
  created_at: string;
  file_count: number;
  total_size: number;
}

export interface UserList {
  page: number;
  page_size: number;
  total: number;
  users: Account[];
}

/** Requests: what they hold, and what answers them. A refusal is a `generic:boolean` for each. */
export interface Requests
  extends OrganiseRequests, CopyRequests, OverviewRequests, SearchRequests, StarRequests, AdministerRequests, ResumeRequests {
  "c2s:upload-booking-request": { data: { desired_amount: number }; answer: { amount: number } };
  "c2s:upload-booking-clear": { data: {}; answer: Boolean_ };
  "c2s:upload-request": {
    data: { name: string; path: string; size: number; is_public: boolean; do_overwrite?: boolean; modified_at?: string | null };
    answer: UploadResponse | UploadRejection;
  };
  "c2s:bundle-request": {
    data: { files: { name: string; path: string; size: number; is_public: boolean; modified_at?: string | null }[] };
    answer: BundleResponse | UploadRejection;
  };
  "c2s:upload-abort-request": { data: { upload_id: string }; answer: Boolean_ };
  "c2s:empty-file-upload": { data: { path: string; name: string; modified_at?: string | null }; answer: Boolean_ };
  "c2s:folder-status-request": { data: { path: string }; answer: FolderStatus };
  "c2s:list-request": {
    data: {
      path: string;
      type: "subfolders" | "files";
      page: number;
      sort_by?: SortKey;
      ascending_sort?: boolean;
    };
    answer: ListAnswer;
  };
  "c2s:folder-size-request": { data: { folder_id: number | null }; answer: FolderSize };
  "c2s:create-folder": { data: { path: string }; answer: Boolean_ };
  "c2s:rename-folder": { data: { path: string; target_name: string }; answer: Boolean_ };
  "c2s:delete-folder": { data: { folder_id: number }; answer: Boolean_ };
  "c2s:rename-file": { data: { path: string; name: string; target_name: string }; answer: Boolean_ };
  "c2s:move-files": {
    data: { source_id?: number; target_id?: number; files: string[] };
    answer: Boolean_;
  };
  "c2s:delete-file": { data: { folder_id: number; name: string }; answer: Boolean_ };
  "c2s:file-share": {
    data: { path: string; name: string; target_user: number; can_write?: boolean; is_deleting?: boolean };
    answer: Boolean_;
  };
  "c2s:transfer-ownership": {
    data: {
      file_id: number;
      target_user_id: number;
      delete_file_shares?: boolean;
      create_share_for_current_owner?: boolean;
    };
    answer: Boolean_;
  };
  "c2s:signed-download-request": { data: { file_id: number }; answer: { payload?: string } };
  "c2s:thumbnail-request": { data: { id: number }; answer: Boolean_ };
  "c2s:user-search-request": {
    data: { query: string };
    answer: { success: boolean; results?: UserHandle[] };
  };
}

/** Requests of the extension `organise`; the manager knows them once it has granted that. */
export interface OrganiseRequests {
  "c2s:move-folder": { data: { path: string; target_path: string }; answer: Boolean_ };
  "c2s:position-request": {
    data: {
      path: string;
      type: "subfolders" | "files";
      name: string;
      is_prefix?: boolean;
      start?: number;
      sort_by?: SortKey;
      ascending_sort?: boolean;
    };
    answer: { index: number | null; name: string | null; place?: number };
  };
  "c2s:share-list-request": { data: { path: string; name: string }; answer: { file_id: number } & FileAccess };
  "c2s:set-public": { data: { path: string; name: string; is_public: boolean }; answer: Boolean_ };
}

/** Requests of the extension `copy`. */
export interface CopyRequests {
  "c2s:copy-files": { data: { path: string; target_path: string; files: string[] }; answer: Boolean_ };
  "c2s:copy-folder": { data: { path: string; target_path: string }; answer: Boolean_ };
}

/** Requests of the extension `overview`. */
export interface OverviewRequests {
  "c2s:folder-summaries-request": {
    data: { path: string; page: number; ascending_sort?: boolean };
    answer: { folders: FolderSummary[] };
  };
  "c2s:recent-files-request": { data: {}; answer: { files: { path: string; file: FileHandle }[] } };
}

export interface SearchRequest {
  text?: string;
  path?: string;
  entries?: "files" | "subfolders";
  types?: string[];
  min_size?: number;
  max_size?: number;
  changed_from?: string;
  changed_before?: string;
  owner_id?: number;
  after?: string;
  limit?: number;
}

export type SearchResult = { path: string; match: "name" | "prefix" | "part" | "text" } & (
  { file: FileHandle; folder: null } | { file: null; folder: FolderHandle }
);

/** Requests of the extension `search`. */
export interface SearchRequests {
  "c2s:search-request": { data: SearchRequest; answer: { results: SearchResult[]; next: string | null } };
}

/** A file or a folder, and the folder in which it lies. */
export type PlacedEntry = { path: string } & ({ file: FileHandle; folder: null } | { file: null; folder: FolderHandle });

/** Requests of the extension `stars`. */
export interface StarRequests {
  "c2s:star-file": { data: { file_id: number; starred: boolean }; answer: Boolean_ };
  "c2s:star-folder": { data: { folder_id: number; starred: boolean }; answer: Boolean_ };
  "c2s:star-list-request": { data: {}; answer: { files: number[]; folders: number[] } };
  "c2s:starred-request": { data: { before?: number }; answer: { entries: PlacedEntry[]; next: number | null } };
}

/** Requests of the extension `administer`, which are refused to whoever is no administrator. */
export interface AdministerRequests {
  "c2s:user-list-request": { data: { page: number; query?: string }; answer: UserList };
  "c2s:user-password-set": { data: { user_id: number; password: string }; answer: Boolean_ };
  "c2s:user-role-set": { data: { user_id: number; is_admin: boolean }; answer: Boolean_ };
  "c2s:user-remove": { data: { user_id: number; heir_id?: number }; answer: { user_id: number; remaining_files: number } };
}

/** Requests of the extension `resume`. */
export interface ResumeRequests {
  "c2s:upload-keep": { data: { upload_id: string; fingerprint: string }; answer: Boolean_ };
  "c2s:kept-uploads-request": { data: { after?: string }; answer: { uploads: KeptUpload[]; has_more: boolean } };
  "c2s:upload-resume": { data: { upload_id: string; fingerprint?: string }; answer: UploadResumed | UploadRejection };
  "c2s:upload-park": { data: { upload_id: string }; answer: Boolean_ };
  "c2s:upload-drop": { data: { upload_id: string }; answer: Boolean_ };
}

/** What a client sends without expecting an answer. */
export interface Notices {
  "c2s:upload-overwrite-response": {
    upload_id: string;
    action: OverwriteAction;
    use_on_all_uploads?: boolean;
  };
  "c2s:ping-services": {};
}

/** What the manager sends on its own account. */
export interface Events {
  /** The first frame of a connection: the extensions that it has, separated by commas. */
  "generic:primitives": { string_value?: string };
  "s2c:service-registry": {
    service_type: "upload" | "thumbnail";
    action: "added" | "removed" | "list";
    service_uuid: string;
    address?: string;
  };
  "s2c:upload-booking-modify": { effective_change: 1 | -1 };
  "s2c:upload-stage-finish": { upload_id: string; service_disconnect?: boolean };
  "s2c:upload-overwrite-request": { upload_id: string; file_name: string; file_path: string };
  "s2c:upload-overwrite-cancel": {};
  "s2c:upload-finish-info": {
    success: boolean;
    upload_id: string;
    rename_target?: string;
    reason?: string;
  };
  /** A kept upload does not run any more, and can be resumed. */
  "s2c:upload-parked": { upload_id: string; code: string; reason: string };
  "s2c:file-modify": { path: string; action: "add" | "delete" | "modify"; handle: FileHandle };
  /** Processing has ended for a file: its metadata can be had. */
  "s2c:file-processed": { file_id: number };
  /** The user has starred something, or taken a star back, here or elsewhere. */
  "s2c:star-changed": { starred: boolean } & ({ file_id: number; folder_id: null } | { file_id: null; folder_id: number });
  /** Several files of a folder at once; each is passed on as an `s2c:file-modify`. */
  "s2c:files-modify": { path: string; action: "add" | "delete" | "modify"; handles: FileHandle[] };
  /** How the files of a bundle ended; one without `success` is asked about. */
  "s2c:bundle-finished": {
    bundle_id: string;
    files: { upload_id: string; success?: boolean; rename_target?: string; reason?: string }[];
  };
  "s2c:folder-modify": {
    path: string;
    handle: FolderHandle;
    action: "add" | "delete" | "rename" | "move";
    rename_origin?: string;
    parent_folder_origin?: number | null;
  };
}

export type RequestId = keyof Requests;
export type NoticeId = keyof Notices;
export type EventId = keyof Events;

export interface Frame {
  id: string;
  uuid: string | null;
  replyUuid: string | null;
  data: Record<string, unknown>;
}
