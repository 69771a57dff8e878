/** Says who may use a file: everybody, or some users. Who has access is listed where the manager tells that. */

/** @import { FileItem } from "../../../types/state.js" */
/** @import { UserHandle } from "../../../types/wire.js" */
import { text } from "../../text/text.js";
import { Choice, FormError } from "../controls.js";
import { html, useApp, useState, useStore } from "../dom.js";
import { Icon } from "../icon.js";
import { useLoading, useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { UserPicker } from "./user-picker.js";

/** @typedef {"read" | "write" | "nothing"} Access */
/** @typedef {{ user: UserHandle, access: Access }} Person */

const LEVELS = /** @type {Access[]} */ (["read", "write", "nothing"]).map((value) => ({ value, label: text.share.access[value] }));

/** @param {{ file: FileItem, onClose: () => void }} properties */
export function ShareDialog({ file, onClose }) {
  const app = useApp();
  const { isPublic, setPublic, hasOwner, listed, given, note, problem } = useAccess(file);
  const [added, setAdded] = useState(/** @type {number | null} */ (null));
  const { isBusy, error, run } = useWork();
  const give = (/** @type {UserHandle} */ user, /** @type {Access} */ access) =>
    run(async () => {
      await app.organiser.share(file, user.id, access);
      setAdded(user.id);
      note(user, access);
    });
  const publish = (/** @type {boolean} */ wanted) =>
    run(async () => {
      await app.organiser.setPublic(file, wanted);
      setPublic(wanted);
    });
  const choice = (/** @type {UserHandle} */ user, isFocused = false) =>
    html`<${Choice}
      label=${text.share.accessOf(user.name)}
      options=${LEVELS}
      chosen=${given[user.id]}
      isBusy=${isBusy}
      isFocused=${isFocused}
      onChoose=${(/** @type {Access} */ access) => give(user, access)}
    />`;
  const isListed = (/** @type {UserHandle} */ user) => listed?.some((person) => person.user.id === user.id);
  return html`<${Dialog} title=${text.share.title(file.name)} onClose=${onClose}>
    <p class="lead">${text.share.lead}</p>
    ${listed &&
    html`<${Everybody} isPublic=${isPublic} hasOwner=${hasOwner} isBusy=${isBusy} onChange=${publish} />
      <h3 id="people-with-access">${text.share.people}</h3>
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
    <${FormError} text=${error ?? problem} />
    <div class="dialog-buttons"><button type="button" class="button primary" onClick=${onClose}>${text.app.done}</button></div>
  <//>`;
}

/**
 * Whether everybody may use the file.
 * @param {{ isPublic: boolean, hasOwner: boolean, isBusy: boolean, onChange: (isPublic: boolean) => void }} properties
 */
function Everybody({ isPublic, hasOwner, isBusy, onChange }) {
  return html`<div class="everybody">
    <span class="avatar" aria-hidden="true"><${Icon} name=${isPublic ? "globe" : "lock"} /></span>
    <p class="name" aria-live="polite">${!hasOwner ? text.share.isNobodys : isPublic ? text.share.isPublic : text.share.isPrivate}</p>
    <${Choice}
      label=${text.share.everybody}
      options=${[
        { value: false, label: text.share.private },
        { value: true, label: text.share.public },
      ]}
      chosen=${isPublic}
      isBusy=${isBusy}
      onChoose=${onChange}
    />
  </div>`;
}

/**
 * Who has access: all of them, or, where the manager does not tell, those whose access was changed here. Whose access
 * was taken away stays in the list, for whoever thinks better of it.
 * @param {FileItem} file
 */
function useAccess(file) {
  const app = useApp();
  const [isTold, setTold] = useState(false);
  const [isPublic, setPublic] = useState(false);
  const [hasOwner, setOwned] = useState(true);
  const [people, setPeople] = useState(/** @type {readonly Person[]} */ ([]));
  const canOrganise = useStore((state) => state.canOrganise);
  const problem = useLoading(async () => {
    if (!canOrganise) return;
    const { is_public: isPublicNow, has_owner: isOwned, shares } = await app.organiser.accessTo(file);
    setPublic(isPublicNow);
    setOwned(isOwned);
    setPeople(shares.map(({ user, can_write: canWrite }) => ({ user, access: canWrite ? "write" : "read" })));
    setTold(true);
  }, [file, canOrganise]);
  const note = (/** @type {UserHandle} */ user, /** @type {Access} */ access) =>
    setPeople((all) => {
      const isKnown = all.some((person) => person.user.id === user.id);
      const others = all.map((person) => (person.user.id === user.id ? { user, access } : person));
      return isKnown ? others : [...all, { user, access }];
    });
  const given = /** @type {Record<number, Access>} */ (Object.fromEntries(people.map(({ user, access }) => [user.id, access])));
  return { isPublic, setPublic, hasOwner, listed: isTold ? people : null, given, note, problem };
}
