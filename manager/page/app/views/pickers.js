/** The browser's dialogs for files, which are opened from many places. */

import { text } from "../text/text.js";
import { readInput } from "../uploads/picked.js";
import { html, useApp } from "./dom.js";

export function Pickers() {
  const app = useApp();
  const take = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    void app.upload(readInput([...(input.files ?? [])]), app.store.state.listing.path);
    input.value = "";
    app.store.set({ drawerOpen: false });
  };
  return html`<input id="pick-files" type="file" multiple hidden aria-label=${text.actions.uploadFiles} onChange=${take} />
    <input id="pick-folder" type="file" webkitdirectory hidden aria-label=${text.actions.uploadFolder} onChange=${take} />`;
}

/**
 * Opens such a dialog.
 * @param {"files" | "folder"} what
 */
export function pick(what) {
  document.getElementById(`pick-${what}`)?.click();
}
