/** A link that opens a file without an account. */

/** @import { FileItem } from "../../../types/state.js" */
import { text } from "../../text/text.js";
import { FormError } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { html, useApp, useState } from "../dom.js";
import { useLoading } from "../work.js";
import { Dialog } from "./dialog.js";

/** @param {{ file: FileItem, onClose: () => void }} properties */
export function LinkDialog({ file, onClose }) {
  const app = useApp();
  const [link, setLink] = useState("");
  const problem = useLoading(() => app.links.signed(file).then(setLink), [file]);
  return html`<${Dialog} title=${text.link.title} onClose=${onClose}>
    <p class="lead">${text.link.lead(file.name)}</p>
    <${CopyRow} label=${text.link.title} value=${link} />
    <${FormError} text=${problem} />
  <//>`;
}
