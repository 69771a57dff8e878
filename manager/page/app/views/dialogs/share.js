/** Gives other users access to a file, or takes it away; lists who has it, where the manager tells that. */

/** @import { FileItem } from "../../../types/state.js" */
/** @import { UserHandle } from "../../../types/wire.js" */
import { text } from "../../text/text.js";
import { FormError } from "../controls.js";
import { html, useApp, useEffect, useRef, useState } from "../dom.js";
import { useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { UserPicker } from "./user-picker.js";

/** @typedef {"read" | "write" | "nothing"} Access */
/** @typedef {{ user: UserHandle, access: Access }} Person */

/** @param {{ file: FileItem, onClose: () => void }} properties */
export function ShareDialog({ file, onClose }) {
  const app = useApp();
  const { listed, given, note } = usePeople(file);
  const [added, setAdded] = useState(/** @type {number | null} */ (null));
  const { isBusy, error, run } = useWork();
  const give = (/** @type {UserHandle} */ user, /** @type {Access} */ access) =>
    run(async () => {
      await app.organiser.share(file, user.id, access);
      setAdded(user.id);
      note(user, access);
    });
  const choice = (/** @type {UserHandle} */ user, isFocused = false) =>
    html`<${AccessChoice} user=${user} access=${given[user.id]} isBusy=${isBusy} isFocused=${isFocused} onGive=${give} />`;
  const isListed = (/** @type {UserHandle} */ user) => listed?.some((person) => person.user.id === user.id);
  return html`<${Dialog} title=${text.share.title(file.name)} onClose=${onClose}>
    <p class="lead">${text.share.lead}</p>
    ${listed &&
    html`<h3 id="people-with-access">${text.share.people}</h3>
      <ul class="people shared-with" aria-labelledby="people-with-access">
        ${listed.map(
          ({ user }) => html`<li key=${user.id}>
            <span class="avatar" aria-hidden="true">${user.name.charAt(0).toUpperCase()}</span>
            <span class="name">${user.name}</span>
            ${choice(user, user.id === added)}
          </li>`,
        )}
        ${listed.length === 0 && html`<li class="muted">${text.share.nobody}</li>`}
      </ul>`}
    <${UserPicker} label=${text.share.with}>
      ${(/** @type {UserHandle} */ user) => (isListed(user) ? html`<span class="pill">${text.share.listed}</span>` : choice(user))}
    <//>
    <${FormError} text=${error} />
    <div class="dialog-buttons"><button type="button" class="button primary" onClick=${onClose}>${text.app.done}</button></div>
  <//>`;
}

/**
 * @param {object} properties
 * @param {UserHandle} properties.user
 * @param {Access | undefined} properties.access
 * @param {boolean} properties.isBusy
 * @param {boolean} properties.isFocused whether it takes the place of the choice that had the focus
 * @param {(user: UserHandle, access: Access) => void} properties.onGive
 */
function AccessChoice({ user, access, isBusy, isFocused, onGive }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  // Busy buttons are not disabled: browsers would take the focus from them.
  useEffect(() => {
    if (isFocused) group.current?.querySelector("button")?.focus();
  }, []);
  return html`<div class="segmented words" role="group" aria-label=${text.share.accessOf(user.name)} ref=${group}>
    ${/** @type {Access[]} */ (["read", "write", "nothing"]).map(
      (each) => html`<button
        type="button"
        key=${each}
        aria-disabled=${isBusy ? "true" : "false"}
        aria-pressed=${access === each ? "true" : "false"}
        onClick=${() => onGive(user, each)}
      >
        ${text.share.access[each]}
      </button>`,
    )}
  </div>`;
}

/**
 * Who has access: all of them, or, where the manager does not tell, those whose access was changed here. Whose access
 * was taken away stays in the list, for whoever thinks better of it.
 * @param {FileItem} file
 */
function usePeople(file) {
  const app = useApp();
  const [isTold, setTold] = useState(false);
  const [people, setPeople] = useState(/** @type {readonly Person[]} */ ([]));
  useEffect(() => {
    if (!app.store.state.canOrganise) return;
    const load = async () => {
      const shares = await app.organiser.shares(file);
      setPeople(shares.map(({ user, can_write: canWrite }) => ({ user, access: canWrite ? "write" : "read" })));
      setTold(true);
    };
    load().catch((error) => app.toasts.error(error));
  }, [app, file]);
  const note = (/** @type {UserHandle} */ user, /** @type {Access} */ access) =>
    setPeople((all) => {
      const isKnown = all.some((person) => person.user.id === user.id);
      const others = all.map((person) => (person.user.id === user.id ? { user, access } : person));
      return isKnown ? others : [...all, { user, access }];
    });
  const given = /** @type {Record<number, Access>} */ (Object.fromEntries(people.map(({ user, access }) => [user.id, access])));
  return { listed: isTold ? people : null, given, note };
}
