/** Files that another app of the device has shared with this one: the service worker receives them, and the page takes them. */

/** Where the browser sends them; the manifest says so. */
export const SHARE_TARGET = "/page/shared-files";
/** In the address of the page that is to take them. */
export const SHARED = "shared";

export type SharedFilesRequest = { do: "take-shared-files" };

/** How long the service worker may take. */
const PATIENCE_MS = 5_000;

/**
 * Takes the files, and the word of them out of the address.
 * @returns null when nothing was shared; no files when they are lost
 */
export async function takeSharedFiles(): Promise<readonly File[] | null> {
  const address = new URL(location.href);
  if (!address.searchParams.has(SHARED)) return null;
  address.searchParams.delete(SHARED);
  history.replaceState(history.state, "", address.href);
  const worker = navigator.serviceWorker?.controller;
  if (!worker) return [];
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<readonly File[]>) => resolve(data);
    worker.postMessage({ do: "take-shared-files" } satisfies SharedFilesRequest, [port2]);
    setTimeout(() => resolve([]), PATIENCE_MS);
  });
}
