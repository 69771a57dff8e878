/** A name that is being changed in its place. */

/** @import { Item } from "../../types/state.js" */
import { nameProblem, stemLength } from "../state/paths.js";
import { text } from "../text/text.js";
import { html, useApp, useLayoutEffect, useRef, useState } from "./dom.js";

/** @param {{ item: Item }} properties */
export function RenameInput({ item }) {
  const app = useApp();
  const [name, setName] = useState(item.name);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const said = useRef(/** @type {HTMLElement | null} */ (null));
  const isOver = useRef(false);
  const problem = nameProblem(name);
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.setSelectionRange(0, item.kind === "file" ? stemLength(item.name) : item.name.length);
  }, []);
  // Of the lowest item it stands below what is seen.
  useLayoutEffect(() => said.current?.scrollIntoView({ block: "nearest" }), [problem]);
  const finish = (/** @type {boolean} */ isWanted) => {
    if (isOver.current) return;
    isOver.current = true;
    if (isWanted && !problem) void app.organiser.rename(item, name);
    else app.store.set({ renaming: null });
    document.getElementById("content")?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    if (event.key === "Escape") finish(false);
    if (event.key === "Enter" && !problem) finish(true);
  };
  const stop = (/** @type {Event} */ event) => event.stopPropagation();
  return html`<span class="rename" onPointerDown=${stop} onClick=${stop} onDblClick=${stop} onContextMenu=${stop}>
    <input
      ref=${input}
      value=${name}
      aria-label=${text.actions.renameTo(item.name)}
      aria-invalid=${problem ? "true" : undefined}
      aria-describedby=${problem ? "rename-problem" : undefined}
      spellcheck=${false}
      onInput=${(/** @type {InputEvent} */ event) => setName(/** @type {HTMLInputElement} */ (event.target).value)}
      onKeyDown=${onKeyDown}
      onBlur=${() => finish(true)}
    />
    ${problem && html`<span ref=${said} id="rename-problem" class="rename-problem" role="alert">${text.names[problem]}</span>`}
  </span>`;
}
