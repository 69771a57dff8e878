/** For administrators: who there is, and more of them. */

/** @import { UserHandle } from "../../../types/wire.js" */
import { text } from "../../text/text.js";
import { Field, FormError } from "../controls.js";
import { html, useApp, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { UserPicker } from "./user-picker.js";

/** @param {{ onClose: () => void }} properties */
export function UsersDialog({ onClose }) {
  const app = useApp();
  const me = app.store.state.session.user;
  return html`<${Dialog} title=${text.users.title} onClose=${onClose}>
    <${AddUser} />
    <hr />
    <${UserPicker} label=${text.users.find} withMe>
      ${(/** @type {UserHandle} */ user) => user.id === me?.id && html`<span class="pill">${text.users.you}</span>`}
    <//>
  <//>`;
}

function AddUser() {
  const app = useApp();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { isBusy, error, run } = useWork();
  const add = () =>
    run(async () => {
      await app.accounts.addUser(name, password);
      app.toasts.show(text.users.added(name), "good");
      setName("");
      setPassword("");
    });
  return html`<form class="form" onSubmit=${onSubmit(add)}>
    <h3>${text.users.add}</h3>
    <div class="form-pair">
      <${Field} label=${text.login.name} value=${name} onInput=${setName} autocomplete="off" required maxLength=${16} pattern="[A-Za-z0-9]+" hint=${text.users.nameHint} />
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
