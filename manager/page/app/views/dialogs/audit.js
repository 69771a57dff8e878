/** For administrators: who did what, from where, and whether it was done. */

/** @import { AuditEvent, AuditFilter } from "../../../types/audit.js" */
import { afterQuiet } from "../../actions/timing.js";
import { messageOf } from "../../protocol/errors.js";
import { asUserName } from "../../state/user-name.js";
import { formatDate, formatFullDate, formatSize } from "../../text/format.js";
import { text } from "../../text/text.js";
import { Field, FormError, Select, Spinner } from "../controls.js";
import { html, useApp, useEffect, useMemo, useRef, useState } from "../dom.js";
import { useOnline } from "../work.js";
import { Dialog } from "./dialog.js";

const QUIET_MS = 250;
const DAY_MS = 86_400_000;
/** Details that are bytes. */
const SIZES = ["bytes", "size"];
const PERIODS = [1, 7, 30];

/** @param {{ onClose: () => void }} properties */
export function AuditDialog({ onClose }) {
  const [filter, setFilter] = useState(/** @type {AuditFilter} */ ({ user: "", action: "", since: "" }));
  const { events, actions, more, error, isBusy } = useEvents(filter);
  const change = (/** @type {Partial<AuditFilter>} */ part) => setFilter({ ...filter, ...part });
  return html`<${Dialog} title=${text.audit.title} onClose=${onClose} wide>
    <div class="audit">
      <div class="audit-filter">
        <${Field}
          label=${text.audit.user}
          value=${filter.user}
          onInput=${(/** @type {string} */ typed) => change({ user: asUserName(typed) })}
          placeholder=${text.audit.anybody}
          autocomplete="off"
        />
        <${Select}
          label=${text.audit.action}
          value=${filter.action}
          options=${[{ value: "", label: text.audit.anything }, ...actions.map((action) => ({ value: action, label: text.audit.actionName(action) }))]}
          onChange=${(/** @type {string} */ action) => change({ action })}
        />
        <${Select}
          label=${text.audit.period}
          value=${filter.since}
          options=${[{ value: "", label: text.audit.always }, ...PERIODS.map((days) => ({ value: sinceDays(days), label: text.audit.days(days) }))]}
          onChange=${(/** @type {string} */ since) => change({ since })}
        />
      </div>
      <ul class="audit-events" aria-label=${text.audit.title} aria-busy=${isBusy ? "true" : "false"}>
        ${events?.map((event) => html`<${Row} key=${event.id} event=${event} />`)}
        ${events?.length === 0 && html`<li class="muted">${text.audit.nothing}</li>`}
        ${!events && !error && html`<li class="waiting"><${Spinner} label=${text.app.loading} /></li>`}
        ${more && html`<li><button type="button" class="button small" disabled=${isBusy} onClick=${more}>${text.audit.more}</button></li>`}
      </ul>
      <${FormError} text=${error} />
    </div>
  <//>`;
}

/** @param {{ event: AuditEvent }} properties */
function Row({ event }) {
  const details = Object.entries(event.details);
  return html`<li class="audit-event">
    <div class="audit-head">
      <strong>${text.audit.actionName(event.action)}</strong>
      ${event.outcome === "failure" && html`<span class="pill bad">${text.audit.failed}</span>`}
      ${event.count > 1 && html`<span class="pill">${text.audit.times(event.count)}</span>`}
      <time class="muted" datetime=${event.first_at} title=${formatFullDate(event.first_at)}>${formatDate(event.first_at, Date.now())}</time>
    </div>
    ${event.subject && html`<p>${event.subject}</p>`}
    <p class="muted">${text.audit.by(event.actor, event.address)}</p>
    ${details.length > 0 && html`<p class="muted">${details.map(([name, value]) => text.audit.detail(name, shown(name, value))).join(" · ")}</p>`}
  </li>`;
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function shown(name, value) {
  if (value === null) return text.audit.none;
  return typeof value === "number" && SIZES.includes(name) ? formatSize(value) : String(value);
}

/** @param {number} days */
function sinceDays(days) {
  // To the hour, so that the same choice stays the same while the dialog is open.
  const hour = 3_600_000;
  return new Date(Math.floor((Date.now() - days * DAY_MS) / hour) * hour).toISOString();
}

/**
 * The events that match, as far as they are loaded.
 * @param {AuditFilter} filter
 */
function useEvents(filter) {
  const app = useApp();
  const isOnline = useOnline();
  const [found, setFound] = useState({
    events: /** @type {AuditEvent[] | null} */ (null),
    actions: /** @type {string[]} */ ([]),
    next: /** @type {string | null} */ (null),
  });
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const lastAsked = useRef(0);
  const load = async (/** @type {AuditFilter} */ wanted, /** @type {string | null} */ after) => {
    const asked = ++lastAsked.current;
    setBusy(true);
    setError(null);
    try {
      const { events, next, actions } = await app.administration.audit(wanted, after);
      if (asked === lastAsked.current) setFound((before) => ({ events: after ? [...(before.events ?? []), ...events] : events, next, actions }));
    } catch (failure) {
      if (asked === lastAsked.current) setError(messageOf(failure));
    } finally {
      if (asked === lastAsked.current) setBusy(false);
    }
  };
  const search = useMemo(() => afterQuiet((/** @type {AuditFilter} */ wanted) => void load(wanted, null), QUIET_MS), [app]);
  useEffect(() => {
    if (lastAsked.current === 0) void load(filter, null);
    else search(filter);
  }, [filter, isOnline]);
  const { events, actions, next } = found;
  return { events, actions, error, isBusy, more: next ? () => void load(filter, next) : null };
}
