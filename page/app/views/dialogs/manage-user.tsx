/** For administrators: the role and the password of one user, and the end of the account. */

import type { FactorSummary } from "../../../types/account.js";
import type { Account } from "../../../types/wire.js";
import { formatFullDate, formatSize } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { Check, Choice, FormError, PasswordField } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { onSubmit, useLoading, useWork } from "../work.js";
import { Sessions } from "./account-sessions.js";
import { BackButton } from "./back-button.js";
import { ManageQuota } from "./manage-quota.js";
import { RemoveUser } from "./remove-user.js";

export function ManageUser({ account, onBack }: { account: Account; onBack: () => void }) {
  const app = useApp();
  const isMe = account.id === app.administration.me;
  return (
    <div class="form manage-user">
      <BackButton label={text.users.all} onClick={onBack} isFocused />
      <div class="account-head">
        <span class="avatar" aria-hidden="true">
          {account.name.charAt(0).toUpperCase()}
        </span>
        <div>
          <h3>{account.name}</h3>
          <p class="muted">{text.users.owns(account.file_count, formatSize(account.total_size))}</p>
          <p class="muted">{text.users.since(formatFullDate(account.created_at))}</p>
        </div>
      </div>
      <ManageQuota account={account} />
      {isMe && <p>{text.users.yourself}</p>}
      {!isMe && (
        <>
          <Role account={account} />
          <Password account={account} />
          <SecondFactor account={account} />
          <Sessions account={account} />
          <RemoveUser account={account} onGone={onBack} />
        </>
      )}
    </div>
  );
}

function Role({ account }: { account: Account }) {
  const app = useApp();
  const [isAdmin, setAdmin] = useState(account.is_admin);
  const { isBusy, error, run } = useWork();
  const choose = (wanted: boolean) =>
    run(async () => {
      await app.administration.setRole(account, wanted);
      setAdmin(wanted);
      app.toasts.show(wanted ? text.users.promoted(account.name) : text.users.demoted(account.name), "good");
    });
  return (
    <section>
      <h4>{text.users.role}</h4>
      <Choice
        label={text.users.role}
        options={[
          { value: false, label: text.users.roles.user },
          { value: true, label: text.users.roles.administrator },
        ]}
        chosen={isAdmin}
        isBusy={isBusy}
        onChoose={choose}
      />
      <p class="field-hint">{text.users.roleHint}</p>
      <FormError text={error} />
    </section>
  );
}

function Password({ account }: { account: Account }) {
  const app = useApp();
  const [password, setPassword] = useState("");
  const { isBusy, error, run } = useWork();
  const set = () =>
    run(async () => {
      await app.administration.setPassword(account, password);
      setPassword("");
      app.toasts.show(text.users.passwordSet(account.name), "good");
    });
  return (
    <form onSubmit={onSubmit(set)}>
      <PasswordField label={text.users.newPassword} value={password} onInput={setPassword} isNew hint={text.users.passwordHint} />
      <FormError text={error} />
      <button class="button" disabled={isBusy}>
        {text.users.setPassword}
      </button>
    </form>
  );
}

function SecondFactor({ account }: { account: Account }) {
  const app = useApp();
  const [summary, setSummary] = useState<FactorSummary | null>(null);
  const load = async () => setSummary(await app.administration.secondFactorsOf(account));
  const problem = useLoading(load, [account.id]);
  const { isBusy, error, run } = useWork();
  const demand = (isDemanded: boolean) =>
    run(async () => {
      // The box shows at once what was chosen, and goes back if it is refused.
      setSummary((before) => before && { ...before, is_demanded: isDemanded });
      await app.administration.demandSecondFactor(account, isDemanded).finally(load);
    });
  const reset = () =>
    run(async () => {
      await app.administration.resetSecondFactors(account);
      app.toasts.show(text.secondFactor.wasReset(account.name), "good");
      await load();
    });
  return (
    <section>
      <h4>{text.account.secondFactor}</h4>
      {summary && (
        <>
          <p class="muted">{text.secondFactor.owned(summary.factors.length)}</p>
          <Check label={text.secondFactor.demand} checked={summary.is_demanded} onChange={demand} />
          {summary.factors.length > 0 && (
            <button type="button" class="button" disabled={isBusy} onClick={reset}>
              {text.secondFactor.reset}
            </button>
          )}
        </>
      )}
      <FormError text={problem ?? error} />
    </section>
  );
}
