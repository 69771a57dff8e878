/** Links that open a file without an account: a new one, and those that there are. */

/** @import { FileItem } from "../../../types/state.js" */
/** @import { LinkOptions } from "../../../types/links.js" */
import { text } from "../../text/text.js";
import { Choice } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { html, useApp, useState } from "../dom.js";
import { Dialog } from "./dialog.js";
import { LinkList } from "./link-list.js";
import { LinkOptionsForm } from "./link-options.js";

const SECTIONS = [
  { value: false, label: text.link.new },
  { value: true, label: text.link.existing },
];

/** @param {{ file: FileItem, onClose: () => void }} properties */
export function LinkDialog({ file, onClose }) {
  const [isListed, setListed] = useState(false);
  return html`<${Dialog} title=${text.link.title} onClose=${onClose} wide>
    <div class="own-account">
      <p class="lead">${text.link.lead(file.name)}</p>
      <${Choice} label=${text.link.title} options=${SECTIONS} chosen=${isListed} isBusy=${false} onChoose=${setListed} />
      ${isListed ? html`<${LinkList} fileId=${file.id} />` : html`<${NewLink} file=${file} onClose=${onClose} />`}
    </div>
  <//>`;
}

/** @param {{ file: FileItem, onClose: () => void }} properties */
function NewLink({ file, onClose }) {
  const app = useApp();
  const [url, setUrl] = useState(/** @type {string | null} */ (null));
  const make = async (/** @type {LinkOptions} */ options) => setUrl((await app.ownLinks.make(file.id, options)).url);
  if (url === null) return html`<${LinkOptionsForm} submit=${text.link.make} onDone=${make} onCancel=${onClose} />`;
  return html`<section class="account-section">
    <p>${text.link.made}</p>
    <${CopyRow} label=${text.link.title} value=${url} />
    <div class="dialog-buttons"><button type="button" class="button" onClick=${onClose}>${text.app.done}</button></div>
  </section>`;
}
