/** A small picture of a file, or its icon until there is one. */

import type { ComponentChildren } from "preact";
import type { FileItem, Item } from "../../types/state.js";
import type { App } from "../actions/app.js";
import { kindOf, previewOf } from "../state/kinds.js";
import { useApp, useEffect, useState } from "./dom.js";
import { ItemIcon } from "./icon.js";
import { useOnline } from "./work.js";

/** Images up to so many bytes are their own thumbnails. */
const SMALL_IMAGE = 2_000_000;
/** The same where many small pictures are in sight. */
const TINY_IMAGE = 200_000;

export function Thumbnail({ item }: { item: Item }) {
  const picture = usePicture(item, SMALL_IMAGE);
  return picture ?? <ItemIcon item={item} large />;
}

/** A picture in a row of a list. What cannot have one costs a row nothing but its icon. */
export function SmallPicture({ item }: { item: Item }) {
  return item.kind === "file" && hasPicture(item, TINY_IMAGE) ? <RowPicture file={item} /> : <ItemIcon item={item} />;
}

function RowPicture({ file }: { file: FileItem }) {
  const picture = usePicture(file, TINY_IMAGE);
  return picture ? <span class="kind row-picture">{picture}</span> : <ItemIcon item={file} />;
}

/** @param most bytes of an image that is its own thumbnail */
function usePicture(item: Item, most: number): ComponentChildren {
  const app = useApp();
  const isOnline = useOnline();
  const [address, setAddress] = useState<string | null>(null);
  const version = item.kind === "file" ? `${item.key}@${item.updatedAt}@${item.hasThumbnail}` : item.key;
  useEffect(() => {
    let isWanted = true;
    const show = (found: string) => isWanted && setAddress(found);
    // Without a picture the icon is shown, so nothing is lost.
    if (item.kind === "file") find(app, item, most)?.then(show, () => {});
    return () => {
      isWanted = false;
    };
  }, [version, isOnline]);
  if (!address) return null;
  return (
    <img
      class={`picture-of-${item.kind === "file" ? kindOf(item.type) : item.kind}`}
      src={address}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => setAddress(null)}
    />
  );
}

function hasPicture(file: FileItem, most: number) {
  const isSmallImage = previewOf(file) === "image" && file.size > 0 && file.size <= most;
  return file.can !== "none" && (file.hasThumbnail || isSmallImage);
}

function find(app: App, file: FileItem, most: number) {
  if (!hasPicture(file, most)) return null;
  return file.hasThumbnail ? app.links.thumbnail(file) : app.links.content(file);
}
