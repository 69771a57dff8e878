/** A name that is being changed in its place. */

import type { Item } from "../../types/state.js";
import { nameProblem, stemLength } from "../state/paths.js";
import { text } from "../text/text.js";
import { useApp, useLayoutEffect, useRef, useState } from "./dom.js";

export function RenameInput({ item }: { item: Item }) {
  const app = useApp();
  const [name, setName] = useState(item.name);
  const input = useRef<HTMLInputElement | null>(null);
  const said = useRef<HTMLElement | null>(null);
  const isOver = useRef(false);
  const problem = nameProblem(name);
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.setSelectionRange(0, item.kind === "file" ? stemLength(item.name) : item.name.length);
  }, []);
  // Of the lowest item it stands below what is seen.
  useLayoutEffect(() => said.current?.scrollIntoView({ block: "nearest" }), [problem]);
  const finish = (isWanted: boolean) => {
    if (isOver.current) return;
    isOver.current = true;
    if (isWanted && !problem) void app.organiser.rename(item, name);
    else app.store.set({ renaming: null });
    document.getElementById("content")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") finish(false);
    if (event.key === "Enter" && !problem) finish(true);
  };
  const stop = (event: Event) => event.stopPropagation();
  return (
    <span class="rename" onPointerDown={stop} onClick={stop} onDblClick={stop} onContextMenu={stop}>
      <input
        ref={input}
        value={name}
        aria-label={text.actions.renameTo(item.name)}
        aria-invalid={problem ? "true" : undefined}
        aria-describedby={problem ? "rename-problem" : undefined}
        spellcheck={false}
        onInput={(event: InputEvent) => setName((event.target as HTMLInputElement).value)}
        onKeyDown={onKeyDown}
        onBlur={() => finish(true)}
      />
      {problem && (
        <span ref={said} id="rename-problem" class="rename-problem" role="alert">
          {text.names[problem]}
        </span>
      )}
    </span>
  );
}
