/** Enrols a second factor: an authenticator app by a QR code, or a passkey; the first one brings recovery codes. */

/** @import { AppEnrolment, Enrolled } from "../../types/account.js" */
/** @import { Enrolment } from "../actions/enrolment.js" */
import { text } from "../text/text.js";
import { Choice, CodeField, Field, FormError, Spinner, Submit } from "./controls.js";
import { CopyRow } from "./copy-row.js";
import { BackButton } from "./dialogs/back-button.js";
import { html, useState } from "./dom.js";
import { onSubmit, useLoading, useWork } from "./work.js";

/**
 * @typedef {object} Properties
 * @property {Enrolment} enrolment
 * @property {boolean} isPasskeyOffered
 * @property {(enrolled: Enrolled) => void} onDone
 * @property {() => void} onBack
 */

/** @param {Properties} properties */
export function EnrolFactor({ enrolment, isPasskeyOffered, onDone, onBack }) {
  const [Kind, setKind] = useState(() => EnrolApp);
  const [enrolled, setEnrolled] = useState(/** @type {Enrolled | null} */ (null));
  const done = (/** @type {Enrolled} */ result) => (result.recovery_codes.length > 0 ? setEnrolled(result) : onDone(result));
  if (enrolled) return html`<${RecoveryCodes} codes=${enrolled.recovery_codes} onDone=${() => onDone(enrolled)} />`;
  const kinds = [
    { value: EnrolApp, label: text.secondFactor.kinds.totp },
    { value: EnrolPasskey, label: text.secondFactor.kinds.passkey },
  ];
  return html`<div class="form">
    <${BackButton} label=${text.secondFactor.back} onClick=${onBack} />
    ${isPasskeyOffered && html`<${Choice} label=${text.secondFactor.kind} options=${kinds} chosen=${Kind} isBusy=${false} onChoose=${(/** @type {any} */ next) => setKind(() => next)} />`}
    <${Kind} enrolment=${enrolment} onDone=${done} />
  </div>`;
}

/** @param {{ enrolment: Enrolment, onDone: (enrolled: Enrolled) => void }} properties */
function EnrolApp({ enrolment, onDone }) {
  const [begun, setBegun] = useState(/** @type {AppEnrolment | null} */ (null));
  const [code, setCode] = useState("");
  const [label, setLabel] = useState("");
  const problem = useLoading(async () => setBegun(await enrolment.beginApp()), [enrolment]);
  const { isBusy, error, run } = useWork();
  const finish = () =>
    run(async () => {
      if (begun) onDone(await enrolment.finishApp(begun, code, label));
    });
  if (!begun) return problem ? html`<${FormError} text=${problem} />` : html`<p class="waiting"><${Spinner} label=${text.app.loading} /></p>`;
  return html`<form class="form" onSubmit=${onSubmit(finish)}>
    <p class="muted">${text.secondFactor.scan}</p>
    <img class="qr-code" src=${begun.qr_code} alt=${text.secondFactor.qrCode} />
    <${CopyRow} label=${text.secondFactor.secret} value=${begun.secret} />
    <${CodeField} value=${code} onInput=${setCode} />
    <${LabelField} value=${label} onInput=${setLabel} />
    <${FormError} text=${error} />
    <${Submit} isBusy=${isBusy} label=${text.secondFactor.enrolApp} />
  </form>`;
}

/** @param {{ enrolment: Enrolment, onDone: (enrolled: Enrolled) => void }} properties */
function EnrolPasskey({ enrolment, onDone }) {
  const [label, setLabel] = useState("");
  const { isBusy, error, run } = useWork();
  const make = () => run(async () => onDone(await enrolment.addPasskey(label)));
  return html`<form class="form" onSubmit=${onSubmit(make)}>
    <p class="muted">${text.secondFactor.passkeyLead}</p>
    <${LabelField} value=${label} onInput=${setLabel} />
    <${FormError} text=${error} />
    <${Submit} isBusy=${isBusy} label=${text.secondFactor.makePasskey} />
  </form>`;
}

/** @param {{ value: string, onInput: (value: string) => void }} properties */
function LabelField({ value, onInput }) {
  return html`<${Field} label=${text.secondFactor.label} hint=${text.secondFactor.labelHint} value=${value} onInput=${onInput} maxLength=${64} autocomplete="off" />`;
}

/** @param {{ codes: string[], onDone: () => void }} properties */
export function RecoveryCodes({ codes, onDone }) {
  return html`<section class="form" aria-label=${text.secondFactor.recoveryCodes}>
    <h3>${text.secondFactor.recoveryCodes}</h3>
    <p>${text.secondFactor.recoveryOnce}</p>
    <ul class="recovery-codes">
      ${codes.map((code) => html`<li key=${code}><code>${code}</code></li>`)}
    </ul>
    <${CopyRow} label=${text.secondFactor.recoveryCodes} value=${codes.join(" ")} />
    <div class="dialog-buttons"><button type="button" class="button primary" onClick=${onDone}>${text.secondFactor.saved}</button></div>
  </section>`;
}
