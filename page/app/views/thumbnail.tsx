/** A small picture of a file, or its icon until there is one. */

import type { FileItem, Item } from "../../types/state.js";
import type { App } from "../actions/app.js";
import { kindOf, previewOf } from "../state/kinds.js";
import { useApp, useEffect, useState } from "./dom.js";
import { ItemIcon } from "./icon.js";
import { useOnline } from "./work.js";

/** Images up to so many bytes are their own thumbnails. */
const SMALL_IMAGE = 2_000_000;

export function Thumbnail({ item }: { item: Item }) {
  const app = useApp();
  const isOnline = useOnline();
  const [address, setAddress] = useState<string | null>(null);
  const version = item.kind === "file" ? `${item.key}@${item.updatedAt}@${item.hasThumbnail}` : item.key;
  useEffect(() => {
    let isWanted = true;
    const show = (found: string) => isWanted && setAddress(found);
    // Without a picture the icon is shown, so nothing is lost.
    if (item.kind === "file") find(app, item)?.then(show, () => {});
    return () => {
      isWanted = false;
    };
  }, [version, isOnline]);
  if (!address) return <ItemIcon item={item} large />;
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

function find(app: App, file: FileItem) {
  if (file.can === "none") return null;
  if (file.hasThumbnail) return app.links.thumbnail(file);
  const isSmallImage = previewOf(file) === "image" && file.size > 0 && file.size <= SMALL_IMAGE;
  return isSmallImage ? app.links.content(file) : null;
}
