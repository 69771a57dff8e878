/** What a search has found, and what else it asks for. */

import type { SearchFilter } from "../../types/state.js";
import { CHANGED, SEARCHED_TYPES, SIZES } from "../state/search.js";
import { text } from "../text/dialogs.js";
import { Blank, Spinner } from "./controls.js";
import { useApp, useStore } from "./dom.js";
import { Hits } from "./hits.js";

export function Found() {
  const app = useApp();
  const search = useStore((state) => state.search);
  const isOffline = useStore((state) => state.link.phase === "offline");
  if (!search) return null;
  const { query, hits, isRunning, next, problem } = search;
  return (
    <>
      <h1 class="hidden">{text.search.results}</h1>
      <div class="toolbar">
        <p class="summary" role="status">
          {isRunning ? text.search.running : text.search.found(hits.length, query, next !== null)}
        </p>
        {isRunning && !isOffline && <Spinner />}
      </div>
      <Chips />
      {hits.length === 0 && !isRunning ? (
        <div class="empty" id="content" tabIndex={-1}>
          <Blank icon="search" title={text.search.none(query)} text={problem ?? text.search.hint} />
        </div>
      ) : (
        <Hits label={text.search.results} hits={hits}>
          {problem !== null && <p class="hits-note muted">{problem}</p>}
          {next !== null && (
            <p class="hits-note">
              <button class="button quiet" disabled={isRunning} onClick={() => void app.search.more()}>
                {text.search.more}
              </button>
            </p>
          )}
        </Hits>
      )}
    </>
  );
}

/** Conditions beside the words. */
function Chips() {
  const app = useApp();
  const { filter, path } = useStore((state) => state.route);
  const change = (changed: Partial<SearchFilter>) => app.navigation.filter(changed);
  return (
    <div class="chips" role="group" aria-label={text.search.conditions}>
      <Chip
        label={text.search.type}
        names={text.search.types}
        values={SEARCHED_TYPES}
        value={filter.type}
        onChange={(type) => change({ type })}
      />
      <Chip
        label={text.search.changed}
        names={text.search.changes}
        values={CHANGED}
        value={filter.changed}
        onChange={(changed) => change({ changed })}
      />
      <Chip
        label={text.search.size}
        names={text.search.sizes}
        values={SIZES}
        value={filter.size}
        onChange={(size) => change({ size })}
      />
      {(path.length > 0 || filter.isHere) && (
        <button class="chip" aria-pressed={filter.isHere} onClick={() => change({ isHere: !filter.isHere })}>
          {text.search.inFolder(path.at(-1) ?? text.app.root)}
        </button>
      )}
    </div>
  );
}

function Chip<Name extends string>({
  label,
  names,
  values,
  value,
  onChange,
}: {
  label: string;
  names: Readonly<Record<Name, string>>;
  values: Readonly<Record<Name, unknown>>;
  value: Name | null;
  onChange: (value: Name | null) => void;
}) {
  return (
    <select
      class="chip"
      aria-label={label}
      data-chosen={value !== null}
      value={value ?? ""}
      onChange={(event: Event) => onChange(((event.target as HTMLSelectElement).value || null) as Name | null)}
    >
      <option value="">{label}</option>
      {(Object.keys(values) as Name[]).map((name) => (
        <option key={name} value={name} selected={name === value}>
          {names[name]}
        </option>
      ))}
    </select>
  );
}
