/** All links that one has made. */

import { text } from "../../text/text.js";

import { LinkList } from "./link-list.js";

export function AccountLinks() {
  return (
    <div class="account-section">
      <p class="muted">{text.link.mineLead}</p>
      <LinkList fileId={null} />
    </div>
  );
}
