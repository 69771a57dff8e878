/** What is stored, by kind, as a ring. */

import type { Kind } from "../state/kinds.js";
import { bytesByKind, largest } from "../state/kinds.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { useMemo, useStore } from "./dom.js";
import { QuotaUse } from "./quota-use.js";

const RADIUS = 34;
const LENGTH = 2 * Math.PI * RADIUS;
const GAP = 3;
const SHOWN = 4;

export function StorageCard() {
  const storage = useStore((state) => state.storage);
  const use = useStore((state) => state.use);
  const parts = useMemo(() => largest(bytesByKind(storage?.types ?? {}), SHOWN).map(labelled), [storage]);
  const total = storage?.total ?? 0;
  return (
    <section class="storage" aria-label={text.storage.title} aria-busy={storage === null}>
      <div class="ring">
        <svg
          viewBox="0 0 84 84"
          role="img"
          aria-label={text.storage.chart(parts.map((part) => `${part.label} ${formatSize(part.bytes)}`).join(", "))}
        >
          <circle class="ring-track" cx="42" cy="42" r={RADIUS} />
          {arcs(parts, total).map((arc) => (
            <circle
              class={`ring-part fill-${arc.kind}`}
              cx="42"
              cy="42"
              r={RADIUS}
              stroke-dasharray={`${arc.length} ${LENGTH}`}
              stroke-dashoffset={-arc.start}
            />
          ))}
        </svg>
        <div class="ring-label">
          <strong>{storage ? formatSize(total) : "–"}</strong>
          <span>{text.storage.stored}</span>
        </div>
      </div>
      <ul class="legend">
        {parts.map((part) => (
          <li key={part.kind}>
            <span class={`dot fill-${part.kind}`}></span>
            <span>{part.label}</span>
            <span class="muted">{formatSize(part.bytes)}</span>
          </li>
        ))}
        {storage && parts.length === 0 && <li class="muted">{text.storage.empty}</li>}
      </ul>
      {use && (use.quota.bytes !== null || use.quota.files !== null) && <QuotaUse use={use} />}
    </section>
  );
}

function labelled(part: { kind: Kind; bytes: number }) {
  return { ...part, label: text.kinds[part.kind] };
}

function arcs(parts: { kind: string; bytes: number }[], total: number) {
  let start = 0;
  return parts.map(({ kind, bytes }) => {
    const share = (bytes / Math.max(1, total)) * LENGTH;
    const arc = { kind, start, length: parts.length > 1 ? Math.max(1, share - GAP) : share };
    start += share;
    return arc;
  });
}
