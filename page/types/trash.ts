/** The trash and earlier contents of files, as the manager's routes have them. */

/** By the id that it had, and has again when it is restored. */
export interface TrashKey {
  kind: "file" | "folder";
  id: number;
}

export interface TrashItem extends TrashKey {
  name: string;
  /** The folder that it was in. */
  path: string;
  size: number;
  files: number;
  /** Null for a folder. */
  type: string | null;
  deleted_by: string | null;
  deleted_at: string;
  expires_at: string;
}

export interface TrashPage {
  items: TrashItem[];
  next: number | null;
  /** Of what the user stores. */
  bytes: number;
  files: number;
  /** 0: there is no trash. */
  kept_s: number;
}

export interface Restored {
  restored: (TrashKey & { path: string; name: string })[];
  refused: (TrashKey & { code: string; message: string })[];
}

export interface FileVersion {
  id: number;
  size: number;
  type: string;
  stored_at: string;
  replaced_at: string;
}
