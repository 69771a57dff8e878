/** Chooses the folder into which files and folders are moved: for whoever does not drag. */

import type { Item } from "../../../types/state.js";
import { samePath } from "../../state/paths.js";
import { text } from "../../text/dialogs.js";
import { FormError } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { FolderPicker } from "./folder-picker.js";

export function MoveDialog({ items, onClose }: { items: readonly Item[]; onClose: () => void }) {
  const app = useApp();
  const source = app.store.state.listing.path;
  const [path, setPath] = useState(source);
  const moving = items.filter((item) => item.kind === "folder").map((item) => item.name);
  const { isBusy, error, run } = useWork();
  const move = () =>
    run(async () => {
      await app.organiser.move(items, path);
      onClose();
    });
  return (
    <Dialog title={text.move.title(items.length - moving.length, moving.length)} onClose={onClose}>
      <FolderPicker path={path} onChange={setPath} closed={samePath(path, source) ? moving : []} />
      <FormError text={error} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.cancel}
        </button>
        <button type="button" class="button primary" disabled={isBusy || samePath(path, source)} onClick={move}>
          {text.move.submit}
        </button>
      </div>
    </Dialog>
  );
}
