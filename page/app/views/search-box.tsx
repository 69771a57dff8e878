/** The field that looks for files and folders by their names, wherever one is. */

import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { useApp, useEffect, useLayoutEffect, useRef, useState, useStore } from "./dom.js";
import { Icon } from "./icon.js";

/** Beside the path, where there is room for it. */
export function SearchBox({ onLeave }: { onLeave?: () => void }) {
  const app = useApp();
  const query = useStore((state) => state.route.query);
  const input = useRef<HTMLInputElement | null>(null);
  // While somebody types, the field is ahead of the address.
  const [typed, setTyped] = useState(query ?? "");
  const looked = useRef(query);
  useEffect(() => {
    // By now somebody may have typed more.
    const present = app.store.state.route.query;
    if (present === looked.current) return;
    looked.current = present;
    setTyped(present ?? "");
  }, [query]);
  useSlash(input);
  // At once: phones open the keyboard only while the tap lasts, and nothing that is typed may be lost.
  useLayoutEffect(() => {
    if (onLeave) input.current?.focus();
  }, []);
  const look = (words: string) => {
    setTyped(words);
    looked.current = words.trim() === "" ? null : words;
    app.navigation.search(looked.current);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") document.querySelector<HTMLElement>(".hit-link")?.focus();
    else if (event.key === "Escape" && (typed !== "" || onLeave)) look("");
    else return;
    event.preventDefault();
    if (event.key === "Escape") onLeave?.();
  };
  return (
    <form class="search-box" role="search" onSubmit={(event: Event) => event.preventDefault()}>
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label={text.search.label}
        placeholder={text.search.label}
        autocomplete="off"
        spellcheck={false}
        maxLength={127}
        value={typed}
        onInput={(event: InputEvent) => look((event.target as HTMLInputElement).value)}
        onKeyDown={onKeyDown}
      />
      {typed !== "" && (
        <IconButton
          icon="close"
          label={text.search.clear}
          onClick={() => {
            look("");
            input.current?.focus();
          }}
        />
      )}
    </form>
  );
}

/** A slash is in no name, so that it never begins one that is typed to go to it. */
function useSlash(input: { current: HTMLInputElement | null }) {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
      if (document.querySelector(":modal")) return;
      event.preventDefault();
      event.stopPropagation();
      input.current?.select();
    };
    window.addEventListener("keydown", onKeyDown, true);
    return () => window.removeEventListener("keydown", onKeyDown, true);
  }, []);
}
