/** The browser's dialogs for files, which are opened from many places. */

import type { App } from "../actions/app.js";
import type { Picked, PickedFile } from "../uploads/picked.js";
import { text } from "../text/text.js";
import { readHandles, readInput } from "../uploads/picked.js";
import { useApp } from "./dom.js";

/** In all browsers, though not in the types of Preact. */
const PICKS_FOLDER = { webkitdirectory: true };

export function Pickers() {
  const app = useApp();
  const take = (event: Event) => {
    const input = event.target as HTMLInputElement;
    upload(app, readInput([...(input.files ?? [])]), input.dataset["access"] === "public");
    input.value = "";
    delete input.dataset["access"];
  };
  return (
    <>
      <input id="pick-files" type="file" multiple hidden aria-label={text.actions.uploadFiles} onChange={take} />
      <input id="pick-folder" type="file" {...PICKS_FOLDER} hidden aria-label={text.actions.uploadFolder} onChange={take} />
    </>
  );
}

/**
 * Opens such a dialog, and uploads what is picked.
 * @param isPublic whether everyone may use the files; each time anew
 */
export async function pick(app: App, what: "files" | "folder", isPublic: boolean = false) {
  const handles = what === "files" ? await pickHandles(true) : null;
  if (handles?.length) return upload(app, await readHandles(handles), isPublic);
  const input = document.getElementById(`pick-${what}`);
  if (handles || !input) return;
  if (isPublic) input.dataset["access"] = "public";
  else delete input.dataset["access"];
  input.click();
}

/** Has one file chosen. Where the browser remembers no files, the input hears which one it is. */
export async function chooseFile(input: HTMLInputElement | null): Promise<PickedFile | null> {
  const handles = await pickHandles(false);
  if (!handles) input?.click();
  return (handles && (await readHandles(handles)).files[0]) ?? null;
}

/**
 * Files that the browser can remember, from a dialog of its own.
 * @returns empty when nothing was chosen; null when the browser has no such dialog, or
 *   none that offers as much as an input does
 */
async function pickHandles(multiple: boolean): Promise<FileSystemFileHandle[] | null> {
  // On phones the input offers the camera and photos, too.
  if (!window.showOpenFilePicker || matchMedia("(pointer: coarse)").matches) return null;
  try {
    return await window.showOpenFilePicker({ multiple });
  } catch (error) {
    return error instanceof DOMException && error.name === "AbortError" ? [] : null;
  }
}

function upload(app: App, picked: Picked, isPublic: boolean) {
  void app.upload(picked, app.store.state.listing.path, isPublic);
  app.store.set({ drawerOpen: false });
}
