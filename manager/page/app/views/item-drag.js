/** Dragging files and folders onto folders. */

/** @import { Item } from "../../types/state.js" */
/** @import { App } from "../actions/app.js" */
import { text } from "../text/text.js";
import { useApp, useState } from "./dom.js";
import { longPress } from "./long-press.js";

const TYPE = "application/x-discord-cloud-items";

/**
 * What makes an item draggable; what is dragged is the selection, if the item belongs to it.
 * @param {App} app
 * @param {Item} item
 * @param {number} row
 */
export function dragSource(app, item, row) {
  return {
    draggable: true,
    onDragStart: (/** @type {DragEvent} */ event) => {
      if (longPress.isTouch) return event.preventDefault();
      if (!app.store.state.selection.items.has(item.key)) app.selecting.click(item, row, { toggle: false, extend: false });
      const { items } = app.selecting;
      event.dataTransfer?.setData(TYPE, "");
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
      setDragImage(event, items.length === 1 ? item.name : text.selection.count(items.length));
    },
  };
}

/**
 * @param {readonly string[]} path folder into which is moved
 * @returns {[boolean, object]} whether something is held over it, and its handlers
 */
export function useDropTarget(path) {
  const app = useApp();
  const [isTarget, setTarget] = useState(false);
  const accepts = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes(TYPE) ?? false;
  return [
    isTarget,
    {
      onDragOver: (/** @type {DragEvent} */ event) => {
        if (!accepts(event)) return;
        event.preventDefault();
        setTarget(true);
      },
      onDragLeave: () => setTarget(false),
      onDrop: (/** @type {DragEvent} */ event) => {
        setTarget(false);
        if (!accepts(event)) return;
        event.preventDefault();
        void app.organiser.move(app.selecting.items, path);
      },
    },
  ];
}

/**
 * @param {DragEvent} event
 * @param {string} label
 */
function setDragImage(event, label) {
  const ghost = document.createElement("div");
  ghost.className = "drag-ghost";
  ghost.textContent = label;
  document.body.append(ghost);
  event.dataTransfer?.setDragImage(ghost, -12, -8);
  // The browser has taken its picture once this event is over.
  setTimeout(() => ghost.remove());
}
