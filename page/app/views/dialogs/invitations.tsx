/** For administrators: invitations by whose links people create their own accounts. */

import type { Invitation } from "../../../types/account.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { Choice, Field, FormError, LoadedList } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useAutoFocus, useState } from "../dom.js";
import { onSubmit, useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";
import { DAY_S, LONGEST_LABEL } from "./link-options.js";

const GIB = 2 ** 30;
const LIVES = [1, 7, 30].map((value) => ({ value, label: text.link.lives(value) }));

export function Invitations({ onBack }: { onBack: () => void }) {
  const app = useApp();
  const [all, setAll] = useState<Invitation[] | null>(null);
  const problem = useLoading(async () => setAll(await app.administration.invitations()), []);
  const { isBusy, error, run } = useWork();
  const revoke = (invitation: Invitation) =>
    run(async () => {
      await app.administration.revokeInvitation(invitation.id);
      setAll(all?.map((each) => (each.id === invitation.id ? { ...each, state: "revoked" } : each)) ?? null);
      app.toasts.show(text.invitations.revoked, "good");
    });
  return (
    <div class="own-account">
      <BackButton label={text.users.all} onClick={onBack} />
      <h3>{text.invitations.title}</h3>
      <p class="muted">{text.invitations.lead}</p>
      <NewInvitation onMade={(made) => setAll([made, ...(all ?? [])])} />
      <section class="account-section" aria-label={text.invitations.list}>
        <h4>{text.invitations.list}</h4>
        <LoadedList class="grants" entries={all} none={text.invitations.none} isBusy={isBusy} hasFailed={problem !== null}>
          {(invitation) => <Row key={invitation.id} invitation={invitation} isBusy={isBusy} onRevoke={revoke} />}
        </LoadedList>
        <FormError text={problem ?? error} />
      </section>
    </div>
  );
}

function NewInvitation({ onMade }: { onMade: (invitation: Invitation) => void }) {
  const app = useApp();
  const [label, setLabel] = useState("");
  const [days, setDays] = useState(7);
  const [uses, setUses] = useState("1");
  const [size, setSize] = useState("");
  const [groups, setGroups] = useState("");
  const [url, setUrl] = useState<string | null>(null);
  const first = useAutoFocus<HTMLInputElement>();
  const { isBusy, error, run } = useWork();
  const make = () =>
    run(async () => {
      const made = await app.administration.invite({
        label: label.trim(),
        max_uses: Number(uses),
        expires_in_s: days * DAY_S,
        groups: groups
          .split(",")
          .map((name) => name.trim())
          .filter(Boolean),
        ...(size.trim() && { quota: { bytes: Math.max(1, Math.round(Number(size) * GIB)) } }),
      });
      setUrl(made.url ?? null);
      setLabel("");
      onMade(made);
    });
  return (
    <form class="form" onSubmit={onSubmit(make)}>
      <Field
        label={text.invitations.label}
        hint={text.invitations.labelHint}
        value={label}
        onInput={setLabel}
        inputRef={first}
        maxLength={LONGEST_LABEL}
        autocomplete="off"
      />
      <div class="field">
        <span class="field-label">{text.link.life}</span>
        <Choice label={text.link.life} options={LIVES} chosen={days} isBusy={isBusy} onChoose={setDays} />
      </div>
      <div class="form-pair">
        <Field label={text.invitations.uses} value={uses} onInput={setUses} type="number" min="1" max="1000" step="1" required />
        <Field
          label={text.invitations.size}
          hint={text.invitations.sizeHint}
          value={size}
          onInput={setSize}
          type="number"
          min="0.001"
          step="any"
        />
      </div>
      <Field
        label={text.invitations.groups}
        hint={text.invitations.groupsHint}
        value={groups}
        onInput={setGroups}
        autocomplete="off"
      />
      <FormError text={error} />
      <div class="dialog-buttons">
        <button class="button primary" disabled={isBusy}>
          {text.invitations.make}
        </button>
      </div>
      {url && (
        <div role="status">
          <p>{text.invitations.made}</p>
          <CopyRow label={text.link.title} value={url} />
        </div>
      )}
    </form>
  );
}

function Row({
  invitation,
  isBusy,
  onRevoke,
}: {
  invitation: Invitation;
  isBusy: boolean;
  onRevoke: (invitation: Invitation) => void;
}) {
  const isActive = invitation.state === "active";
  const facts = [
    isActive
      ? text.link.expires(invitation.expires_at && formatDate(invitation.expires_at, Date.now()))
      : text.invitations.states[invitation.state],
    text.invitations.used(invitation.uses, invitation.max_uses),
    invitation.groups.join(", "),
  ];
  const title = invitation.label || text.invitations.unnamed;
  return (
    <li>
      <div class="grant">
        <strong>{title}</strong>
        <small class="muted" title={formatFullDate(invitation.created_at)}>
          {facts.filter(Boolean).join(" · ")}
        </small>
      </div>
      {isActive && (
        <div class="grant-buttons">
          <button type="button" class="button small" disabled={isBusy} onClick={() => onRevoke(invitation)}>
            {text.invitations.revoke}
            <span class="hidden"> {title}</span>
          </button>
        </div>
      )}
    </li>
  );
}
