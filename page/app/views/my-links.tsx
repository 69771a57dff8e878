/** All links that one has made, to whatever files. */

import { text } from "../text/text.js";
import { LinkList } from "./dialogs/link-list.js";

export function MyLinks() {
  return (
    <>
      <div class="toolbar">
        <p class="summary">{text.link.mineLead}</p>
      </div>
      <div class="my-links" id="content" tabIndex={-1}>
        <LinkList fileId={null} />
      </div>
    </>
  );
}
