/** For administrators: ends an account, and says what becomes of its files. */

/** @import { Account, UserHandle } from "../../../types/wire.js" */
import { text } from "../../text/text.js";
import { Choice, FormError, Progress } from "../controls.js";
import { html, useApp, useAutoFocus, useState } from "../dom.js";
import { useWork } from "../work.js";
import { UserPicker } from "./user-picker.js";

/** @param {{ account: Account, onGone: () => void }} properties */
export function RemoveUser({ account, onGone }) {
  const [isOpen, setOpen] = useState(false);
  return html`<section>
    <h4>${text.removal.title}</h4>
    ${isOpen
      ? html`<${Removal} account=${account} onGone=${onGone} />`
      : html`<button type="button" class="button danger" onClick=${() => setOpen(true)}>${text.removal.open(account.name)}</button>`}
  </section>`;
}

/** @param {{ account: Account, onGone: () => void }} properties */
function Removal({ account, onGone }) {
  const app = useApp();
  const me = app.store.state.session.user;
  const [isGiving, setGiving] = useState(true);
  const [heir, setHeir] = useState(/** @type {UserHandle | null} */ (me));
  const [remaining, setRemaining] = useState(/** @type {number | null} */ (null));
  const { isBusy, error, run } = useWork();
  // It takes the place of the button that had the focus, and may stand below what is seen.
  const root = useAutoFocus();
  const { name, file_count: count } = account;
  const remove = () =>
    run(async () => {
      await app.administration.remove(account, isGiving && heir ? heir.id : null, setRemaining);
      app.toasts.show(text.removal.done(name), "good");
      onGone();
    });
  return html`<div class="form removal" tabindex="-1" ref=${root}>
    <p>${text.removal.lead(name)}</p>
    ${count > 0 &&
    html`<p>${text.removal.files(name, count)}</p>
      <${Choice}
        label=${text.removal.files(name, count)}
        options=${[
          { value: true, label: text.removal.give },
          { value: false, label: text.removal.delete },
        ]}
        chosen=${isGiving}
        isBusy=${isBusy}
        onChoose=${setGiving}
      />
      ${isGiving ? html`<${Heir} account=${account} heir=${heir} onChoose=${setHeir} />` : html`<p>${text.removal.forEver}</p>`}`}
    ${remaining !== null &&
    html`<div>
      <p aria-live="polite">${text.removal.running(remaining)}</p>
      <${Progress} value=${count - remaining} max=${count} label=${text.removal.title} />
    </div>`}
    <${FormError} text=${error} />
    <div class="dialog-buttons"><button type="button" class="button danger" disabled=${isBusy} onClick=${remove}>${submitText(account, isGiving ? heir : null)}</button></div>
  </div>`;
}

/** @param {{ account: Account, heir: UserHandle | null, onChoose: (heir: UserHandle) => void }} properties */
function Heir({ account, heir, onChoose }) {
  const app = useApp();
  const isMe = heir?.id === app.administration.me;
  return html`<p aria-live="polite">${heir && (isMe ? text.removal.heirIsYou : text.removal.heir(heir.name))}</p>
    <${UserPicker} label=${text.removal.otherHeir} withMe>
      ${(/** @type {UserHandle} */ user) =>
        user.id !== account.id &&
        html`<button type="button" class="button small" aria-pressed=${heir?.id === user.id ? "true" : "false"} onClick=${() => onChoose(user)}>
          ${heir?.id === user.id ? text.transfer.chosen : text.transfer.choose}
        </button>`}
    <//>`;
}

/**
 * @param {Account} account
 * @param {UserHandle | null} heir
 */
function submitText({ name, file_count: count }, heir) {
  if (count === 0) return text.removal.submit(name);
  return heir ? text.removal.submitGive(name, heir.name) : text.removal.submitDelete(name, count);
}
