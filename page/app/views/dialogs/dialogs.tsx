/** The dialog that is open, if one is. */

import { useApp, useCallback, useStore } from "../dom.js";
import { AccountDialog } from "./account.js";
import { AuditDialog } from "./audit.js";
import { CancelUploadsDialog } from "./cancel-uploads.js";
import { LinkDialog } from "./link.js";
import { LogoutDialog } from "./logout.js";
import { MoveDialog } from "./move.js";
import { NewFolderDialog } from "./new-folder.js";
import { PublicUploadDialog } from "./public-upload.js";
import { ServicesDialog } from "./services.js";
import { ShareDialog } from "./share.js";
import { ShortcutsDialog } from "./shortcuts.js";
import { TransferDialog } from "./transfer.js";
import { UsersDialog } from "./users.js";

export function Dialogs() {
  const app = useApp();
  const dialog = useStore((state) => state.dialog);
  const onClose = useCallback(() => app.store.set({ dialog: null }), [app]);
  if (!dialog) return null;
  switch (dialog.kind) {
    case "new-folder":
      return <NewFolderDialog onClose={onClose} />;
    case "public-upload":
      return <PublicUploadDialog onClose={onClose} />;
    case "cancel-uploads":
      return <CancelUploadsDialog onClose={onClose} />;
    case "link":
      return <LinkDialog file={dialog.file} onClose={onClose} />;
    case "share":
      return <ShareDialog file={dialog.file} onClose={onClose} />;
    case "transfer":
      return <TransferDialog file={dialog.file} onClose={onClose} />;
    case "move":
      return <MoveDialog items={dialog.items} onClose={onClose} />;
    case "account":
      return <AccountDialog onClose={onClose} />;
    case "audit":
      return <AuditDialog onClose={onClose} />;
    case "users":
      return <UsersDialog onClose={onClose} />;
    case "services":
      return <ServicesDialog onClose={onClose} />;
    case "logout":
      return <LogoutDialog onClose={onClose} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={onClose} />;
  }
}
