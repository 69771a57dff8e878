/** The browser's dialogs for files, which are opened from many places. */

/** @import { App } from "../actions/app.js" */
/** @import { Picked, PickedFile } from "../uploads/picked.js" */
import { text } from "../text/text.js";
import { readHandles, readInput } from "../uploads/picked.js";
import { html, useApp } from "./dom.js";

export function Pickers() {
  const app = useApp();
  const take = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    upload(app, readInput([...(input.files ?? [])]));
    input.value = "";
  };
  return html`<input id="pick-files" type="file" multiple hidden aria-label=${text.actions.uploadFiles} onChange=${take} />
    <input id="pick-folder" type="file" webkitdirectory hidden aria-label=${text.actions.uploadFolder} onChange=${take} />`;
}

/**
 * Opens such a dialog, and uploads what is picked.
 * @param {App} app
 * @param {"files" | "folder"} what
 */
export async function pick(app, what) {
  const handles = what === "files" ? await pickHandles(true) : null;
  if (handles?.length) upload(app, await readHandles(handles));
  else if (!handles) document.getElementById(`pick-${what}`)?.click();
}

/**
 * Has one file chosen. Where the browser remembers no files, the input hears which one it is.
 * @param {HTMLInputElement | null} input
 * @returns {Promise<PickedFile | null>}
 */
export async function chooseFile(input) {
  const handles = await pickHandles(false);
  if (!handles) input?.click();
  return (handles && (await readHandles(handles)).files[0]) ?? null;
}

/**
 * Files that the browser can remember, from a dialog of its own.
 * @param {boolean} multiple
 * @returns {Promise<FileSystemFileHandle[] | null>} empty when nothing was chosen; null when the browser has no such dialog, or
 *   none that offers as much as an input does
 */
async function pickHandles(multiple) {
  // On phones the input offers the camera and photos, too.
  if (!window.showOpenFilePicker || matchMedia("(pointer: coarse)").matches) return null;
  try {
    return await window.showOpenFilePicker({ multiple });
  } catch (error) {
    return error instanceof DOMException && error.name === "AbortError" ? [] : null;
  }
}

/**
 * @param {App} app
 * @param {Picked} picked
 */
function upload(app, picked) {
  void app.upload(picked, app.store.state.listing.path);
  app.store.set({ drawerOpen: false });
}
