/** Gives other users access to a file, or takes it away. */

/** @import { FileItem } from "../../../types/state.js" */
/** @import { UserHandle } from "../../../types/wire.js" */
import { text } from "../../text/text.js";
import { FormError } from "../controls.js";
import { html, useApp, useState } from "../dom.js";
import { useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { UserPicker } from "./user-picker.js";

/** @typedef {"read" | "write" | "nothing"} Access */

/** @param {{ file: FileItem, onClose: () => void }} properties */
export function ShareDialog({ file, onClose }) {
  const app = useApp();
  const [given, setGiven] = useState(/** @type {Record<number, Access>} */ ({}));
  const { isBusy, error, run } = useWork();
  const give = (/** @type {UserHandle} */ user, /** @type {Access} */ access) =>
    run(async () => {
      await app.organiser.share(file, user.id, access);
      setGiven((all) => ({ ...all, [user.id]: access }));
    });
  return html`<${Dialog} title=${text.share.title(file.name)} onClose=${onClose}>
    <p class="lead">${text.share.lead}</p>
    <${UserPicker} label=${text.share.with}>
      ${(/** @type {UserHandle} */ user) =>
        html`<div class="segmented words" role="group" aria-label=${text.share.accessOf(user.name)}>
          ${/** @type {Access[]} */ (["read", "write", "nothing"]).map(
            (access) => html`<button
              type="button"
              key=${access}
              disabled=${isBusy}
              aria-pressed=${given[user.id] === access ? "true" : "false"}
              onClick=${() => give(user, access)}
            >
              ${text.share.access[access]}
            </button>`,
          )}
        </div>`}
    <//>
    <${FormError} text=${error} />
    <div class="dialog-buttons"><button type="button" class="button primary" onClick=${onClose}>${text.app.done}</button></div>
  <//>`;
}
