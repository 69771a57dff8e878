/** What is shown of a picture: a view of it as long as that will do, the original when somebody looks closer. */

import type { FileItem } from "../../../types/state.js";
import type { App } from "../../actions/app.js";
import type { Processed } from "../../actions/overview.js";
import { itemAt, rowOf } from "../../state/listing.js";
import { isPicture, previewOf } from "../../state/kinds.js";

/** Sides of the view `preview` (docs/processing.md). */
const PREVIEW_SIDE = 1600;
/** Bytes up to which an original is as quickly here as its view. */
const SMALL_ORIGINAL = 600_000;

/** `srcset`: with the original, for what is zoomed; empty where there is one version alone */
export type Picture = { src: string; srcset: string; width: number; height: number };

/** Files that were asked about lately; of each version of a file there is one object. */
const processed = new WeakMap<FileItem, Promise<Processed>>();
const pictures = new WeakMap<FileItem, Promise<Picture>>();
/** Those that were loaded last, so that browsers keep them at hand. */
let kept: HTMLImageElement[] = [];
const MOST_KEPT = 4;

/** What processing has made of a file of the present folder; nothing where that is not known. */
export function processedOf(app: App, file: FileItem): Promise<Processed> {
  const known = processed.get(file);
  if (known) return known;
  const asked = app.overview
    .processed(app.store.state.listing.path, file.name)
    .catch(() => ({ metadata: null, facts: [], views: [] as readonly string[] }));
  processed.set(file, asked);
  return asked;
}

/** A picture that is loaded. Rejects when it cannot be shown. */
export function pictureOf(app: App, file: FileItem): Promise<Picture> {
  const known = pictures.get(file);
  if (known) return known;
  const found = find(app, file);
  pictures.set(file, found);
  // Access ends after a while, and a connection may be back.
  found.catch(() => pictures.delete(file));
  return found;
}

/** Loads the pictures before and after a file. */
export function preloadNeighbours(app: App, file: FileItem) {
  const { listing, hidden } = app.store.state;
  const row = rowOf(listing, hidden, file.key);
  if (row < 0) return;
  for (const by of [1, -1]) {
    const item = itemAt(listing, hidden, row + by);
    if (item?.kind === "file" && item.can !== "none" && item.size > 0 && isPicture(item)) pictureOf(app, item).catch(() => {});
  }
}

async function find(app: App, file: FileItem): Promise<Picture> {
  const { metadata, views } = await processedOf(app, file);
  const canShowOriginal = previewOf(file) === "image";
  const isAnimated = Number(metadata?.["frames"] ?? 1) > 1;
  const hasView = views.includes("preview") && !(canShowOriginal && (isAnimated || file.size <= SMALL_ORIGINAL));
  if (!hasView && !canShowOriginal) throw new Error("browsers do not show it");
  const original = await app.links.content(file);
  const src = hasView ? await app.links.view(file, "preview") : original;
  const shown = await load(src);
  const [width, height] = [Number(metadata?.["width"]), Number(metadata?.["height"])];
  if (!hasView || !canShowOriginal || !(width > 0 && height > 0)) return { src, srcset: "", ...sizeOf(shown) };
  const viewWidth = Math.round(width * Math.min(1, PREVIEW_SIDE / Math.max(width, height)));
  return { src, srcset: `${src} ${viewWidth}w, ${original} ${width}w`, width, height };
}

async function load(src: string) {
  const image = new Image();
  image.src = src;
  kept = [image, ...kept].slice(0, MOST_KEPT);
  await image.decode();
  return image;
}

/** Drawings may have no size of their own. */
function sizeOf({ naturalWidth, naturalHeight }: HTMLImageElement) {
  return { width: naturalWidth || PREVIEW_SIDE, height: naturalHeight || PREVIEW_SIDE };
}
