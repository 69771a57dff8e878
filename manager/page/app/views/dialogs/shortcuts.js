/** What keys do. */

import { text } from "../../text/text.js";
import { html } from "../dom.js";
import { Dialog } from "./dialog.js";

/** @param {{ onClose: () => void }} properties */
export function ShortcutsDialog({ onClose }) {
  return html`<${Dialog} title=${text.shortcuts.title} onClose=${onClose}>
    <dl class="shortcuts">
      ${text.shortcuts.all.map(
        ([keys, meaning]) => html`<div key=${keys}>
          <dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt>
          <dd>${meaning}</dd>
        </div>`,
      )}
    </dl>
  <//>`;
}
