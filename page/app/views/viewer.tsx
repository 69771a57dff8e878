/**
 * A file, shown as large as the window; the address says which, so that it can be bookmarked. What shows it is loaded when
 * the first file is opened.
 */

import type { ComponentChildren } from "preact";
import type { FileItem } from "../../types/state.js";
import { loadedFile } from "../state/listing.js";
import { text } from "../text/text.js";
import { useApp, useEffect, useRef, useStore } from "./dom.js";
import { useOnDemand, WaitingDialog } from "./on-demand.js";

/** @param properties `children`: what is above everything; inside the viewer while that is open, as nothing else can be used then */
export function Viewer({ children }: { children: ComponentChildren }) {
  const app = useApp();
  const file = useShownFile();
  const onClose = () => app.navigation.closeFile();
  const { part, isWaiting } = useOnDemand(loadViewer, file !== null, onClose);
  if (file && part) return <part.OpenFile file={file}>{children}</part.OpenFile>;
  return (
    <>
      {file && isWaiting && <WaitingDialog title={file.name} words={text.viewer.offline} onClose={onClose} />}
      {children}
    </>
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
