/** A small picture of a file, or its icon until there is one. */

/** @import { FileItem, Item } from "../../types/state.js" */
/** @import { App } from "../actions/app.js" */
import { kindOf, previewOf } from "../state/kinds.js";
import { html, useApp, useEffect, useState } from "./dom.js";
import { ItemIcon } from "./icon.js";
import { useOnline } from "./work.js";

/** Images up to so many bytes are their own thumbnails. */
const SMALL_IMAGE = 2_000_000;

/** @param {{ item: Item }} properties */
export function Thumbnail({ item }) {
  const app = useApp();
  const isOnline = useOnline();
  const [address, setAddress] = useState(/** @type {string | null} */ (null));
  const version = item.kind === "file" ? `${item.key}@${item.updatedAt}@${item.hasThumbnail}` : item.key;
  useEffect(() => {
    let isWanted = true;
    const show = (/** @type {string} */ found) => isWanted && setAddress(found);
    // Without a picture the icon is shown, so nothing is lost.
    if (item.kind === "file") find(app, item)?.then(show, () => {});
    return () => {
      isWanted = false;
    };
  }, [version, isOnline]);
  if (!address) return html`<${ItemIcon} item=${item} large />`;
  return html`<img class="picture-of-${item.kind === "file" ? kindOf(item.type) : item.kind}" src=${address} alt="" loading="lazy" decoding="async" draggable=${false} onError=${() => setAddress(null)} />`;
}

/**
 * @param {App} app
 * @param {FileItem} file
 */
function find(app, file) {
  if (file.can === "none") return null;
  if (file.hasThumbnail) return app.links.thumbnail(file);
  const isSmallImage = previewOf(file.type, file.size) === "image" && file.size > 0 && file.size <= SMALL_IMAGE;
  return isSmallImage ? app.links.content(file) : null;
}
