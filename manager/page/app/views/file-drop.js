/** Files that are dragged in from outside, anywhere on the page. */

import { readDrop } from "../uploads/picked.js";
import { useApp, useEffect, useState } from "./dom.js";

/** @returns {boolean} whether files are being dragged over the page */
export function useFileDrop() {
  const app = useApp();
  const [isDropping, setDropping] = useState(false);
  useEffect(() => {
    // Entering a child comes before leaving its parent, so both are counted.
    let depth = 0;
    const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
    const show = (/** @type {number} */ change) => {
      depth = Math.max(0, depth + change);
      setDropping(depth > 0);
    };
    const listeners = {
      dragenter: (/** @type {DragEvent} */ event) => holdsFiles(event) && show(1),
      dragleave: (/** @type {DragEvent} */ event) => holdsFiles(event) && show(-1),
      dragover: (/** @type {DragEvent} */ event) => holdsFiles(event) && event.preventDefault(),
      drop: (/** @type {DragEvent} */ event) => {
        if (!holdsFiles(event) || !event.dataTransfer) return;
        event.preventDefault();
        show(-depth);
        const { path } = app.store.state.listing;
        readDrop(event.dataTransfer).then((picked) => app.upload(picked, path), (error) => app.toasts.error(error));
      },
    };
    for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, /** @type {EventListener} */ (listener));
    return () => {
      for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, /** @type {EventListener} */ (listener));
    };
  }, [app]);
  return isDropping;
}
