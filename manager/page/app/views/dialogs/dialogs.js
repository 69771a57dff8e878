/** The dialog that is open, if one is. */

import { html, useApp, useCallback, useStore } from "../dom.js";
import { AccountDialog } from "./account.js";
import { AuditDialog } from "./audit.js";
import { LinkDialog } from "./link.js";
import { LogoutDialog } from "./logout.js";
import { MoveDialog } from "./move.js";
import { NewFolderDialog } from "./new-folder.js";
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
      return html`<${NewFolderDialog} onClose=${onClose} />`;
    case "link":
      return html`<${LinkDialog} file=${dialog.file} onClose=${onClose} />`;
    case "share":
      return html`<${ShareDialog} file=${dialog.file} onClose=${onClose} />`;
    case "transfer":
      return html`<${TransferDialog} file=${dialog.file} onClose=${onClose} />`;
    case "move":
      return html`<${MoveDialog} items=${dialog.items} onClose=${onClose} />`;
    case "account":
      return html`<${AccountDialog} onClose=${onClose} />`;
    case "audit":
      return html`<${AuditDialog} onClose=${onClose} />`;
    case "users":
      return html`<${UsersDialog} onClose=${onClose} />`;
    case "services":
      return html`<${ServicesDialog} onClose=${onClose} />`;
    case "logout":
      return html`<${LogoutDialog} onClose=${onClose} />`;
    case "shortcuts":
      return html`<${ShortcutsDialog} onClose=${onClose} />`;
  }
}
