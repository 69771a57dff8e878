/** Asks before all uploads are cancelled. */

import { unfinished } from "../../state/unfinished.js";
import { text } from "../../text/text.js";
import { useApp, useEffect, useStore } from "../dom.js";
import { Dialog } from "./dialog.js";

export function CancelUploadsDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const uploads = useStore((state) => state.uploads);
  const files = unfinished(uploads);
  const isOver = files + uploads.folders === 0;
  useEffect(() => {
    if (isOver) onClose();
  }, [isOver]);
  const cancel = (event: MouseEvent) => {
    // The second half of a double click on the button that has opened this.
    if (event.detail > 1) return;
    app.uploads.cancelAll();
    onClose();
  };
  return (
    <Dialog title={text.uploads.cancelTitle} onClose={onClose}>
      <p class="lead">{text.uploads.cancelLead(files, uploads.folders)}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.uploads.goOn}
        </button>
        <button type="button" class="button danger" onClick={cancel}>
          {text.uploads.cancelThem}
        </button>
      </div>
    </Dialog>
  );
}
