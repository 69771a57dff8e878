/** A file that is not shown, and why. If there is a view of it, that is shown. */

import type { FileItem } from "../../../types/state.js";
import { text } from "../../text/viewer.js";
import { Blank } from "../controls.js";
import { useApp } from "../dom.js";
import { Icon } from "../icon.js";
import { download } from "../item-actions.js";
import { useView } from "./use-view.js";

export function NotShown({ file, reason, icon }: { file: FileItem; reason: string; icon: string }) {
  const app = useApp();
  const view = useView(file, ["poster", "first-page", "cover"]);
  return (
    <div class="not-shown">
      {view && <img src={view} alt={text.viewer.viewOf(file.name)} />}
      <Blank icon={icon} title={file.name} text={reason}>
        {file.can !== "none" && (
          <button type="button" class="button primary" onClick={() => download(app, [file])}>
            <Icon name="download" />
            {text.actions.download}
          </button>
        )}
      </Blank>
    </div>
  );
}
