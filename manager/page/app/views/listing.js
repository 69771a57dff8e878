/** The files and folders of the present folder, and everything that keys do there. */

import { rowCount } from "../state/listing.js";
import { text } from "../text/text.js";
import { Blank } from "./controls.js";
import { html, useApp, useMedia, useRef, useStore } from "./dom.js";
import { gridHandlers, useKeysOfPage } from "./grid.js";
import { Icon } from "./icon.js";
import { pick } from "./pickers.js";
import { Table } from "./table.js";
import { Tiles } from "./tiles.js";

export function Listing() {
  const view = useStore((state) => state.route.view);
  const status = useStore((state) => state.listing.status);
  const isOffline = useStore((state) => state.link.phase === "offline");
  const isEmpty = useStore((state) => rowCount(state.listing, state.hidden) === 0);
  if (status === "loading") return isOffline ? html`<${Offline} />` : html`<${Loading} view=${view} />`;
  if (status === "failed") return html`<${Failed} />`;
  if (status === "missing") return html`<${Missing} />`;
  if (isEmpty) return html`<${Empty} />`;
  return view === "grid" ? html`<${Tiles} />` : html`<${Table} />`;
}

/** @param {{ view: string }} properties */
function Loading({ view }) {
  return html`<div class="skeletons ${view}" role="status" aria-label=${text.app.loading}>
    ${Array.from({ length: view === "grid" ? 12 : 10 }, (_, index) => html`<div class="skeleton" key=${index}></div>`)}
  </div>`;
}

function Offline() {
  return html`<${Blank} icon="offline" title=${text.listing.offline} text=${text.listing.offlineText} />`;
}

function Failed() {
  const app = useApp();
  const reason = useStore((state) => state.listing.reason);
  return html`<${Blank} icon="alert" title=${text.listing.failed} text=${reason}>
    <button type="button" class="button" onClick=${() => app.browser.reload()}>${text.app.tryAgain}</button>
  <//>`;
}

function Missing() {
  const app = useApp();
  return html`<${Blank} icon="folder-missing" title=${text.listing.missing} text=${text.listing.missingText}>
    <button type="button" class="button" onClick=${() => app.navigation.openFolder([])}>${text.listing.toRoot}</button>
  <//>`;
}

function Empty() {
  const app = useApp();
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  useKeysOfPage(app, root, 1);
  // A finger drags nothing in from outside.
  const isTouch = useMedia("(pointer: coarse)");
  return html`<div ref=${root} class="empty" id="content" tabindex="-1" ...${gridHandlers(app, 1)}>
    <${Blank} icon="upload" title=${text.listing.empty} text=${isTouch ? text.listing.emptyTouchText : text.listing.emptyText}>
      <button type="button" class="button primary" onClick=${() => void pick(app, "files")}><${Icon} name="upload" />${text.actions.uploadFiles}</button>
      <button type="button" class="button" onClick=${() => void pick(app, "folder")}><${Icon} name="folder-up" />${text.actions.uploadFolder}</button>
    <//>
  </div>`;
}
