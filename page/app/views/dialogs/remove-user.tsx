/** For administrators: ends an account, and says what becomes of its files. */

import type { Account, UserHandle } from "../../../types/wire.js";
import { text } from "../../text/dialogs.js";
import { Choice, FormError, Progress } from "../controls.js";
import { useApp, useAutoFocus, useState } from "../dom.js";
import { useWork } from "../work.js";
import { UserPicker } from "./user-picker.js";

export function RemoveUser({ account, onGone }: { account: Account; onGone: () => void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section>
      <h4>{text.removal.title}</h4>
      {isOpen ? (
        <Removal account={account} onGone={onGone} />
      ) : (
        <button type="button" class="button danger" onClick={() => setOpen(true)}>
          {text.removal.open(account.name)}
        </button>
      )}
    </section>
  );
}

function Removal({ account, onGone }: { account: Account; onGone: () => void }) {
  const app = useApp();
  const me = app.store.state.session.user;
  const [isGiving, setGiving] = useState(true);
  const [heir, setHeir] = useState(me as UserHandle | null);
  const [remaining, setRemaining] = useState<number | null>(null);
  const { isBusy, error, run } = useWork();
  // It takes the place of the button that had the focus, and may stand below what is seen.
  const root = useAutoFocus<HTMLDivElement>();
  const { name, file_count: count } = account;
  const remove = () =>
    run(async () => {
      await app.administration.remove(account, isGiving && heir ? heir.id : null, setRemaining);
      app.toasts.show(text.removal.done(name), "good");
      onGone();
    });
  return (
    <div class="form removal" tabIndex={-1} ref={root}>
      <p>{text.removal.lead(name)}</p>
      {count > 0 && (
        <>
          <p>{text.removal.files(name, count)}</p>
          <Choice
            label={text.removal.files(name, count)}
            options={[
              { value: true, label: text.removal.give },
              { value: false, label: text.removal.delete },
            ]}
            chosen={isGiving}
            isBusy={isBusy}
            onChoose={setGiving}
          />
          {isGiving ? <Heir account={account} heir={heir} onChoose={setHeir} /> : <p>{text.removal.forEver}</p>}
        </>
      )}
      {remaining !== null && (
        <div>
          <p aria-live="polite">{text.removal.running(remaining)}</p>
          <Progress value={count - remaining} max={count} label={text.removal.title} />
        </div>
      )}
      <FormError text={error} />
      <div class="dialog-buttons">
        <button type="button" class="button danger" disabled={isBusy} onClick={remove}>
          {submitText(account, isGiving ? heir : null)}
        </button>
      </div>
    </div>
  );
}

function Heir({ account, heir, onChoose }: { account: Account; heir: UserHandle | null; onChoose: (heir: UserHandle) => void }) {
  const app = useApp();
  const isMe = heir?.id === app.administration.me;
  return (
    <>
      <p aria-live="polite">{heir && (isMe ? text.removal.heirIsYou : text.removal.heir(heir.name))}</p>
      <UserPicker label={text.removal.otherHeir} withMe>
        {(user: UserHandle) =>
          user.id !== account.id && (
            <button
              type="button"
              class="button small"
              aria-pressed={heir?.id === user.id ? "true" : "false"}
              onClick={() => onChoose(user)}
            >
              {heir?.id === user.id ? text.transfer.chosen : text.transfer.choose}
            </button>
          )
        }
      </UserPicker>
    </>
  );
}

function submitText({ name, file_count: count }: Account, heir: UserHandle | null) {
  if (count === 0) return text.removal.submit(name);
  return heir ? text.removal.submitGive(name, heir.name) : text.removal.submitDelete(name, count);
}
