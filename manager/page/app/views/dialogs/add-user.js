/** For administrators: one more user. */

import { text } from "../../text/text.js";
import { Field, FormError } from "../controls.js";
import { html, useApp, useAutoFocus, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";
import { BackButton } from "./back-button.js";

/** @param {{ onBack: () => void }} properties */
export function AddUser({ onBack }) {
  const app = useApp();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const first = useAutoFocus();
  const { isBusy, error, run } = useWork();
  const add = () =>
    run(async () => {
      await app.accounts.addUser(name, password);
      app.toasts.show(text.users.added(name), "good");
      onBack();
    });
  return html`<form class="form" onSubmit=${onSubmit(add)}>
    <${BackButton} label=${text.users.all} onClick=${onBack} />
    <h3>${text.users.add}</h3>
    <div class="form-pair">
      <${Field}
        label=${text.login.name}
        value=${name}
        onInput=${setName}
        inputRef=${first}
        autocomplete="off"
        required
        maxLength=${16}
        pattern="[A-Za-z0-9]+"
        hint=${text.users.nameHint}
      />
      <${Field}
        label=${text.login.password}
        type="password"
        value=${password}
        onInput=${setPassword}
        autocomplete="new-password"
        required
        minLength=${8}
        maxLength=${256}
        hint=${text.password.hint}
      />
    </div>
    <${FormError} text=${error} />
    <div class="dialog-buttons"><button class="button primary" disabled=${isBusy}>${text.users.addSubmit}</button></div>
  </form>`;
}
