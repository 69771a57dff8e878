/** Dragging files and folders onto folders, within the page and from outside. */

import type { Item } from "../../types/state.js";
import type { App } from "../actions/app.js";
import { text } from "../text/text.js";
import { useApp, useState } from "./dom.js";
import { uploadDrop } from "./file-drop.js";
import { longPress } from "./long-press.js";

const TYPE = "application/x-discord-cloud-items";
/** As browsers call files from outside. */
const FILES = "Files";

/** What makes an item draggable; what is dragged is the selection, if the item belongs to it. */
export function dragSource(app: App, item: Item, row: number) {
  return {
    draggable: true,
    onDragStart: (event: DragEvent) => {
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
 * What makes something a folder to drop on: items of the page are moved into it, files from outside uploaded.
 * @returns whether something is held over it, and its handlers
 */
export function useDropTarget(path: readonly string[]): [boolean, object] {
  const app = useApp();
  const [isTarget, setTarget] = useState(false);
  const holds = (event: DragEvent, type: string) => event.dataTransfer?.types.includes(type) ?? false;
  return [
    isTarget,
    {
      "data-drop-folder": path.at(-1) ?? text.app.root,
      onDragOver: (event: DragEvent) => {
        if (!holds(event, TYPE) && !holds(event, FILES)) return;
        event.preventDefault();
        setTarget(true);
      },
      onDragLeave: (event: DragEvent) => {
        // Not when it is held over another part of the same thing.
        const { currentTarget, relatedTarget } = event;
        if (!(currentTarget instanceof Node && relatedTarget instanceof Node && currentTarget.contains(relatedTarget)))
          setTarget(false);
      },
      onDrop: (event: DragEvent) => {
        setTarget(false);
        if (!holds(event, TYPE) && !holds(event, FILES)) return;
        event.preventDefault();
        if (holds(event, TYPE)) void app.organiser.move(app.selecting.items, path);
        else uploadDrop(app, event, path);
      },
    },
  ];
}

function setDragImage(event: DragEvent, label: string) {
  const ghost = document.createElement("div");
  ghost.className = "drag-ghost";
  ghost.textContent = label;
  document.body.append(ghost);
  event.dataTransfer?.setDragImage(ghost, -12, -8);
  // The browser has taken its picture once this event is over.
  setTimeout(() => ghost.remove());
}
