/** Finds users while a name is typed. */

import type { ComponentChildren } from "preact";
import type { UserHandle } from "../../../types/wire.js";
import { afterQuiet } from "../../actions/timing.js";
import { asUserName } from "../../state/user-name.js";
import { text } from "../../text/dialogs.js";
import { Field, FormError } from "../controls.js";
import { useApp, useMemo, useRef, useState } from "../dom.js";
import { useLoading } from "../work.js";
import { Person } from "./person.js";

const QUIET_MS = 150;

/** @param properties `children` draws what can be done with a user that was found */
export function UserPicker({
  label,
  withMe = false,
  children,
}: {
  label: string;
  withMe?: boolean;
  children: (user: UserHandle) => ComponentChildren;
}) {
  const app = useApp();
  const me = app.store.state.session.user?.id;
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState("");
  const [users, setUsers] = useState<UserHandle[] | null>(null);
  const latest = useRef("");
  const search = useMemo(() => afterQuiet(setAsked, QUIET_MS), []);
  const problem = useLoading(async () => {
    if (!asked) return;
    const found = await app.accounts.findUsers(asked);
    if (latest.current === asked) setUsers(found);
  }, [asked]);
  const type = (typed: string) => {
    latest.current = asUserName(typed);
    setQuery(latest.current);
    search(latest.current);
  };
  const shown = query && !problem ? users?.filter((user) => withMe || user.id !== me) : null;
  return (
    <div class="picker">
      <Field label={label} value={query} onInput={type} placeholder={text.users.search} autocomplete="off" />
      <ul class="people" aria-live="polite">
        {shown?.map((user) => (
          <Person key={user.id} name={user.name}>
            {children(user)}
          </Person>
        ))}
        {shown?.length === 0 && <li class="muted">{text.users.nobody}</li>}{" "}
        {!shown && !problem && <li class="muted">{text.users.typeName}</li>}
      </ul>
      <FormError text={problem} />
    </div>
  );
}
