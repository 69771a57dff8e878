/** For administrators: who there is, and what can be done about each. */

import type { Account } from "../../../types/wire.js";
import { afterQuiet } from "../../actions/timing.js";
import { messageOf } from "../../protocol/errors.js";
import { asUserName } from "../../state/user-name.js";
import { formatSize } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { Field, FormError, LoadedList } from "../controls.js";
import { useApp, useAutoFocus, useEffect, useMemo, useRef, useState } from "../dom.js";
import { Icon } from "../icon.js";
import { useOnline } from "../work.js";
import { AddUser } from "./add-user.js";
import { Dialog } from "./dialog.js";
import { GroupsPart } from "./groups.js";
import { Invitations } from "./invitations.js";
import { ManageUser } from "./manage-user.js";
import { Usage } from "./usage.js";

const QUIET_MS = 150;

type Chosen = Account | "new" | "invitations" | "groups" | "usage";

export type Found = { all: Account[] | null; total: number; pages: number };

export function UsersDialog({ onClose }: { onClose: () => void }) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [query, setQuery] = useState("");
  const accounts = useAccounts(query);
  const lastChosen = useRef<number | null>(null);
  const back = () => {
    lastChosen.current = isAccount(chosen) ? chosen.id : null;
    setChosen(null);
    accounts.reload();
  };
  return (
    <Dialog title={text.users.title} onClose={onClose} wide={chosen === "usage"}>
      {chosen === "new" && <AddUser onBack={back} />}
      {chosen === "invitations" && <Invitations onBack={back} />}
      {chosen === "groups" && <GroupsPart onBack={back} />}
      {chosen === "usage" && <Usage onBack={back} />}
      {isAccount(chosen) && <ManageUser key={chosen.id} account={chosen} onBack={back} />}
      {!chosen && (
        <Accounts accounts={accounts} query={query} onQuery={setQuery} focused={lastChosen.current} onChoose={setChosen} />
      )}
    </Dialog>
  );
}

function isAccount(chosen: Chosen | null): chosen is Account {
  return chosen !== null && typeof chosen !== "string";
}

/** @param properties `focused` is whom one comes back from */
function Accounts({
  accounts,
  query,
  onQuery,
  focused,
  onChoose,
}: {
  accounts: ReturnType<typeof useAccounts>;
  query: string;
  onQuery: (query: string) => void;
  focused: number | null;
  onChoose: (chosen: Chosen) => void;
}) {
  const { all, total, more, error, isBusy } = accounts;
  return (
    <div class="accounts">
      <div class="accounts-head">
        <Field
          label={text.users.find}
          value={query}
          onInput={(typed: string) => onQuery(asUserName(typed))}
          placeholder={text.users.search}
          autocomplete="off"
        />
        <button type="button" class="button primary" onClick={() => onChoose("new")}>
          <Icon name="user-plus" />
          {text.users.add}
        </button>
        <button type="button" class="button" onClick={() => onChoose("invitations")}>
          <Icon name="link" />
          {text.invitations.title}
        </button>
        <button type="button" class="button" onClick={() => onChoose("groups")}>
          <Icon name="users" />
          {text.groups.title}
        </button>
        <button type="button" class="button" onClick={() => onChoose("usage")}>
          <Icon name="server" />
          {text.usage.title}
        </button>
      </div>
      <p class="muted" aria-live="polite">
        {all && text.users.count(total)}
      </p>
      <LoadedList
        class="people all-accounts"
        entries={all}
        none={text.users.nobody}
        isBusy={isBusy}
        hasFailed={error !== null}
        more={more}
      >
        {(account) => <Row key={account.id} account={account} isFocused={account.id === focused} onChoose={onChoose} />}
      </LoadedList>
      <FormError text={error} />
    </div>
  );
}

function Row({ account, isFocused, onChoose }: { account: Account; isFocused: boolean; onChoose: (account: Account) => void }) {
  const app = useApp();
  const button = useAutoFocus<HTMLButtonElement>(isFocused);
  return (
    <li>
      <button type="button" class="account" ref={button} onClick={() => onChoose(account)}>
        <span class="avatar" aria-hidden="true">
          {account.name.charAt(0).toUpperCase()}
        </span>
        <span class="name">
          <span class="hidden">{text.users.manage} </span>
          {account.name}
          <small class="muted">{text.users.owns(account.file_count, formatSize(account.total_size))}</small>
        </span>
        <span class="pills">
          {account.id === app.administration.me && <span class="pill">{text.users.you}</span>}
          {account.is_admin && <span class="pill good">{text.users.administrator}</span>}
        </span>
        <Icon name="chevron" />
      </button>
    </li>
  );
}

/** The users whose names contain the query, as far as they are loaded. */
function useAccounts(query: string) {
  const app = useApp();
  const [found, setFound] = useState<Found>({ all: null, total: 0, pages: 0 });
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const lastAsked = useRef(0);
  const isOnline = useOnline();
  const load = async (wanted: string, page: number) => {
    const asked = ++lastAsked.current;
    setBusy(true);
    setError(null);
    try {
      const { users, total } = await app.administration.users(page, wanted);
      if (asked === lastAsked.current)
        setFound(({ all }) => ({ all: page === 0 ? users : joined(all ?? [], users), total, pages: page + 1 }));
    } catch (failure) {
      if (asked === lastAsked.current) setError(messageOf(failure));
    } finally {
      if (asked === lastAsked.current) setBusy(false);
    }
  };
  const search = useMemo(() => afterQuiet((wanted: string) => void load(wanted, 0), QUIET_MS), [app]);
  useEffect(() => {
    if (lastAsked.current === 0) void load(query, 0);
    else search(query);
  }, [query, isOnline]);
  const { all, total, pages } = found;
  const more = all && all.length < total ? () => void load(query, pages) : null;
  return { all, total, more, error, isBusy, reload: () => void load(query, 0) };
}

/** Users may come and go while one reads. */
function joined(before: readonly Account[], page: readonly Account[]) {
  const known = new Set(before.map((account) => account.id));
  return [...before, ...page.filter((account) => !known.has(account.id))];
}
