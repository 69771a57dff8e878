/** Files that are dragged in from outside: onto a folder, or anywhere else on the page. */

/** @import { App } from "../actions/app.js" */
import { readDrop } from "../uploads/picked.js";
import { useApp, useEffect, useState } from "./dom.js";

/**
 * Uploads what was dropped, with everything in folders.
 * @param {App} app
 * @param {DragEvent} event
 * @param {readonly string[]} path folder into which it goes
 */
export function uploadDrop(app, event, path) {
  if (!event.dataTransfer) return;
  readDrop(event.dataTransfer).then((picked) => app.upload(picked, path), (error) => app.toasts.error(error));
}

/**
 * Takes what is dropped beside the folders into the present one.
 * @returns {{ folder: string | null } | null} that files are being dragged over the page, and over which folder in it
 */
export function useFileDrop() {
  const app = useApp();
  const [drop, setDrop] = useState(/** @type {{ folder: string | null } | null} */ (null));
  useEffect(() => {
    // Entering a child comes before leaving its parent, so both are counted.
    let depth = 0;
    const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (/** @type {number} */ change) => {
      depth = Math.max(0, depth + change);
      if (depth === 0) setDrop(null);
    };
    const listeners = {
      dragenter: (/** @type {DragEvent} */ event) => holdsFiles(event) && enter(1),
      dragleave: (/** @type {DragEvent} */ event) => holdsFiles(event) && enter(-1),
      dragover: (/** @type {DragEvent} */ event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        const folder = folderUnder(event.target);
        setDrop((before) => (before && before.folder === folder ? before : { folder }));
      },
      drop: (/** @type {DragEvent} */ event) => {
        if (!holdsFiles(event)) return;
        enter(-depth);
        // A folder has taken it already.
        if (!event.defaultPrevented) uploadDrop(app, event, app.store.state.listing.path);
        event.preventDefault();
      },
    };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, /** @type {EventListener} */ (listener));
    return () => {
      for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, /** @type {EventListener} */ (listener));
    };
  }, [app]);
  return drop;
}

/** @param {EventTarget | null} target */
function folderUnder(target) {
  const folder = target instanceof Element ? target.closest("[data-drop-folder]") : null;
  return folder instanceof HTMLElement ? (folder.dataset["dropFolder"] ?? null) : null;
}
