/** Finds users while a name is typed. */

/** @import { UserHandle } from "../../../types/wire.js" */
import { afterQuiet } from "../../actions/timing.js";
import { asUserName } from "../../state/user-name.js";
import { text } from "../../text/text.js";
import { Field } from "../controls.js";
import { html, useApp, useMemo, useRef, useState } from "../dom.js";

const QUIET_MS = 150;

/**
 * @param {{ label: string, withMe?: boolean, children: (user: UserHandle) => unknown }} properties
 *   `children` draws what can be done with a user that was found
 */
export function UserPicker({ label, withMe = false, children }) {
  const app = useApp();
  const me = app.store.state.session.user?.id;
  const [query, setQuery] = useState("");
  const [users, setUsers] = useState(/** @type {UserHandle[] | null} */ (null));
  const latest = useRef("");
  const search = useMemo(
    () =>
      afterQuiet(async (/** @type {string} */ wanted) => {
        const found = await app.accounts.findUsers(wanted).catch(() => []);
        if (latest.current === wanted) setUsers(found);
      }, QUIET_MS),
    [app],
  );
  const type = (/** @type {string} */ typed) => {
    const wanted = asUserName(typed);
    latest.current = wanted;
    setQuery(wanted);
    if (wanted) search(wanted);
    else setUsers(null);
  };
  const shown = users?.filter((user) => withMe || user.id !== me);
  return html`<div class="picker">
    <${Field} label=${label} value=${query} onInput=${type} placeholder=${text.users.search} autocomplete="off" />
    <ul class="people" aria-live="polite">
      ${shown?.map(
        (user) => html`<li key=${user.id}>
          <span class="avatar" aria-hidden="true">${user.name.charAt(0).toUpperCase()}</span>
          <span class="name">${user.name}</span>
          ${children(user)}
        </li>`,
      )}
      ${shown?.length === 0 && html`<li class="muted">${text.users.nobody}</li>`} ${!shown && html`<li class="muted">${text.users.typeName}</li>`}
    </ul>
  </div>`;
}
