/** How many uploads are under way. */

import type { UploadsView } from "../../types/state.js";

/** Files of which something is still to be done. */
export function unfinished({ counts }: UploadsView) {
  return counts.waiting + counts.requesting + counts.sending + counts.storing + counts.deciding + counts.paused;
}
