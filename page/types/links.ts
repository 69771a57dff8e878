/** Links, as the manager's routes have them. */

export type LinkState = "active" | "expired" | "revoked" | "used-up" | "file-deleted" | "content-changed" | "not-permitted";

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
