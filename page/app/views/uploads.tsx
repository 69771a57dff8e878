/** The uploads, and the question about a name that is taken: shown by a part that is loaded on demand. */

import { useStore } from "./dom.js";
import { useOnDemand } from "./on-demand.js";

const load = () => import("../uploads-part.js");
// Nothing can be shown before the part was loaded to upload it.
const neverFails = () => {};

export function UploadsPanel() {
  const isWanted = useStore(({ uploads, kept }) => uploads.count + uploads.finished.length + uploads.folders + kept.length > 0);
  const { part } = useOnDemand(load, isWanted, neverFails);
  return part && <part.QueuePanel />;
}

export function UploadQuestion() {
  const isWanted = useStore((state) => state.uploads.prompt !== null);
  const { part } = useOnDemand(load, isWanted, neverFails);
  return part && <part.OverwriteDialog />;
}
