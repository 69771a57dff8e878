/** Asks before something is deleted, where the manager has no trash. */

import type { Item } from "../../../types/state.js";
import { text } from "../../text/text.js";
import { useApp } from "../dom.js";
import { Dialog } from "./dialog.js";

export function DeleteForeverDialog({ items, onClose }: { items: readonly Item[]; onClose: () => void }) {
  const app = useApp();
  const remove = () => {
    onClose();
    app.deletions.deleteForever(items);
  };
  return (
    <Dialog title={text.deletion.foreverTitle} onClose={onClose}>
      <p class="lead">{text.deletion.foreverSure(items.length, items[0]?.name ?? "")}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.cancel}
        </button>
        <button type="button" class="button danger" onClick={remove}>
          {text.deletion.foreverTitle}
        </button>
      </div>
    </Dialog>
  );
}
