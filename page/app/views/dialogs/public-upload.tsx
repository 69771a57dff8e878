/** Says what public files are, and has some chosen: for this time alone. */

import { text } from "../../text/text.js";
import { useApp } from "../dom.js";
import { pick } from "../pickers.js";
import { Dialog } from "./dialog.js";

export function PublicUploadDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const choose = (what: "files" | "folder") => () => {
    onClose();
    void pick(app, what, true);
  };
  return (
    <Dialog title={text.actions.uploadPublic} onClose={onClose}>
      <p class="lead">{text.publicUpload.lead}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={choose("folder")}>
          {text.publicUpload.folder}
        </button>
        <button type="button" class="button primary" onClick={choose("files")}>
          {text.publicUpload.files}
        </button>
      </div>
    </Dialog>
  );
}
