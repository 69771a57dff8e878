/** All links that one has made, to whatever files and folders. */

import { text } from "../text/text.js";
import { Blank, Spinner } from "./controls.js";
import { useApp } from "./dom.js";
import { useOnDemand } from "./on-demand.js";

export function MyLinks() {
  const app = useApp();
  const { part, isWaiting } = useOnDemand(
    () => import("./dialogs/on-demand-dialogs.js"),
    true,
    () => app.navigation.openFolder([]),
  );
  return (
    <>
      <div class="toolbar">
        <p class="summary">{text.link.mineLead}</p>
      </div>
      <div class="my-links" id="content" tabIndex={-1}>
        {part && <part.FolderLinkList path={null} />}
        {part && <part.LinkList fileId={null} />}
        {!part && !isWaiting && <Spinner label={text.app.loading} />}
        {isWaiting && <Blank icon="offline" title={text.errors.offline} />}
      </div>
    </>
  );
}
