/** Whose a folder is, and whom it is shared with, in words. */

import type { Grantee } from "../../types/sharing.js";
import { isIn, COMMON, SHARED } from "../state/spaces.js";
import { text } from "../text/dialogs.js";

export function granteeName({ user, group }: Grantee) {
  return user ?? (group !== null ? text.folderSharing.group(group) : text.folderSharing.everybody);
}

/**
 * @param path of the folder
 * @param owner as the manager tells it: null where it is that of the folder above, or is not told
 */
export function ownerName(path: readonly string[], owner: string | null, me: string | undefined) {
  if (owner !== null) return owner === me ? text.owner.you : owner;
  if (isIn(path, COMMON)) return text.owner.nobody;
  return isIn(path, SHARED) ? text.owner.other : text.owner.you;
}
