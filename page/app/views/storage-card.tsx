/** What is stored, as a ring: by kind, or against what one may store where that is limited. */

import type { ComponentChildren } from "preact";
import type { Kind } from "../state/kinds.js";
import { bytesByKind, largest } from "../state/kinds.js";
import { formatPercent, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { useMemo, useStore } from "./dom.js";
import { QuotaUse } from "./quota-use.js";

const RADIUS = 34;
const LENGTH = 2 * Math.PI * RADIUS;
const GAP = 3;
const SHOWN = 4;
/** The share from which on somebody should know. */
const NEARLY_FULL = 0.9;

export function StorageCard() {
  const use = useStore((state) => state.use);
  const hasQuota = use && (use.quota.bytes !== null || use.quota.files !== null);
  return (
    <section class="storage" aria-label={text.storage.title}>
      {use && use.quota.bytes !== null ? <Capacity stored={use.stored.bytes} limit={use.quota.bytes} /> : <ByKind />}
      {hasQuota && <QuotaUse use={use} isDrawn />}
    </section>
  );
}

/** @param properties bytes of this user, and how many they may be */
function Capacity({ stored, limit }: { stored: number; limit: number }) {
  const isFull = stored >= limit;
  const kind = isFull ? "full" : stored >= NEARLY_FULL * limit ? "nearly-full" : "used";
  return (
    <Ring label={null} parts={[{ kind, bytes: Math.min(stored, limit) }]} total={limit}>
      <strong>{formatPercent(stored, limit)}</strong>
      <span>{isFull ? text.quota.full : text.quota.free(formatSize(limit - stored))}</span>
    </Ring>
  );
}

function ByKind() {
  const storage = useStore((state) => state.storage);
  const parts = useMemo(() => largest(bytesByKind(storage?.types ?? {}), SHOWN).map(labelled), [storage]);
  const label = text.storage.chart(parts.map((part) => `${part.label} ${formatSize(part.bytes)}`).join(", "));
  return (
    <>
      <Ring label={label} parts={parts} total={storage?.total ?? 0}>
        <strong>{storage ? formatSize(storage.total) : "–"}</strong>
        <span>{text.storage.stored}</span>
      </Ring>
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
    </>
  );
}

/** @param properties `label`: what the ring says; null: that is beside it */
function Ring({
  label,
  parts,
  total,
  children,
}: {
  label: string | null;
  parts: { kind: string; bytes: number }[];
  total: number;
  children: ComponentChildren;
}) {
  return (
    <div class="ring">
      <svg viewBox="0 0 84 84" role="img" aria-label={label ?? undefined} aria-hidden={label === null}>
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
      <div class="ring-label">{children}</div>
    </div>
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
