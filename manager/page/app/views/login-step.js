/** What a login needs after the password: a second factor, or the enrolment of one. */

/** @import { Enrolled, LoginStep } from "../../types/account.js" */
import { Enrolment } from "../actions/enrolment.js";
import { askForPasskey, hasPasskeys } from "../actions/passkeys.js";
import { text } from "../text/text.js";
import { CodeField, FormError, Submit } from "./controls.js";
import { BackButton } from "./dialogs/back-button.js";
import { html, useApp, useAutoFocus, useState } from "./dom.js";
import { EnrolFactor } from "./enrol-factor.js";
import { Icon } from "./icon.js";
import { onSubmit, useWork } from "./work.js";

/** @param {{ step: LoginStep, stay: boolean, onBack: () => void }} properties */
export function LoginStepForm({ step, stay, onBack }) {
  const Form = step.code === "second-factor-required" ? AnswerForm : EnrolForm;
  return html`<${Form} step=${step} stay=${stay} onBack=${onBack} />`;
}

/** @param {{ step: Extract<LoginStep, { code: "second-factor-demanded" }>, stay: boolean, onBack: () => void }} properties */
function EnrolForm({ step, stay, onBack }) {
  const app = useApp();
  const [enrolment] = useState(() => new Enrolment(step.confirmation));
  const { error, run } = useWork();
  const done = (/** @type {Enrolled} */ { token, ...rest }) =>
    run(async () => {
      if (token) await app.accounts.enterWith({ token, ...rest }, stay);
    });
  return html`<${EnrolFactor} enrolment=${enrolment} isPasskeyOffered=${hasPasskeys()} onDone=${done} onBack=${onBack} /><${FormError} text=${error} />`;
}

/** @param {{ step: Extract<LoginStep, { code: "second-factor-required" }>, stay: boolean, onBack: () => void }} properties */
function AnswerForm({ step, stay, onBack }) {
  const app = useApp();
  const [code, setCode] = useState("");
  const { isBusy, error, run } = useWork();
  const codeField = useAutoFocus();
  const options = hasPasskeys() ? step.passkey_options : null;
  const takesCode = step.methods.some((method) => method !== "passkey");
  const answerCode = () => run(() => app.accounts.answer(step.challenge, { code }, stay));
  const answerPasskey = () =>
    run(async () => {
      if (options) await app.accounts.answer(step.challenge, { passkey: await askForPasskey(options) }, stay);
    });
  return html`<form class="form" onSubmit=${onSubmit(answerCode)}>
    <${BackButton} label=${text.secondFactor.otherUser} onClick=${onBack} />
    ${takesCode && html`<${CodeField} value=${code} onInput=${setCode} hint=${text.secondFactor.codeHint} inputRef=${codeField} />`}
    <${FormError} text=${error} />
    ${takesCode && html`<${Submit} isBusy=${isBusy} label=${text.login.submit} />`}
    ${options && html`<button type="button" class="button wide" disabled=${isBusy} onClick=${answerPasskey}><${Icon} name="key" />${text.secondFactor.usePasskey}</button>`}
  </form>`;
}
