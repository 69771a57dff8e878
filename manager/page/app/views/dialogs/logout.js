/** Asks before what is under way ends with the session. */

import { text } from "../../text/text.js";
import { html, useApp } from "../dom.js";
import { Dialog } from "./dialog.js";

/** @param {{ onClose: () => void }} properties */
export function LogoutDialog({ onClose }) {
  const app = useApp();
  return html`<${Dialog} title=${text.login.logout} onClose=${onClose}>
    ${app.uploads.isWorking && html`<p class="lead">${app.uploads.keepsSome ? text.login.uploadsGoOn : text.login.uploadsEnd}</p>`}
    ${app.deletions.isWaiting && html`<p class="lead">${text.login.deletionsEnd}</p>`}
    <div class="dialog-buttons">
      <button type="button" class="button" onClick=${onClose}>${text.app.cancel}</button>
      <button type="button" class="button primary" onClick=${() => void app.logout()}>${text.login.logout}</button>
    </div>
  <//>`;
}
