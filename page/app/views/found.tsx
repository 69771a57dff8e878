/** What a search has found. */

import { text } from "../text/text.js";
import { Blank, Spinner } from "./controls.js";
import { useStore } from "./dom.js";
import { Hits } from "./hits.js";

export function Found() {
  const search = useStore((state) => state.search);
  const isOffline = useStore((state) => state.link.phase === "offline");
  if (!search) return null;
  const { query, hits, isRunning, isCut, problem } = search;
  return (
    <>
      <div class="toolbar">
        <p class="summary" role="status">
          {isRunning ? text.search.running : text.search.found(hits.length, query)}
        </p>
        {isRunning && !isOffline && <Spinner />}
      </div>
      {hits.length === 0 && !isRunning ? (
        <div class="empty" id="content" tabIndex={-1}>
          <Blank icon="search" title={text.search.none(query)} text={problem ?? (isCut ? text.search.cut : text.search.hint)} />
        </div>
      ) : (
        <Hits label={text.search.results} hits={hits}>
          {(isCut || problem !== null) && <p class="hits-note muted">{problem ?? text.search.cut}</p>}
        </Hits>
      )}
    </>
  );
}
