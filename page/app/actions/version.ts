/** The version of the page that runs, beside that of the manager, and what is kept of it. */

const BASE = new URL(".", import.meta.url).pathname;

/** Whether the manager has another version of the page by now. Rejects without a connection. */
export async function isOutdated(): Promise<boolean> {
  const page = await fetch("/", { cache: "no-cache" });
  return page.ok && !(await page.text()).includes(BASE);
}

/**
 * Has the browser keep the page, so that it opens without a network. Browsers do that where a page comes by HTTPS, or from this
 * machine, and not in private windows.
 */
export async function keepPage() {
  await navigator.serviceWorker?.register("/page/service-worker.js", { scope: "/" }).catch(() => {});
}
