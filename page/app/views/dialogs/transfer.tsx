/** Gives a file, or a folder, to another owner. */

import type { Item } from "../../../types/state.js";
import type { UserHandle } from "../../../types/wire.js";
import { text } from "../../text/dialogs.js";
import { Check, FormError } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { UserPicker } from "./user-picker.js";

export function TransferDialog({ item, onClose }: { item: Item; onClose: () => void }) {
  const app = useApp();
  const [path] = useState(() => [...app.store.state.listing.path, item.name]);
  const [owner, setOwner] = useState<UserHandle | null>(null);
  const [keeps, setKeeps] = useState(true);
  const { isBusy, error, run } = useWork();
  const transfer = () =>
    run(async () => {
      if (!owner) return;
      if (item.kind === "file") await app.organiser.transfer(item, owner.id, keeps);
      else await app.folderSharing.giveTo(path, owner.name);
      app.toasts.show(text.transfer.done(item.name, owner.name), "good");
      onClose();
    });
  return (
    <Dialog title={text.transfer.title(item.name)} onClose={onClose}>
      <p class="lead">{item.kind === "file" ? text.transfer.lead : text.transfer.folderLead}</p>
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
      {item.kind === "file" && <Check label={text.transfer.keep} checked={keeps} onChange={setKeeps} />}
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
