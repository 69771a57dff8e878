/** The login, and the making of the administrator on a new cloud. */

import { text } from "../text/text.js";
import { Check, FormError, PasswordField, UserNameField } from "./controls.js";
import { html, useApp, useAutoFocus, useLayoutEffect, useRef, useState, useStore } from "./dom.js";
import { Icon } from "./icon.js";
import { ThemeButton } from "./theme-button.js";
import { onSubmit, useWork } from "./work.js";

/** @param {{ isFirst: boolean }} properties */
export function SignIn({ isFirst }) {
  const words = isFirst ? text.firstStart : text.login;
  const notice = useStore((state) => state.session.notice);
  return html`<main class="sign-in">
    <div class="sign-in-theme"><${ThemeButton} /></div>
    <div class="sign-in-card">
      <div class="brand brand-large"><${Icon} name="cloud" class="brand-mark" /><span>${text.app.name}</span></div>
      <h1>${words.title}</h1>
      <p class="lead">${notice ?? words.lead}</p>
      <${SignInForm} isFirst=${isFirst} />
    </div>
  </main>`;
}

/** @param {{ isFirst: boolean }} properties */
function SignInForm({ isFirst }) {
  const app = useApp();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [stay, setStay] = useState(false);
  const { isBusy, error, run } = useWork();
  const first = useAutoFocus();
  const secret = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => {
    // What was wrong is told, and most likely lies here.
    if (error) secret.current?.select();
    if (error) secret.current?.focus();
  }, [error]);
  const isDifferent = isFirst && repeated !== "" && repeated !== password;
  const submit = () =>
    run(async () => {
      if (!isFirst) return app.accounts.login(name, password, stay);
      if (repeated !== password) throw new Error(text.password.different);
      await app.accounts.createAdministrator(name, password);
    });
  return html`<form class="form" onSubmit=${onSubmit(submit)}>
    <${UserNameField} value=${name} onInput=${setName} isNew=${isFirst} inputRef=${first} autocomplete="username" />
    <${PasswordField} value=${password} onInput=${setPassword} isNew=${isFirst} inputRef=${secret} />
    ${isFirst &&
    html`<${PasswordField}
      label=${text.password.repeat}
      value=${repeated}
      onInput=${setRepeated}
      isNew
      error=${isDifferent ? text.password.different : null}
      hint=${undefined}
    />`}
    ${!isFirst && html`<${Check} label=${text.login.stay} checked=${stay} onChange=${setStay} />`}
    <${FormError} text=${error} />
    <button class="button primary wide" disabled=${isBusy}>
      ${isBusy ? text.app.oneMoment : isFirst ? text.firstStart.submit : text.login.submit}
    </button>
  </form>`;
}
