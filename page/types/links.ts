/** Links, as the manager's routes have them. */

export type LinkState =
  "active" | "expired" | "revoked" | "used-up" | "file-deleted" | "folder-deleted" | "content-changed" | "not-permitted";

export interface FileLink {
  id: string;
  /** Null: the manager lacks the key that encrypted it. */
  url: string | null;
  state: LinkState;
  /** Null, as are path and name: the file was deleted. */
  file_id: number | null;
  path: string | null;
  name: string | null;
  label: string;
  has_password: boolean;
  /** Null: any number. */
  max_downloads: number | null;
  downloads: number;
  follows_content: boolean;
  created_at: string;
  /** Null: never. */
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** What is left out of a change stays. */
export interface LinkChanges {
  label?: string;
  expires_in_s?: number | null;
  password?: string | null;
  max_downloads?: number | null;
}

export interface LinkOptions extends LinkChanges {
  follows_content?: boolean;
}

/** A link to a folder: one that shows it, or by which others add files. */
export interface FolderLink {
  id: string;
  /** Null: the manager lacks the key that encrypted it. */
  url: string | null;
  state: LinkState;
  /** Null: the folder was deleted, or is hidden. */
  path: string | null;
  label: string;
  for_uploads: boolean;
  has_password: boolean;
  /** Null, as are those below: any number. */
  max_files: number | null;
  max_file_size: number | null;
  max_total_size: number | null;
  received_files: number;
  received_size: number;
  created_at: string;
  /** Null: never. */
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** What is left out of a change stays. Sizes are in bytes. */
export interface FolderLinkOptions {
  label?: string;
  expires_in_s?: number | null;
  password?: string | null;
  for_uploads?: boolean;
  max_files?: number | null;
  max_file_size?: number | null;
  max_total_size?: number | null;
}
