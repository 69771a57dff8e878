/** Gives a file to another owner. */

import type { FileItem } from "../../../types/state.js";
import type { UserHandle } from "../../../types/wire.js";
import { text } from "../../text/text.js";
import { Check, FormError } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { UserPicker } from "./user-picker.js";

export function TransferDialog({ file, onClose }: { file: FileItem; onClose: () => void }) {
  const app = useApp();
  const [owner, setOwner] = useState<UserHandle | null>(null);
  const [keeps, setKeeps] = useState(true);
  const { isBusy, error, run } = useWork();
  const transfer = () =>
    run(async () => {
      if (!owner) return;
      await app.organiser.transfer(file, owner.id, keeps);
      app.toasts.show(text.transfer.done(file.name, owner.name), "good");
      onClose();
    });
  return (
    <Dialog title={text.transfer.title(file.name)} onClose={onClose}>
      <p class="lead">{text.transfer.lead}</p>
      <UserPicker label={text.transfer.to}>
        {(user: UserHandle) => (
          <button
            type="button"
            class="button small"
            aria-pressed={owner?.id === user.id ? "true" : "false"}
            onClick={() => setOwner(user)}
          >
            {owner?.id === user.id ? text.transfer.chosen : text.transfer.choose}
          </button>
        )}
      </UserPicker>
      <Check label={text.transfer.keep} checked={keeps} onChange={setKeeps} />
      <FormError text={error} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.cancel}
        </button>
        <button type="button" class="button primary" disabled={!owner || isBusy} onClick={transfer}>
          {owner ? text.transfer.submitTo(owner.name) : text.transfer.submit}
        </button>
      </div>
    </Dialog>
  );
}
