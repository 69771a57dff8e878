/** All links that one has made, to whatever files and folders. */

import { text } from "../text/text.js";
import { ViewOnDemand } from "./on-demand.js";

export function MyLinks() {
  return (
    <ViewOnDemand>
      {({ FolderLinkList, LinkList }) => (
        <>
          <div class="toolbar">
            <p class="summary">{text.link.mineLead}</p>
          </div>
          <div class="my-links" id="content" tabIndex={-1}>
            <FolderLinkList path={null} />
            <LinkList fileId={null} />
          </div>
        </>
      )}
    </ViewOnDemand>
  );
}
