/** For administrators: who did what, from where, and whether it was done. */

import type { AuditEvent, AuditFilter } from "../../../types/audit.js";
import { afterQuiet } from "../../actions/timing.js";
import { messageOf } from "../../protocol/errors.js";
import { asUserName } from "../../state/user-name.js";
import { formatDate, formatFullDate, formatSize } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { Field, FormError, LoadedList, Select } from "../controls.js";
import { useApp, useEffect, useMemo, useRef, useState } from "../dom.js";
import { useOnline } from "../work.js";
import { Dialog } from "./dialog.js";

const QUIET_MS = 250;
const DAY_MS = 86_400_000;
/** Details that are bytes. */
const SIZES = ["bytes", "size"];
const PERIODS = [1, 7, 30];

export function AuditDialog({ onClose }: { onClose: () => void }) {
  const [filter, setFilter] = useState<AuditFilter>({ user: "", action: "", since: "" });
  const { events, actions, more, error, isBusy } = useEvents(filter);
  const change = (part: Partial<AuditFilter>) => setFilter({ ...filter, ...part });
  return (
    <Dialog title={text.audit.title} onClose={onClose} wide>
      <div class="audit">
        <div class="audit-filter">
          <Field
            label={text.audit.user}
            value={filter.user}
            onInput={(typed: string) => change({ user: asUserName(typed) })}
            placeholder={text.audit.anybody}
            autocomplete="off"
          />
          <Select
            label={text.audit.action}
            value={filter.action}
            options={[
              { value: "", label: text.audit.anything },
              ...actions.map((action) => ({ value: action, label: text.audit.actionName(action) })),
            ]}
            onChange={(action: string) => change({ action })}
          />
          <Select
            label={text.audit.period}
            value={filter.since}
            options={[
              { value: "", label: text.audit.always },
              ...PERIODS.map((days) => ({ value: sinceDays(days), label: text.audit.days(days) })),
            ]}
            onChange={(since: string) => change({ since })}
          />
        </div>
        <LoadedList
          class="audit-events"
          label={text.audit.title}
          entries={events}
          none={text.audit.nothing}
          isBusy={isBusy}
          hasFailed={error !== null}
          more={more}
        >
          {(event) => <Row key={event.id} event={event} />}
        </LoadedList>
        <FormError text={error} />
      </div>
    </Dialog>
  );
}

function Row({ event }: { event: AuditEvent }) {
  const details = Object.entries(event.details);
  return (
    <li class="audit-event">
      <div class="audit-head">
        <strong>{text.audit.actionName(event.action)}</strong>
        {event.outcome === "failure" && <span class="pill bad">{text.audit.failed}</span>}
        {event.count > 1 && <span class="pill">{text.audit.times(event.count)}</span>}
        <time class="muted" datetime={event.first_at} title={formatFullDate(event.first_at)}>
          {formatDate(event.first_at, Date.now())}
        </time>
      </div>
      {event.is_hidden ? <p class="muted">{text.audit.hidden}</p> : event.subject && <p>{event.subject}</p>}
      <p class="muted">{text.audit.by(event.actor, event.address)}</p>
      {details.length > 0 && (
        <p class="muted">{details.map(([name, value]) => text.audit.detail(name, shown(name, value))).join(" · ")}</p>
      )}
    </li>
  );
}

function shown(name: string, value: unknown) {
  if (value === null) return text.audit.none;
  if (typeof value === "boolean") return value ? text.audit.yes : text.audit.no;
  if (typeof value === "number" && name.endsWith("_at")) return formatFullDate(new Date(value * 1000).toISOString());
  return typeof value === "number" && SIZES.includes(name) ? formatSize(value) : String(value);
}

function sinceDays(days: number) {
  // To the hour, so that the same choice stays the same while the dialog is open.
  const hour = 3_600_000;
  return new Date(Math.floor((Date.now() - days * DAY_MS) / hour) * hour).toISOString();
}

/** The events that match, as far as they are loaded. */
function useEvents(filter: AuditFilter) {
  const app = useApp();
  const isOnline = useOnline();
  const [found, setFound] = useState({
    events: null as AuditEvent[] | null,
    actions: [] as string[],
    next: null as string | null,
  });
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const lastAsked = useRef(0);
  const load = async (wanted: AuditFilter, after: string | null) => {
    const asked = ++lastAsked.current;
    setBusy(true);
    setError(null);
    try {
      const { events, next, actions } = await app.administration.audit(wanted, after);
      if (asked === lastAsked.current)
        setFound((before) => ({ events: after ? [...(before.events ?? []), ...events] : events, next, actions }));
    } catch (failure) {
      if (asked === lastAsked.current) setError(messageOf(failure));
    } finally {
      if (asked === lastAsked.current) setBusy(false);
    }
  };
  const search = useMemo(() => afterQuiet((wanted: AuditFilter) => void load(wanted, null), QUIET_MS), [app]);
  useEffect(() => {
    if (lastAsked.current === 0) void load(filter, null);
    else search(filter);
  }, [filter, isOnline]);
  const { events, actions, next } = found;
  return { events, actions, error, isBusy, more: next ? () => void load(filter, next) : null };
}
