/** Changes one's own password. */

import { HttpError } from "../../actions/http.js";
import { text } from "../../text/dialogs.js";
import { FormError, PasswordField } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";

export function ChangePassword() {
  const app = useApp();
  const [previous, setPrevious] = useState("");
  const [next, setNext] = useState("");
  const [repeated, setRepeated] = useState("");
  const { isBusy, error, run } = useWork();
  const isDifferent = repeated !== "" && repeated !== next;
  const change = () =>
    run(async () => {
      if (repeated !== next) throw new Error(text.password.different);
      await app.accounts.changePassword(previous, next).catch((failure) => {
        // The manager's words are about user names, too, of which nobody asked here.
        throw failure instanceof HttpError && failure.status === 403 ? new Error(text.password.wrong) : failure;
      });
      app.toasts.show(text.password.changed, "good");
      for (const clear of [setPrevious, setNext, setRepeated]) clear("");
    });
  return (
    <form class="form" aria-label={text.account.password} onSubmit={onSubmit(change)}>
      <PasswordField label={text.password.previous} value={previous} onInput={setPrevious} isNew={false} />
      <PasswordField label={text.password.next} value={next} onInput={setNext} isNew />
      <PasswordField
        label={text.password.repeat}
        value={repeated}
        onInput={setRepeated}
        isNew
        hint={undefined}
        error={isDifferent ? text.password.different : null}
      />
      <p class="muted">{text.password.consequence}</p>
      <FormError text={error} />
      <div class="dialog-buttons">
        <button class="button primary" disabled={isBusy}>
          {text.password.submit}
        </button>
      </div>
    </form>
  );
}
