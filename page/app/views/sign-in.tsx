/** The login, registering by an invitation, and the making of the administrator on a new cloud. */

import type { LoginMethods, LoginStep } from "../../types/account.js";
import type { Spaces } from "../../types/state.js";
import { HttpError } from "../actions/http.js";
import { leaveForProvider } from "../actions/openid.js";
import { hasPasskeys } from "../actions/passkeys.js";
import { text } from "../text/text.js";
import { Check, Field, FormError, PasswordField, Submit, UserNameField } from "./controls.js";
import { useApp, useAutoFocus, useLayoutEffect, useRef, useState, useStore } from "./dom.js";
import { Icon } from "./icon.js";
import { LoginStepForm } from "./login-step.js";
import { ThemeButton } from "./theme-button.js";
import { onSubmit, useLoading, useWork } from "./work.js";

const FORMS = {
  "signed-out": { words: text.login, Form: LoginForm },
  "first-start": { words: text.firstStart, Form: FirstStartForm },
  invited: { words: text.invited, Form: InvitedForm },
};

export function SignIn({ phase }: { phase: keyof typeof FORMS }) {
  const [pending, setPending] = useState<{ step: LoginStep; stay: boolean } | null>(null);
  const { words: wordsOfForm, Form } = FORMS[phase];
  const words = pending ? text.secondFactor.steps[pending.step.code] : wordsOfForm;
  const notice = useStore((state) => state.session.notice);
  return (
    <main class="sign-in">
      <div class="sign-in-theme">
        <ThemeButton />
      </div>
      <div class="sign-in-card">
        <div class="brand brand-large">
          <Icon name="cloud" class="brand-mark" />
          <span>{text.app.name}</span>
        </div>
        <h1>{words.title}</h1>
        <p class="lead">{(pending ? null : notice) ?? words.lead}</p>
        {pending ? (
          <LoginStepForm {...pending} onBack={() => setPending(null)} />
        ) : (
          <Form onStep={(step: LoginStep, stay: boolean) => setPending({ step, stay })} />
        )}
      </div>
    </main>
  );
}

function LoginForm({ onStep }: { onStep: (step: LoginStep, stay: boolean) => void }) {
  const app = useApp();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [stay, setStay] = useState(false);
  const { isBusy, error, run } = useWork();
  const nameField = useAutoFocus<HTMLInputElement>();
  const passwordField = useInput();
  useReturn(error, () => passwordField);
  const submit = async () => {
    const step = await app.accounts.login(name, password, stay);
    if (step) onStep(step, stay);
  };
  return (
    <form class="form" onSubmit={onSubmit(() => run(submit))}>
      <UserNameField value={name} onInput={setName} isNew={false} inputRef={nameField} autocomplete="username" />
      <PasswordField value={password} onInput={setPassword} isNew={false} inputRef={passwordField} />
      <Check label={text.login.stay} checked={stay} onChange={setStay} />
      <FormError text={error} />
      <Submit isBusy={isBusy} label={text.login.submit} />
      <OtherWays stay={stay} isBusy={isBusy} run={run} />
    </form>
  );
}

/** Logins without a password. */
function OtherWays({ stay, isBusy, run }: { stay: boolean; isBusy: boolean; run: (work: () => Promise<void>) => Promise<void> }) {
  const app = useApp();
  const [methods, setMethods] = useState<LoginMethods | null>(null);
  // Without an answer there is the password.
  useLoading(async () => setMethods(await app.accounts.methods()));
  return (
    <>
      {methods?.passkeys_available && hasPasskeys() && (
        <button
          type="button"
          class="button wide"
          disabled={isBusy}
          onClick={() => run(() => app.accounts.loginWithPasskey(stay))}
        >
          <Icon name="key" />
          {text.secondFactor.loginWithPasskey}
        </button>
      )}
      {methods?.openid && (
        <button type="button" class="button wide" disabled={isBusy} onClick={() => leaveForProvider(stay)}>
          <Icon name="globe" />
          {text.openid.login(methods.openid)}
        </button>
      )}
    </>
  );
}

function FirstStartForm({ onStep }: { onStep: (step: LoginStep, stay: boolean) => void }) {
  const app = useApp();
  const linkedCode = useStore((state) => state.session.setupCode);
  const [code, setCode] = useState(linkedCode ?? "");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const choosesSpaces = useStore((state) => state.session.choosesSpaces);
  const [spaces, setSpaces] = useState<Spaces>("common");
  const { isBusy, error, run } = useWork();
  const isCodeRefused = useRef(false);
  const firstField = useAutoFocus<HTMLInputElement>();
  const beginsWithCode = linkedCode === "";
  const otherField = useInput();
  const codeField = beginsWithCode ? firstField : otherField;
  const passwordField = useInput();
  useReturn(error, () => (isCodeRefused.current ? codeField : passwordField));
  const isDifferent = repeated !== "" && repeated !== password;
  const submit = async () => {
    isCodeRefused.current = false;
    if (repeated !== password) throw new Error(text.password.different);
    try {
      const setupCode = linkedCode === null ? null : code;
      const step = await app.accounts.createAdministrator(name, password, setupCode, choosesSpaces ? spaces : null);
      if (step) onStep(step, false);
    } catch (failure) {
      isCodeRefused.current = failure instanceof HttpError && failure.status === 403;
      throw failure;
    }
  };
  return (
    <form class="form" onSubmit={onSubmit(() => run(submit))}>
      {linkedCode !== null && (
        <Field
          label={text.firstStart.code}
          value={code}
          onInput={setCode}
          hint={text.firstStart.codeHint}
          inputRef={codeField}
          autocomplete="off"
          autocapitalize="none"
          required
        />
      )}
      <UserNameField
        value={name}
        onInput={setName}
        isNew
        inputRef={beginsWithCode ? undefined : firstField}
        autocomplete="username"
      />
      <PasswordField value={password} onInput={setPassword} isNew inputRef={passwordField} />
      <PasswordField
        label={text.password.repeat}
        value={repeated}
        onInput={setRepeated}
        isNew
        error={isDifferent ? text.password.different : null}
        hint={undefined}
      />
      {choosesSpaces && <SpacesChoice chosen={spaces} onChoose={setSpaces} />}
      <FormError text={error} />
      <Submit isBusy={isBusy} label={text.firstStart.submit} />
    </form>
  );
}

/** What users of the new cloud see. */
function SpacesChoice({ chosen, onChoose }: { chosen: Spaces; onChoose: (spaces: Spaces) => void }) {
  return (
    <fieldset class="spaces-choice">
      <legend>{text.firstStart.spaces}</legend>
      {(["common", "personal"] as const).map((spaces) => (
        <label class="check" key={spaces}>
          <input type="radio" name="spaces" checked={spaces === chosen} onChange={() => onChoose(spaces)} />
          <span>
            {text.firstStart.spacesOf[spaces].label}
            <small class="muted">{text.firstStart.spacesOf[spaces].hint}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function InvitedForm({ onStep }: { onStep: (step: LoginStep, stay: boolean) => void }) {
  const app = useApp();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const { isBusy, error, run } = useWork();
  const first = useAutoFocus<HTMLInputElement>();
  useReturn(error, () => first);
  const isDifferent = repeated !== "" && repeated !== password;
  const submit = async () => {
    if (repeated !== password) throw new Error(text.password.different);
    const step = await app.accounts.registerInvited(name, password);
    if (step) onStep(step, false);
  };
  return (
    <form class="form" onSubmit={onSubmit(() => run(submit))}>
      <UserNameField value={name} onInput={setName} isNew inputRef={first} autocomplete="username" />
      <PasswordField value={password} onInput={setPassword} isNew />
      <PasswordField
        label={text.password.repeat}
        value={repeated}
        onInput={setRepeated}
        isNew
        error={isDifferent ? text.password.different : null}
        hint={undefined}
      />
      <FormError text={error} />
      <Submit isBusy={isBusy} label={text.invited.submit} />
      <button type="button" class="button wide" disabled={isBusy} onClick={() => app.accounts.declineInvitation()}>
        {text.invited.hasAccount}
      </button>
    </form>
  );
}

function useInput() {
  return useRef<HTMLInputElement | null>(null);
}

/** After an error, goes back to the field in which what was wrong most likely stands. */
function useReturn(error: string | null, field: () => { current: HTMLElement | null }) {
  useLayoutEffect(() => {
    if (!error) return;
    const input = field().current;
    input?.focus();
    if (input instanceof HTMLInputElement) input.select();
  }, [error]);
}
