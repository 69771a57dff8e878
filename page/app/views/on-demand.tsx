/** Parts of the page that are loaded when they are needed. */

import { text } from "../text/text.js";
import { Blank, Spinner } from "./controls.js";
import { Dialog } from "./dialogs/dialog.js";
import { useApp, useEffect, useState } from "./dom.js";
import { useOnline } from "./work.js";

/**
 * Loads a part as soon as it is wanted, without a connection once that is back.
 * @param giveUp called, after a message, when it cannot be loaded although there is a connection
 * @returns the part, once it is here; `isWaiting`: for the connection
 */
export function useOnDemand<Part>(load: () => Promise<Part>, isWanted: boolean, giveUp: () => void) {
  const app = useApp();
  const isOnline = useOnline();
  const [part, setPart] = useState<Part | null>(null);
  useEffect(() => {
    if (!isWanted || part) return;
    load().then(setPart, () => {
      if (!app.connection.isOnline) return;
      app.toasts.show(text.app.notLoaded, "bad");
      giveUp();
    });
  }, [isWanted, isOnline]);
  return { part, isWaiting: isWanted && !part && !isOnline };
}

export const loadDialogs = () => import("./dialogs/on-demand-dialogs.js");

type Part = Awaited<ReturnType<typeof loadDialogs>>;

/** What comes with the dialogs, in place of the files; these are shown again when it cannot be loaded. */
export function ViewOnDemand({ name }: { name: "Found" | "MyLinks" | "Recent" | "Starred" | "Trash" }) {
  const app = useApp();
  const { part, isWaiting } = useOnDemand(loadDialogs, true, () => app.navigation.openFolder([]));
  const View = part?.[name];
  if (View) return <View />;
  return (
    <div class="my-links" id="content" tabIndex={-1}>
      {isWaiting ? <Blank icon="offline" title={text.errors.offline} /> : <Spinner label={text.app.loading} />}
    </div>
  );
}

/** What comes with the dialogs, for a view that goes without it until it is there. @param isWanted whether it is needed yet */
export function usePartOnDemand(isWanted: boolean): Part | null {
  return useOnDemand(loadDialogs, isWanted, neverMissed).part;
}

const neverMissed = () => {};

/** In place of a dialog that waits for the connection. */
export function WaitingDialog({ title, words, onClose }: { title: string; words: string; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="lead">{words}</p>
    </Dialog>
  );
}

/** Runs work when the browser has nothing else to do. @returns what prevents it */
export function whenIdle(work: () => void): () => void {
  // Safari has no such notion.
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(work, 1_000);
    return () => clearTimeout(timer);
  }
  const request = requestIdleCallback(work);
  return () => cancelIdleCallback(request);
}
