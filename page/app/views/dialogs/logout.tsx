/** Asks before what is under way ends with the session. */

import { text } from "../../text/text.js";
import { useApp } from "../dom.js";
import { Dialog } from "./dialog.js";

export function LogoutDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const uploads = app.uploadsOnDemand.loaded;
  return (
    <Dialog title={text.login.logout} onClose={onClose}>
      {uploads?.isWorking && <p class="lead">{uploads.keepsSome ? text.login.uploadsGoOn : text.login.uploadsEnd}</p>}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.cancel}
        </button>
        <button type="button" class="button primary" onClick={() => void app.logout()}>
          {text.login.logout}
        </button>
      </div>
    </Dialog>
  );
}
