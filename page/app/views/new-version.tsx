/** Tells that there is a newer version of the page. It never reloads by itself, and does not offer it while uploads run. */

import { unfinished } from "../state/unfinished.js";
import { text } from "../text/text.js";
import { useStore } from "./dom.js";
import { Icon } from "./icon.js";

export function NewVersion() {
  const isOutdated = useStore((state) => state.isOutdated);
  const isUploading = useStore((state) => unfinished(state.uploads) + state.uploads.folders > 0);
  return (
    <div role="status">
      {isOutdated && (
        <div class="toast banner">
          <Icon name="info" />
          <span class="toast-text">
            {text.version.ready} {isUploading && <span class="muted">{text.version.afterUploads}</span>}
          </span>
          {!isUploading && (
            <button type="button" class="button small" onClick={() => location.reload()}>
              {text.version.reload}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
