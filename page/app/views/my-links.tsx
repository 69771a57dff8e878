/** All links that one has made, to whatever files and folders. */

import { text } from "../text/dialogs.js";
import { FolderLinkList, LinkList } from "./dialogs/link-list.js";

export function MyLinks() {
  return (
    <>
      <div class="toolbar">
        <p class="summary">{text.link.mineLead}</p>
      </div>
      <div class="my-links" id="content" tabIndex={-1}>
        <FolderLinkList path={null} />
        <LinkList fileId={null} />
      </div>
    </>
  );
}
