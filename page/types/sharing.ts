/** Sharing folders, as the manager's routes have it. */

export type FolderRight = "read" | "write" | "manage";

/** Whom a right is granted to. Both null: everybody. */
export interface Grantee {
  user: string | null;
  group: string | null;
}

export interface FolderGrant extends Grantee {
  right: FolderRight;
}

export interface FolderSharing {
  /** That of the user who asks. */
  right: FolderRight;
  /** Null: that of the folder above, or not told, since this user does not manage the folder. */
  owner: string | null;
  /** None when this user does not manage the folder. */
  grants: readonly FolderGrant[];
}

export interface Group {
  id: number;
  name: string;
  members: number;
}
