/** For administrators: one more user. */

import { text } from "../../text/dialogs.js";
import { FormError, PasswordField, UserNameField } from "../controls.js";
import { useApp, useAutoFocus, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";
import { BackButton } from "./back-button.js";

export function AddUser({ onBack }: { onBack: () => void }) {
  const app = useApp();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const first = useAutoFocus<HTMLInputElement>();
  const { isBusy, error, run } = useWork();
  const add = () =>
    run(async () => {
      await app.accounts.addUser(name, password);
      app.toasts.show(text.users.added(name), "good");
      onBack();
    });
  return (
    <form class="form" onSubmit={onSubmit(add)}>
      <BackButton label={text.users.all} onClick={onBack} />
      <h3>{text.users.add}</h3>
      <div class="form-pair">
        <UserNameField value={name} onInput={setName} isNew inputRef={first} autocomplete="off" />
        <PasswordField value={password} onInput={setPassword} isNew />
      </div>
      <FormError text={error} />
      <div class="dialog-buttons">
        <button class="button primary" disabled={isBusy}>
          {text.users.addSubmit}
        </button>
      </div>
    </form>
  );
}
