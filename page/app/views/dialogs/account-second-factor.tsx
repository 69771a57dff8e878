/** One's own second factors: enrolled, listed and removed. A change asks who one is, once in a few minutes. */

import type { FactorList, SecondFactor } from "../../../types/account.js";
import { hasPasskeys } from "../../actions/passkeys.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { CodeField, FormError, LoadedList, PasswordField, Submit } from "../controls.js";
import { useApp, useAutoFocus, useState } from "../dom.js";
import { EnrolFactor, RecoveryCodes } from "../enrol-factor.js";
import { Icon } from "../icon.js";
import { onSubmit, useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";

/** What is done once it is known who one is. */
export type Change = { kind: "add" | "codes" } | { kind: "remove"; factor: SecondFactor };

export function SecondFactors() {
  const app = useApp();
  const [list, setList] = useState<FactorList | null>(null);
  const [change, setChange] = useState<Change | null>(null);
  const [isConfirmed, setConfirmed] = useState(false);
  const problem = useLoading(async () => setList(await app.secondFactors.list()), [change]);
  const begin = (wanted: Change) => {
    setConfirmed(app.secondFactors.isConfirmed);
    setChange(wanted);
  };
  const back = () => setChange(null);
  if (change && list && !isConfirmed) return <Confirm list={list} onConfirmed={() => setConfirmed(true)} onBack={back} />;
  if (change?.kind === "add")
    return <Enrol isPasskeyOffered={Boolean(list?.passkeys_available) && hasPasskeys()} onBack={back} />;
  if (change?.kind === "codes") return <NewCodes onBack={back} />;
  if (change?.kind === "remove") return <Remove factor={change.factor} onBack={back} />;
  return (
    <section class="account-section" aria-label={text.account.secondFactor}>
      <p class="muted">{list?.is_demanded ? text.secondFactor.demanded : text.secondFactor.lead}</p>
      <LoadedList class="grants" entries={list?.factors} none={text.secondFactor.none} hasFailed={problem !== null}>
        {(factor) => <Factor key={factor.id} factor={factor} onRemove={() => begin({ kind: "remove", factor })} />}
      </LoadedList>
      <FormError text={problem} />
      {list && (
        <div class="dialog-buttons">
          {list.factors.length > 0 && (
            <button type="button" class="button" onClick={() => begin({ kind: "codes" })}>
              {text.secondFactor.newCodes(list.recovery_codes)}
            </button>
          )}
          <button type="button" class="button primary" onClick={() => begin({ kind: "add" })}>
            <Icon name="plus" />
            {text.secondFactor.add}
          </button>
        </div>
      )}
    </section>
  );
}

function Factor({ factor, onRemove }: { factor: SecondFactor; onRemove: () => void }) {
  const { label, kind, created_at: createdAt, last_used_at: usedAt } = factor;
  return (
    <li>
      <div class="grant">
        <strong>{label}</strong>
        <small class="muted" title={formatFullDate(createdAt)}>
          {text.secondFactor.kinds[kind]} ·{" "}
          {usedAt ? text.secondFactor.used(formatDate(usedAt, Date.now())) : text.secondFactor.unused}
        </small>
      </div>
      <button type="button" class="button small" onClick={onRemove}>
        {text.secondFactor.remove}
        <span class="hidden"> {label}</span>
      </button>
    </li>
  );
}

function Confirm({ list, onConfirmed, onBack }: { list: FactorList; onConfirmed: () => void; onBack: () => void }) {
  const app = useApp();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const { isBusy, error, run } = useWork();
  const first = useAutoFocus<HTMLInputElement>();
  const kinds = new Set(list.factors.map((factor) => factor.kind));
  const confirm = (proof: () => Promise<void>) => run(() => proof().then(onConfirmed));
  const submit = () =>
    confirm(() => (code && !password ? app.secondFactors.confirmByCode(code) : app.secondFactors.confirmByPassword(password)));
  return (
    <form class="form" aria-label={text.secondFactor.confirm} onSubmit={onSubmit(submit)}>
      <BackButton label={text.secondFactor.back} onClick={onBack} />
      <p class="muted">{text.secondFactor.confirmLead}</p>
      <PasswordField value={password} onInput={setPassword} isNew={false} inputRef={first} required={code === ""} />
      {kinds.has("totp") && (
        <CodeField label={text.secondFactor.orCode} value={code} onInput={setCode} required={password === ""} />
      )}
      <FormError text={error} />
      <div class="dialog-buttons">
        {kinds.has("passkey") && hasPasskeys() && (
          <button
            type="button"
            class="button"
            disabled={isBusy}
            onClick={() => confirm(() => app.secondFactors.confirmByPasskey())}
          >
            <Icon name="key" />
            {text.secondFactor.usePasskey}
          </button>
        )}
        <Submit isBusy={isBusy} label={text.secondFactor.confirm} isNarrow />
      </div>
    </form>
  );
}

function Enrol({ isPasskeyOffered, onBack }: { isPasskeyOffered: boolean; onBack: () => void }) {
  const app = useApp();
  const [enrolment] = useState(() => app.secondFactors.enrolment);
  const done = () => {
    app.toasts.show(text.secondFactor.enrolled, "good");
    onBack();
  };
  return <EnrolFactor enrolment={enrolment} isPasskeyOffered={isPasskeyOffered} onDone={done} onBack={onBack} />;
}

function NewCodes({ onBack }: { onBack: () => void }) {
  const app = useApp();
  const [codes, setCodes] = useState<string[] | null>(null);
  const { isBusy, error, run } = useWork();
  const make = () => run(async () => setCodes(await app.secondFactors.newRecoveryCodes()));
  if (codes) return <RecoveryCodes codes={codes} onDone={onBack} />;
  return (
    <form class="form" onSubmit={onSubmit(make)}>
      <BackButton label={text.secondFactor.back} onClick={onBack} isFocused />
      <p>{text.secondFactor.newCodesLead}</p>
      <FormError text={error} />
      <div class="dialog-buttons">
        <Submit isBusy={isBusy} label={text.secondFactor.makeCodes} isNarrow />
      </div>
    </form>
  );
}

function Remove({ factor, onBack }: { factor: SecondFactor; onBack: () => void }) {
  const app = useApp();
  const { isBusy, error, run } = useWork();
  const remove = () =>
    run(async () => {
      await app.secondFactors.remove(factor.id);
      app.toasts.show(text.secondFactor.removed(factor.label), "good");
      onBack();
    });
  return (
    <form class="form" onSubmit={onSubmit(remove)}>
      <BackButton label={text.secondFactor.back} onClick={onBack} isFocused />
      <p>{text.secondFactor.removeLead(factor.label)}</p>
      <FormError text={error} />
      <div class="dialog-buttons">
        <button class="button danger" disabled={isBusy}>
          {text.secondFactor.remove}
        </button>
      </div>
    </form>
  );
}
