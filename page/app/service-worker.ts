/**
 * Opens the page without a network, and receives files that other apps of the device share with it. It keeps the files that
 * the page is made of, which are the same for everybody, and nothing else: what the manager answers goes past it.
 */

import { SHARED, SHARE_TARGET, type SharedFilesRequest } from "./actions/shared-files.js";

/** Where the files of this version are; the manager fills it in. */
const BASE = "{{base}}";
/** What is kept of them; the bundler fills it in. */
declare const KEPT_FILES: readonly string[];
const INDEX = "/";
const CACHE_PREFIX = "discord-cloud page ";
const CACHE = `${CACHE_PREFIX}${BASE}`;
/** Tabs that were opened before an update go on with the files of their version. */
const KEPT_VERSIONS = 2;
/** How long the manager may take for the page before that of the last visit is shown. */
const PATIENCE_MS = 4_000;
/** How long shared files wait for the page to take them. */
const HOLD_MS = 60_000;
const VERSIONED = /^\/page\/[0-9a-f]{16}\/[^/]+$/;

/** TypeScript's library for service workers excludes the one for pages. */
interface LifeEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface RequestEvent extends LifeEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
declare const skipWaiting: () => Promise<void>;
declare const clients: { claim(): Promise<void> };

let sharedFiles: readonly File[] = [];

self.addEventListener("install", (event) => (event as LifeEvent).waitUntil(keepPage().then(skipWaiting)));
self.addEventListener("activate", (event) => (event as LifeEvent).waitUntil(forgetOldVersions().then(() => clients.claim())));
self.addEventListener("fetch", (event) => answer(event as RequestEvent));
self.addEventListener("message", ({ data, ports: [port] }: MessageEvent<SharedFilesRequest>) => {
  if (data?.do !== "take-shared-files") return;
  port?.postMessage(sharedFiles);
  sharedFiles = [];
});

async function keepPage() {
  await caches.delete(CACHE);
  const cache = await caches.open(CACHE);
  try {
    const page = await fetch(INDEX, { cache: "no-cache" });
    if (!page.ok || !(await page.clone().text()).includes(`${BASE}/`)) throw new Error("the page is of another version");
    await cache.put(INDEX, page);
    await cache.addAll(KEPT_FILES.map((name) => `${BASE}/${name}`));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function forgetOldVersions() {
  const kept = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX));
  await Promise.all(kept.slice(0, -KEPT_VERSIONS).map((name) => caches.delete(name)));
}

function answer(event: RequestEvent) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === "POST" && pathname === SHARE_TARGET) return event.respondWith(receiveFiles(event));
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && pathname === INDEX) return event.respondWith(page(request));
  // The policy of a worker names the services of the moment, so that it comes from the manager each time.
  if (VERSIONED.test(pathname) && !pathname.endsWith(".worker.js")) event.respondWith(file(request));
}

/** The page as the manager has it, or as it was kept. */
async function page(request: Request) {
  const fetched = fetch(request).then((response) => (response.status < 500 ? response : null));
  const inTime = await Promise.race([fetched, afterMs(PATIENCE_MS)]).catch(() => null);
  return inTime ?? (await caches.match(INDEX, { cacheName: CACHE, ignoreVary: true })) ?? fetch(request);
}

async function file(request: Request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

function afterMs(pauseMs: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), pauseMs));
}

/** Holds the files until the page has been loaded and takes them. */
async function receiveFiles(event: RequestEvent) {
  const form = await event.request.formData().catch(() => new FormData());
  const files = form.getAll("files").filter((value) => value instanceof File);
  sharedFiles = files;
  event.waitUntil(
    afterMs(HOLD_MS).then(() => {
      if (sharedFiles === files) sharedFiles = [];
    }),
  );
  return Response.redirect(`/?${SHARED}`, 303);
}
