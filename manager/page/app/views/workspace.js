/** What somebody who is logged in works with. */

import { text } from "../text/text.js";
import { Banner } from "./banner.js";
import { ContextMenu } from "./context-menu.js";
import { Details } from "./details.js";
import { Dialogs } from "./dialogs/dialogs.js";
import { OverwriteDialog } from "./dialogs/overwrite.js";
import { html, useApp, useStore } from "./dom.js";
import { useFileDrop } from "./file-drop.js";
import { Icon } from "./icon.js";
import { Listing } from "./listing.js";
import { QueuePanel } from "./queue-panel.js";
import { Sidebar } from "./sidebar.js";
import { Toasts } from "./toasts.js";
import { Toolbar } from "./toolbar.js";
import { TopBar } from "./top-bar.js";
import { Viewer } from "./viewer.js";

export function Workspace() {
  const app = useApp();
  const isDropping = useFileDrop();
  const isDrawerOpen = useStore((state) => state.drawerOpen);
  const showsDetails = useStore((state) => state.preferences.details);
  return html`<div class="workspace ${isDrawerOpen ? "drawer-open" : ""}">
    <a class="skip" href="#content" onClick=${focusContent}>${text.app.skip}</a>
    <${Sidebar} />
    <div class="scrim" onClick=${() => app.store.set({ drawerOpen: false })}></div>
    <main class="main">
      <${TopBar} />
      <div class="panels">
        <section class="panel files" aria-label=${text.listing.label}>
          <${Toolbar} />
          <${Listing} />
        </section>
        ${showsDetails && html`<${Details} />`}
      </div>
    </main>
    <${QueuePanel} />
    <${Banner} />
    <${Toasts} />
    <${ContextMenu} />
    <${Viewer} />
    <${Dialogs} />
    <${OverwriteDialog} />
    ${isDropping && html`<${DropOverlay} />`}
  </div>`;
}

function DropOverlay() {
  const folder = useStore((state) => state.listing.path.at(-1) ?? text.app.root);
  return html`<div class="drop-overlay">
    <div><${Icon} name="upload" /><strong>${text.uploads.drop(folder)}</strong></div>
  </div>`;
}

/** @param {Event} event */
function focusContent(event) {
  // The fragment holds the folder, so it cannot name an element.
  event.preventDefault();
  document.getElementById("content")?.focus();
}
