/** Enrols a second factor: an authenticator app by a QR code, or a passkey; the first one brings recovery codes. */

import type { AppEnrolment, Enrolled } from "../../types/account.js";
import type { Enrolment } from "../actions/enrolment.js";
import { text } from "../text/dialogs.js";
import { Choice, CodeField, Field, FormError, Spinner, Submit } from "./controls.js";
import { CopyRow } from "./copy-row.js";
import { BackButton } from "./dialogs/back-button.js";
import { useState } from "./dom.js";
import { onSubmit, useLoading, useWork } from "./work.js";

export interface Properties {
  enrolment: Enrolment;
  isPasskeyOffered: boolean;
  onDone: (enrolled: Enrolled) => void;
  onBack: () => void;
}

export function EnrolFactor({ enrolment, isPasskeyOffered, onDone, onBack }: Properties) {
  const [Kind, setKind] = useState(() => EnrolApp);
  const [enrolled, setEnrolled] = useState<Enrolled | null>(null);
  const done = (result: Enrolled) => (result.recovery_codes.length > 0 ? setEnrolled(result) : onDone(result));
  if (enrolled) return <RecoveryCodes codes={enrolled.recovery_codes} onDone={() => onDone(enrolled)} />;
  const kinds = [
    { value: EnrolApp, label: text.secondFactor.kinds.totp },
    { value: EnrolPasskey, label: text.secondFactor.kinds.passkey },
  ];
  return (
    <div class="form">
      <BackButton label={text.secondFactor.back} onClick={onBack} />
      {isPasskeyOffered && (
        <Choice
          label={text.secondFactor.kind}
          options={kinds}
          chosen={Kind}
          isBusy={false}
          onChoose={(next) => setKind(() => next)}
        />
      )}
      <Kind enrolment={enrolment} onDone={done} />
    </div>
  );
}

function EnrolApp({ enrolment, onDone }: { enrolment: Enrolment; onDone: (enrolled: Enrolled) => void }) {
  const [begun, setBegun] = useState<AppEnrolment | null>(null);
  const [code, setCode] = useState("");
  const [label, setLabel] = useState("");
  const problem = useLoading(async () => setBegun(await enrolment.beginApp()), [enrolment]);
  const { isBusy, error, run } = useWork();
  const finish = () =>
    run(async () => {
      if (begun) onDone(await enrolment.finishApp(begun, code, label));
    });
  if (!begun)
    return problem ? (
      <FormError text={problem} />
    ) : (
      <p class="waiting">
        <Spinner label={text.app.loading} />
      </p>
    );
  return (
    <form class="form" onSubmit={onSubmit(finish)}>
      <p class="muted">{text.secondFactor.scan}</p>
      <img class="qr-code" src={begun.qr_code} alt={text.secondFactor.qrCode} />
      <CopyRow label={text.secondFactor.secret} value={begun.secret} />
      <CodeField value={code} onInput={setCode} />
      <LabelField value={label} onInput={setLabel} />
      <FormError text={error} />
      <Submit isBusy={isBusy} label={text.secondFactor.enrolApp} />
    </form>
  );
}

function EnrolPasskey({ enrolment, onDone }: { enrolment: Enrolment; onDone: (enrolled: Enrolled) => void }) {
  const [label, setLabel] = useState("");
  const { isBusy, error, run } = useWork();
  const make = () => run(async () => onDone(await enrolment.addPasskey(label)));
  return (
    <form class="form" onSubmit={onSubmit(make)}>
      <p class="muted">{text.secondFactor.passkeyLead}</p>
      <LabelField value={label} onInput={setLabel} />
      <FormError text={error} />
      <Submit isBusy={isBusy} label={text.secondFactor.makePasskey} />
    </form>
  );
}

function LabelField({ value, onInput }: { value: string; onInput: (value: string) => void }) {
  return (
    <Field
      label={text.secondFactor.label}
      hint={text.secondFactor.labelHint}
      value={value}
      onInput={onInput}
      maxLength={64}
      autocomplete="off"
    />
  );
}

export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  return (
    <section class="form" aria-label={text.secondFactor.recoveryCodes}>
      <h3>{text.secondFactor.recoveryCodes}</h3>
      <p>{text.secondFactor.recoveryOnce}</p>
      <ul class="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <CopyRow label={text.secondFactor.recoveryCodes} value={codes.join(" ")} />
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={onDone}>
          {text.secondFactor.saved}
        </button>
      </div>
    </section>
  );
}
