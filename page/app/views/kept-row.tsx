/** An unfinished upload: how much of it is stored, and the choice to go on with it or to drop it. */

import type { KeptRow } from "../../types/state.js";
import { formatDate, formatPart } from "../text/format.js";
import { text } from "../text/uploads.js";
import { Progress } from "./controls.js";
import { useApp, useRef } from "./dom.js";
import { Icon } from "./icon.js";
import { chooseFile } from "./pickers.js";

export function KeptUploadRow({ row }: { row: KeptRow }) {
  const folder = row.folder === "/" ? text.app.root : row.folder;
  const isRunning = row.state === "running";
  const until = isRunning ? text.kept.running : text.kept.until(formatDate(row.expiresAt, Date.now()));
  return (
    <li class="queue-row kept" data-state="kept" data-upload={row.uploadId}>
      <span class="queue-icon">
        <Icon name={isRunning ? "arrow-up" : "pause"} />
      </span>
      <div class="queue-text">
        <span class="name" title={`${row.folder === "/" ? "" : row.folder}/${row.name}`}>
          {row.name}
        </span>
        <span class="queue-note muted">
          {text.kept.stored(formatPart(row.storedBytes, row.size))} · {text.kept.place(folder)}
        </span>
        <span class="queue-note muted">{until}</span>
        <span role="alert" class="queue-note bad">
          {row.problem}
        </span>
        <Progress value={row.storedBytes} max={row.size} label={text.uploads.progressOf(row.name)} tone="still" />
        <KeptButtons row={row} />
      </div>
    </li>
  );
}

function KeptButtons({ row }: { row: KeptRow }) {
  const { kept } = useApp().uploads;
  const input = useRef<HTMLInputElement | null>(null);
  const take = () => {
    const [file] = input.current?.files ?? [];
    if (file) void kept.goOn(row, { file, folder: [] });
    if (input.current) input.current.value = "";
  };
  const choose = async () => {
    const chosen = await chooseFile(input.current);
    if (chosen) await kept.goOn(row, chosen);
  };
  const isRunning = row.state === "running";
  const label = isRunning ? text.kept.goOnHereWith(row.name) : text.kept.goOnWith(row.name);
  const goOn = () => void (row.hasHandle ? kept.goOnRemembered(row) : choose());
  return (
    <div class="kept-buttons">
      <button type="button" class="button small primary" aria-label={label} onClick={goOn}>
        {isRunning ? text.kept.goOnHere : text.kept.goOn}
      </button>
      <button type="button" class="button small" aria-label={text.kept.dropOf(row.name)} onClick={() => void kept.drop(row)}>
        {text.kept.drop}
      </button>
      <input ref={input} type="file" hidden aria-label={text.kept.choose(row.name)} onChange={take} />
    </div>
  );
}
