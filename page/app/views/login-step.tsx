/** What a login needs after the password: a second factor, or the enrolment of one. */

import type { LoginStep } from "../../types/account.js";
import { askForPasskey, hasPasskeys } from "../actions/passkeys.js";
import { text } from "../text/text.js";
import { CodeField, FormError, Spinner, Submit } from "./controls.js";
import { BackButton } from "./dialogs/back-button.js";
import { useApp, useAutoFocus, useState } from "./dom.js";
import { Icon } from "./icon.js";
import type { EnrolmentStep } from "./login-enrolment.js";
import { loadDialogs } from "./on-demand.js";
import { onSubmit, useLoading, useWork } from "./work.js";

export function LoginStepForm({ step, ...rest }: { step: LoginStep; stay: boolean; onBack: () => void }) {
  return step.code === "second-factor-required" ? <AnswerForm step={step} {...rest} /> : <EnrolForm step={step} {...rest} />;
}

/** The enrolment, which few logins need, comes on demand. */
function EnrolForm(properties: { step: EnrolmentStep; stay: boolean; onBack: () => void }) {
  const [part, setPart] = useState<Awaited<ReturnType<typeof loadDialogs>> | null>(null);
  const problem = useLoading(async () => setPart(await loadDialogs()), []);
  if (part) return <part.LoginEnrolment {...properties} />;
  return problem ? <FormError text={problem} /> : <Spinner label={text.app.loading} />;
}

function AnswerForm({
  step,
  stay,
  onBack,
}: {
  step: Extract<LoginStep, { code: "second-factor-required" }>;
  stay: boolean;
  onBack: () => void;
}) {
  const app = useApp();
  const [code, setCode] = useState("");
  const { isBusy, error, run } = useWork();
  const codeField = useAutoFocus<HTMLInputElement>();
  const options = hasPasskeys() ? step.passkey_options : null;
  const takesCode = step.methods.some((method) => method !== "passkey");
  const answerCode = () => run(() => app.accounts.answer(step.challenge, { code }, stay));
  const answerPasskey = () =>
    run(async () => {
      if (options) await app.accounts.answer(step.challenge, { passkey: await askForPasskey(options) }, stay);
    });
  return (
    <form class="form" onSubmit={onSubmit(answerCode)}>
      <BackButton label={text.secondFactor.otherUser} onClick={onBack} />
      {takesCode && <CodeField value={code} onInput={setCode} hint={text.secondFactor.codeHint} inputRef={codeField} />}
      <FormError text={error} />
      {takesCode && <Submit isBusy={isBusy} label={text.login.submit} />}
      {options && (
        <button type="button" class="button wide" disabled={isBusy} onClick={answerPasskey}>
          <Icon name="key" />
          {text.secondFactor.usePasskey}
        </button>
      )}
    </form>
  );
}
