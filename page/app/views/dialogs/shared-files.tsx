/** Asks where to upload files that another app of the device has shared. */

import { readInput } from "../../uploads/picked.js";
import { text } from "../../text/dialogs.js";
import { useApp, useState } from "../dom.js";
import { Dialog } from "./dialog.js";
import { FolderPicker } from "./folder-picker.js";

const SHOWN_NAMES = 3;

export function SharedFilesDialog({ files, onClose }: { files: readonly File[]; onClose: () => void }) {
  const app = useApp();
  const [path, setPath] = useState(app.store.state.listing.path);
  const upload = () => {
    onClose();
    app.navigation.openFolder(path);
    void app.upload(readInput(files), path);
  };
  const names = files.slice(0, SHOWN_NAMES).map((file) => file.name);
  return (
    <Dialog title={text.sharedFiles.title(files.length)} onClose={onClose}>
      <p class="lead">{text.sharedFiles.lead(names.join(", "), files.length - names.length)}</p>
      <FolderPicker path={path} onChange={setPath} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.cancel}
        </button>
        <button type="button" class="button primary" onClick={upload}>
          {text.actions.upload}
        </button>
      </div>
    </Dialog>
  );
}
