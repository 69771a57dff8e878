/** What somebody who is logged in works with. */

import { showsFolder } from "../state/route.js";
import { text } from "../text/text.js";
import { Banner } from "./banner.js";
import { ContextMenu } from "./context-menu.js";
import { Details, DetailsSheet } from "./details.js";
import { Dialogs } from "./dialogs/dialogs.js";
import { NARROW, ROOM_FOR_DETAILS, useApp, useMedia, useStore } from "./dom.js";
import { useFileDrop } from "./file-drop.js";
import { Icon } from "./icon.js";
import { Listing } from "./listing.js";
import { NewVersion } from "./new-version.js";
import { ViewOnDemand } from "./on-demand.js";
import { Pickers } from "./pickers.js";
import { Sheet } from "./sheet.js";
import { Sidebar } from "./sidebar.js";
import { Toasts } from "./toasts.js";
import { Toolbar } from "./toolbar.js";
import { TopBar } from "./top-bar.js";
import { UploadQuestion, UploadsPanel } from "./uploads.js";
import { Viewer } from "./viewer.js";

export function Workspace() {
  const drop = useFileDrop();
  const isNarrow = useMedia(NARROW);
  const hasRoom = useMedia(ROOM_FOR_DETAILS);
  const isFolder = useStore((state) => showsFolder(state.route));
  const showsDetails = useStore((state) => state.preferences.details);
  return (
    <div class="workspace">
      <a class="skip" href="#content" onClick={focusContent}>
        {text.app.skip}
      </a>
      {isNarrow ? <Drawer /> : <Sidebar />}
      <Pickers />
      <main class="main">
        <TopBar />
        <div class="panels">
          <section class="panel files" aria-label={text.listing.label}>
            <Contents />
            <Announcement />
          </section>
          <div class="side">
            {showsDetails && isFolder && (hasRoom ? <Details /> : <DetailsSheet />)}
            <UploadsPanel />
          </div>
        </div>
        <ContextMenu />
      </main>
      <Viewer>
        <div class="messages">
          <Banner />
          <NewVersion />
          <Toasts />
        </div>
      </Viewer>
      <Dialogs />
      <UploadQuestion />
      {drop && <DropOverlay folder={drop.folder} />}
    </div>
  );
}

const PLACES = { recent: "Recent", starred: "Starred", links: "MyLinks", trash: "Trash" } as const;

/** The folder that is open, or what the address says instead. */
function Contents() {
  const place = useStore((state) => state.route.place);
  const isSearch = useStore((state) => state.route.query !== null);
  const name = isSearch ? "Found" : place && PLACES[place];
  if (name) return <ViewOnDemand name={name} />;
  return (
    <>
      <Toolbar />
      <Listing />
    </>
  );
}

/** Read aloud, and not seen. */
function Announcement() {
  const words = useStore((state) => state.announcement);
  return (
    <p class="hidden" role="status">
      {words}
    </p>
  );
}

/** The sidebar, where there is no room for it beside the files. */
function Drawer() {
  const app = useApp();
  const isOpen = useStore((state) => state.drawerOpen);
  const close = () => app.store.set({ drawerOpen: false });
  if (!isOpen) return null;
  return (
    <Sheet class="drawer" label={text.sidebar.label} onClose={close}>
      <Sidebar />
    </Sheet>
  );
}

/**
 * Says where files will go; the folders stay in sight below it.
 * @param properties null: the present one
 */
function DropOverlay({ folder }: { folder: string | null }) {
  const present = useStore((state) => state.listing.path.at(-1) ?? text.app.root);
  const isMissing = useStore((state) => state.listing.status === "missing") && folder === null;
  return (
    <div class={`drop-overlay ${folder === null ? "whole" : ""}`}>
      <div>
        <Icon name={isMissing ? "folder-missing" : "upload"} />
        <strong>{isMissing ? text.listing.missing : text.uploads.drop(folder ?? present)}</strong>
      </div>
    </div>
  );
}

function focusContent(event: Event) {
  // The fragment holds the folder, so it cannot name an element.
  event.preventDefault();
  document.getElementById("content")?.focus();
}
