/** Asks before a folder that somebody shares is left. */

import type { FolderItem } from "../../../types/state.js";
import { SHARED } from "../../state/spaces.js";
import { text } from "../../text/dialogs.js";
import { FormError } from "../controls.js";
import { useApp } from "../dom.js";
import { useWork } from "../work.js";
import { Dialog } from "./dialog.js";

export function LeaveFolderDialog({ folder, onClose }: { folder: FolderItem; onClose: () => void }) {
  const app = useApp();
  const { isBusy, error, run } = useWork();
  const leave = () =>
    run(async () => {
      await app.folderSharing.leave([...SHARED, folder.name]);
      app.toasts.show(text.folderSharing.left(folder.name), "good");
      onClose();
    });
  return (
    <Dialog title={text.actions.leave} onClose={onClose}>
      <p class="lead">{text.folderSharing.leaveSure(folder.name)}</p>
      <FormError text={error} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.cancel}
        </button>
        <button type="button" class="button danger" disabled={isBusy} onClick={leave}>
          {text.folderSharing.leave}
        </button>
      </div>
    </Dialog>
  );
}
