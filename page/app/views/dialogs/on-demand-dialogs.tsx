/** The dialogs that are loaded on demand, and with them whatever else is not in sight at first. */

import type { Dialog } from "../../../types/state.js";
import { AccountDialog } from "./account.js";
import { AuditDialog } from "./audit.js";
import { DeleteForeverDialog } from "./delete-forever.js";
import { FolderLinkDialog } from "./folder-link.js";
import { LinkDialog } from "./link.js";
import { LeaveFolderDialog } from "./leave-folder.js";
import { MoveDialog } from "./move.js";
import { ServicesDialog } from "./services.js";
import { ShareDialog } from "./share.js";
import { ShareFolderDialog } from "./share-folder.js";
import { SharedFilesDialog } from "./shared-files.js";
import { ShortcutsDialog } from "./shortcuts.js";
import { TransferDialog } from "./transfer.js";
import { UsersDialog } from "./users.js";

export { Found } from "../found.js";
export { FileFacts, ItemDetails } from "../item-details.js";
export { LoginEnrolment } from "../login-enrolment.js";
export { MyLinks } from "../my-links.js";
export { Recent } from "../recent.js";
export { Starred } from "../starred.js";
export { Trash } from "../trash.js";

export type DialogOnDemand = Exclude<Dialog, { kind: "new-folder" | "public-upload" | "cancel-uploads" | "logout" }>;

export function OnDemandDialog({ dialog, onClose }: { dialog: DialogOnDemand; onClose: () => void }) {
  switch (dialog.kind) {
    case "link":
      return <LinkDialog file={dialog.file} onClose={onClose} />;
    case "folder-link":
      return <FolderLinkDialog path={dialog.path} onClose={onClose} />;
    case "share":
      return <ShareDialog file={dialog.file} onClose={onClose} />;
    case "share-folder":
      return <ShareFolderDialog folder={dialog.folder} onClose={onClose} />;
    case "leave-folder":
      return <LeaveFolderDialog folder={dialog.folder} onClose={onClose} />;
    case "shared-files":
      return <SharedFilesDialog files={dialog.files} onClose={onClose} />;
    case "transfer":
      return <TransferDialog item={dialog.item} onClose={onClose} />;
    case "move":
      return <MoveDialog items={dialog.items} onClose={onClose} />;
    case "delete-forever":
      return <DeleteForeverDialog items={dialog.items} onClose={onClose} />;
    case "account":
      return <AccountDialog onClose={onClose} />;
    case "audit":
      return <AuditDialog onClose={onClose} />;
    case "users":
      return <UsersDialog onClose={onClose} />;
    case "services":
      return <ServicesDialog onClose={onClose} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={onClose} />;
  }
}
