/** Files that are dragged in from outside: onto a folder, or anywhere else on the page. */

import type { App } from "../actions/app.js";
import { readDrop } from "../uploads/picked.js";
import { useApp, useEffect, useState } from "./dom.js";

/**
 * Uploads what was dropped, with everything in folders.
 * @param path folder into which it goes
 */
export function uploadDrop(app: App, event: DragEvent, path: readonly string[]) {
  if (!event.dataTransfer) return;
  readDrop(event.dataTransfer).then(
    (picked) => app.upload(picked, path),
    (error) => app.toasts.error(error),
  );
}

/**
 * Takes what is dropped beside the folders into the present one.
 * @returns that files are being dragged over the page, and over which folder in it
 */
export function useFileDrop(): { folder: string | null } | null {
  const app = useApp();
  const [drop, setDrop] = useState<{ folder: string | null } | null>(null);
  useEffect(() => {
    // Entering a child comes before leaving its parent, so both are counted.
    let depth = 0;
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (change: number) => {
      depth = Math.max(0, depth + change);
      if (depth === 0) setDrop(null);
    };
    const listeners = {
      dragenter: (event: DragEvent) => holdsFiles(event) && enter(1),
      dragleave: (event: DragEvent) => holdsFiles(event) && enter(-1),
      dragover: (event: DragEvent) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        const folder = folderUnder(event.target);
        setDrop((before) => (before && before.folder === folder ? before : { folder }));
      },
      drop: (event: DragEvent) => {
        if (!holdsFiles(event)) return;
        enter(-depth);
        // A folder has taken it already.
        if (!event.defaultPrevented) uploadDrop(app, event, app.store.state.listing.path);
        event.preventDefault();
      },
    };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener as EventListener);
    };
  }, [app]);
  return drop;
}

function folderUnder(target: EventTarget | null) {
  const folder = target instanceof Element ? target.closest("[data-drop-folder]") : null;
  return folder instanceof HTMLElement ? (folder.dataset["dropFolder"] ?? null) : null;
}
