/** The files and folders of the present folder, and everything that keys do there. */

import { rowCount } from "../state/listing.js";
import { isShared } from "../state/spaces.js";
import { text } from "../text/text.js";
import { Blank } from "./controls.js";
import { useApp, useMedia, useRef, useStore } from "./dom.js";
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
  if (status === "loading") return isOffline ? <Offline /> : <Loading view={view} />;
  if (status === "failed") return <Failed />;
  if (status === "missing") return <Missing />;
  if (isEmpty) return <Empty />;
  return view === "grid" ? <Tiles /> : <Table />;
}

function Loading({ view }: { view: string }) {
  return (
    <div class={`skeletons ${view}`} role="status" aria-label={text.app.loading}>
      {Array.from({ length: view === "grid" ? 12 : 10 }, (_, index) => (
        <div class="skeleton" key={index}></div>
      ))}
    </div>
  );
}

function Offline() {
  return <Blank icon="offline" title={text.listing.offline} text={text.listing.offlineText} />;
}

function Failed() {
  const app = useApp();
  const reason = useStore((state) => state.listing.reason);
  return (
    <Blank icon="alert" title={text.listing.failed} text={reason}>
      <button type="button" class="button" onClick={() => app.browser.reload()}>
        {text.app.tryAgain}
      </button>
    </Blank>
  );
}

function Missing() {
  const app = useApp();
  return (
    <Blank icon="folder-missing" title={text.listing.missing} text={text.listing.missingText}>
      <button type="button" class="button" onClick={() => app.navigation.openFolder([])}>
        {text.listing.toRoot}
      </button>
    </Blank>
  );
}

function Empty() {
  const app = useApp();
  const isOfShared = useStore(({ features, listing }) => features.hasSpaces && isShared(listing.path));
  const root = useRef<HTMLDivElement | null>(null);
  useKeysOfPage(app, root, 1);
  return (
    <div ref={root} class="empty" id="content" tabIndex={-1} {...gridHandlers(app, 1)}>
      {isOfShared ? <NothingShared /> : <EmptyFolder />}
    </div>
  );
}

function NothingShared() {
  return <Blank icon="users" title={text.folderSharing.none} text={text.folderSharing.noneText} />;
}

function EmptyFolder() {
  const app = useApp();
  // A finger drags nothing in from outside.
  const isTouch = useMedia("(pointer: coarse)");
  return (
    <Blank icon="upload" title={text.listing.empty} text={isTouch ? text.listing.emptyTouchText : text.listing.emptyText}>
      <button type="button" class="button primary" onClick={() => void pick(app, "files")}>
        <Icon name="upload" />
        {text.actions.uploadFiles}
      </button>
      <button type="button" class="button" onClick={() => void pick(app, "folder")}>
        <Icon name="folder-up" />
        {text.actions.uploadFolder}
      </button>
    </Blank>
  );
}
