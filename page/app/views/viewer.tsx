/**
 * A file, shown as large as the window; the address says which, so that it can be bookmarked. What shows it is loaded when
 * the first file is opened.
 */

import type { ComponentChildren } from "preact";
import type { FileItem } from "../../types/state.js";
import { loadedFile } from "../state/listing.js";
import { text } from "../text/text.js";
import { Dialog } from "./dialogs/dialog.js";
import { useApp, useEffect, useRef, useState, useStore } from "./dom.js";
import { useOnline } from "./work.js";

/** @param properties `children`: what is above everything; inside the viewer while that is open, as nothing else can be used then */
export function Viewer({ children }: { children: ComponentChildren }) {
  const file = useShownFile();
  const { OpenFile, isWaiting } = useOpenFile(file !== null);
  if (file && OpenFile) return <OpenFile file={file}>{children}</OpenFile>;
  return (
    <>
      {file && isWaiting && <Waiting name={file.name} />}
      {children}
    </>
  );
}

/** Without a connection what shows files cannot be loaded. */
function Waiting({ name }: { name: string }) {
  const app = useApp();
  return (
    <Dialog title={name} onClose={() => app.navigation.closeFile()}>
      <p class="lead">{text.viewer.offline}</p>
    </Dialog>
  );
}

/** The file that the address says is open, once it is here. */
function useShownFile(): FileItem | null {
  const app = useApp();
  const name = useStore((state) => state.route.open);
  const listing = useStore((state) => state.listing);
  /** The file that was shown last: it stays while its page is loaded anew. */
  const shown = useRef<{ path: readonly string[]; file: FileItem } | null>(null);
  const found = loadedFile(listing, name);
  if (found) shown.current = { path: listing.path, file: found };
  const isMissing = name !== null && !found && listing.status === "ready";
  useEffect(() => {
    if (isMissing) void app.finder.bringFile(name);
  }, [isMissing, name, listing]);
  if (name === null || shown.current?.path !== listing.path || shown.current.file.name !== name) return null;
  return shown.current.file;
}

/** What shows files, once it is needed and here; `isWaiting`: for the connection. */
function useOpenFile(isWanted: boolean) {
  const app = useApp();
  const isOnline = useOnline();
  const [loaded, setLoaded] = useState<typeof import("./viewer/open-file.js") | null>(null);
  useEffect(() => {
    if (!isWanted || loaded) return;
    loadViewer().then(setLoaded, () => {
      // Once the connection is back, it is tried again.
      if (!app.connection.isOnline) return;
      app.toasts.show(text.viewer.notLoaded, "bad");
      app.navigation.closeFile();
    });
  }, [isWanted, isOnline]);
  return { OpenFile: loaded?.OpenFile, isWaiting: !loaded && !isOnline };
}

async function loadViewer() {
  const [viewer] = await Promise.all([import("./viewer/open-file.js"), loadStyles("viewer.css")]);
  return viewer;
}

/** Rejects when it cannot be loaded; then it is tried again the next time. */
function loadStyles(name: string): Promise<void> {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(`./${name}`, import.meta.url).pathname;
  return new Promise((resolve, reject) => {
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => {
      link.remove();
      reject(new Error(`${name} cannot be loaded`));
    });
    document.head.append(link);
  });
}
