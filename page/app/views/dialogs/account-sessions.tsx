/** Where one is logged in, and the end of that. */

import type { LoginSession } from "../../../types/account.js";
import type { Account } from "../../../types/wire.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { FormError, LoadedList } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { useLoading, useWork } from "../work.js";

/** @param properties `account`: somebody else's, for administrators */
export function Sessions({ account = null }: { account?: Account | null }) {
  const app = useApp();
  const [sessions, setSessions] = useState<LoginSession[] | null>(null);
  const load = async () => setSessions(await app.ownAccount.sessions(account));
  const problem = useLoading(load);
  const { isBusy, error, run } = useWork();
  const end = (session: LoginSession) =>
    run(async () => {
      await app.ownAccount.endSession(session.id, account);
      app.toasts.show(text.sessions.ended(session.device), "good");
      await load();
    });
  const endOthers = () =>
    run(async () => {
      await app.ownAccount.endOtherSessions(account);
      app.toasts.show(account ? text.sessions.allEnded : text.sessions.othersEnded, "good");
      await load();
    });
  return (
    <section class="account-section" aria-label={text.account.sessions}>
      <p class="muted">{account ? text.sessions.leadOf(account.name) : text.sessions.lead}</p>
      <LoadedList class="grants" entries={sessions} isBusy={isBusy} hasFailed={problem !== null}>
        {(session) => <Session key={session.id} session={session} isBusy={isBusy} onEnd={end} />}
      </LoadedList>
      <FormError text={problem ?? error} />
      {(sessions?.length ?? 0) > (account ? 0 : 1) && (
        <button type="button" class="button" disabled={isBusy} onClick={endOthers}>
          {account ? text.sessions.endAll : text.sessions.endOthers}
        </button>
      )}
    </section>
  );
}

function Session({ session, isBusy, onEnd }: { session: LoginSession; isBusy: boolean; onEnd: (session: LoginSession) => void }) {
  const { device, address } = session;
  return (
    <li>
      <div class="grant">
        <strong>{device}</strong>
        <small class="muted" title={formatFullDate(session.created_at)}>
          {text.sessions.seen(formatDate(session.last_seen_at, Date.now()), address)}
        </small>
      </div>
      {session.is_current ? (
        <span class="pill good">{text.sessions.current}</span>
      ) : (
        <button type="button" class="button small" disabled={isBusy} onClick={() => onEnd(session)}>
          {text.sessions.end}
          <span class="hidden"> {device}</span>
        </button>
      )}
    </li>
  );
}
