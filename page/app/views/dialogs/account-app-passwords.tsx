/** Passwords of programs: made, shown once, and revoked. */

import type { AppPassword } from "../../../types/account.js";
import { formatPath } from "../../state/paths.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { Check, Choice, Field, FormError, LoadedList } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useAutoFocus, useState, useStore } from "../dom.js";
import { Icon } from "../icon.js";
import { onSubmit, useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";

const DAY_MS = 86_400_000;
const LIVES = [null, 30, 365];

export function AppPasswords() {
  const app = useApp();
  const [all, setAll] = useState<AppPassword[] | null>(null);
  const [isAdding, setAdding] = useState(false);
  const load = async () => setAll(await app.ownAccount.appPasswords());
  const problem = useLoading(load, [isAdding]);
  const { isBusy, error, run } = useWork();
  const revoke = (appPassword: AppPassword) =>
    run(async () => {
      await app.ownAccount.revokeAppPassword(appPassword.id);
      app.toasts.show(text.appPasswords.revoked(appPassword.name), "good");
      await load();
    });
  if (isAdding) return <AddAppPassword onBack={() => setAdding(false)} />;
  return (
    <section class="account-section" aria-label={text.account.appPasswords}>
      <p class="muted">{text.appPasswords.lead}</p>
      <LoadedList class="grants" entries={all} none={text.appPasswords.none} isBusy={isBusy} hasFailed={problem !== null}>
        {(each) => <Row key={each.id} appPassword={each} isBusy={isBusy} onRevoke={revoke} />}
      </LoadedList>
      <FormError text={problem ?? error} />
      <button type="button" class="button primary" onClick={() => setAdding(true)}>
        <Icon name="plus" />
        {text.appPasswords.add}
      </button>
    </section>
  );
}

function Row({
  appPassword,
  isBusy,
  onRevoke,
}: {
  appPassword: AppPassword;
  isBusy: boolean;
  onRevoke: (appPassword: AppPassword) => void;
}) {
  const {
    name,
    read_only: isReadOnly,
    folder,
    is_confined: isConfined,
    last_used_at: usedAt,
    expires_at: expiresAt,
  } = appPassword;
  const now = Date.now();
  const facts = [
    usedAt ? text.appPasswords.used(formatDate(usedAt, now)) : text.appPasswords.unused,
    expiresAt && text.appPasswords.expires(Date.parse(expiresAt) <= now, formatDate(expiresAt, now)),
  ];
  return (
    <li>
      <div class="grant">
        <strong>{name}</strong>
        <small class="muted" title={formatFullDate(appPassword.created_at)}>
          {text.appPasswords.scope(isReadOnly, folder ?? (isConfined ? text.appPasswords.hiddenFolder : null))}
        </small>
        <small class="muted">{facts.filter(Boolean).join(" · ")}</small>
      </div>
      <button type="button" class="button small" disabled={isBusy} onClick={() => onRevoke(appPassword)}>
        {text.appPasswords.revoke}
        <span class="hidden"> {name}</span>
      </button>
    </li>
  );
}

function AddAppPassword({ onBack }: { onBack: () => void }) {
  const app = useApp();
  const here = useStore((state) => state.route.path);
  const [name, setName] = useState("");
  const [isReadOnly, setReadOnly] = useState(false);
  const [isConfined, setConfined] = useState(false);
  const [days, setDays] = useState<number | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const first = useAutoFocus<HTMLInputElement>();
  const { isBusy, error, run } = useWork();
  const add = () =>
    run(async () => {
      const folder = isConfined ? formatPath(here) : null;
      const expiresAt = days === null ? null : new Date(Date.now() + days * DAY_MS).toISOString();
      setMade(await app.ownAccount.addAppPassword({ name: name.trim(), read_only: isReadOnly, folder, expires_at: expiresAt }));
    });
  if (made !== null) return <Made name={name} made={made} onBack={onBack} />;
  return (
    <form class="form" onSubmit={onSubmit(add)}>
      <BackButton label={text.appPasswords.all} onClick={onBack} />
      <h3>{text.appPasswords.add}</h3>
      <Field
        label={text.appPasswords.name}
        hint={text.appPasswords.nameHint}
        value={name}
        onInput={setName}
        inputRef={first}
        required
        maxLength={64}
        autocomplete="off"
      />
      <Check label={text.appPasswords.readOnly} checked={isReadOnly} onChange={setReadOnly} />
      {here.length > 0 && (
        <Check label={text.appPasswords.confined(formatPath(here))} checked={isConfined} onChange={setConfined} />
      )}
      {here.length === 0 && <p class="field-hint">{text.appPasswords.confinedHint}</p>}
      <div class="field">
        <span aria-hidden="true">{text.appPasswords.life}</span>
        <Choice
          label={text.appPasswords.life}
          options={LIVES.map((value) => ({ value, label: text.appPasswords.lives(value) }))}
          chosen={days}
          isBusy={isBusy}
          onChoose={setDays}
        />
      </div>
      <FormError text={error} />
      <div class="dialog-buttons">
        <button class="button primary" disabled={isBusy}>
          {text.appPasswords.submit}
        </button>
      </div>
    </form>
  );
}

function Made({ name, made, onBack }: { name: string; made: string; onBack: () => void }) {
  return (
    <section class="account-section">
      <h3>{name}</h3>
      <p>{text.appPasswords.once}</p>
      <CopyRow label={text.appPasswords.made} value={made} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onBack}>
          {text.app.done}
        </button>
      </div>
    </section>
  );
}
