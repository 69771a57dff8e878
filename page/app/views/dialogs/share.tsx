/** Says who may use a file: everybody, or some users. Who has access is listed where the manager tells that. */

import type { FileItem } from "../../../types/state.js";
import type { UserHandle } from "../../../types/wire.js";
import { text } from "../../text/dialogs.js";
import { Choice, FormError } from "../controls.js";
import { useApp, useState, useStore } from "../dom.js";
import { Icon } from "../icon.js";
import { useLoading, useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { Person } from "./person.js";
import { UserPicker } from "./user-picker.js";

type Access = "read" | "write" | "nothing";
type WithAccess = { user: UserHandle; access: Access };

const LEVELS = (["read", "write", "nothing"] as Access[]).map((value) => ({ value, label: text.share.access[value] }));

export function ShareDialog({ file, onClose }: { file: FileItem; onClose: () => void }) {
  const app = useApp();
  const { isPublic, setPublic, hasOwner, listed, given, note, problem } = useAccess(file);
  const [added, setAdded] = useState<number | null>(null);
  const { isBusy, error, run } = useWork();
  const give = (user: UserHandle, access: Access) =>
    run(async () => {
      await app.organiser.share(file, user.id, access);
      setAdded(user.id);
      note(user, access);
    });
  const publish = (wanted: boolean) =>
    run(async () => {
      await app.organiser.setPublic(file, wanted);
      setPublic(wanted);
    });
  const choice = (user: UserHandle, isFocused = false) => (
    <Choice
      label={text.share.accessOf(user.name)}
      options={LEVELS}
      chosen={given[user.id]}
      isBusy={isBusy}
      isFocused={isFocused}
      onChoose={(access: Access) => give(user, access)}
    />
  );
  const isListed = (user: UserHandle) => listed?.some((person) => person.user.id === user.id);
  return (
    <Dialog title={text.share.title(file.name)} onClose={onClose}>
      <p class="lead">{text.share.lead}</p>
      {listed && (
        <>
          <Everybody isPublic={isPublic} hasOwner={hasOwner} isBusy={isBusy} onChange={publish} />
          <h3 id="people-with-access">{text.share.people}</h3>
          <ul class="people shared-with" aria-labelledby="people-with-access">
            {listed.map(({ user }) => (
              <Person key={user.id} name={user.name}>
                {choice(user, user.id === added)}
              </Person>
            ))}
            {listed.length === 0 && <li class="muted">{text.share.nobody}</li>}
          </ul>
        </>
      )}
      <UserPicker label={text.share.with}>
        {(user: UserHandle) => (isListed(user) ? <span class="pill">{text.share.listed}</span> : choice(user))}
      </UserPicker>
      <FormError text={error ?? problem} />
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={onClose}>
          {text.app.done}
        </button>
      </div>
    </Dialog>
  );
}

/** Whether everybody may use the file. */
function Everybody({
  isPublic,
  hasOwner,
  isBusy,
  onChange,
}: {
  isPublic: boolean;
  hasOwner: boolean;
  isBusy: boolean;
  onChange: (isPublic: boolean) => void;
}) {
  return (
    <div class="everybody">
      <span class="avatar" aria-hidden="true">
        <Icon name={isPublic ? "globe" : "lock"} />
      </span>
      <p class="name" aria-live="polite">
        {!hasOwner ? text.share.isNobodys : isPublic ? text.share.isPublic : text.share.isPrivate}
      </p>
      <Choice
        label={text.share.everybody}
        options={[
          { value: false, label: text.share.private },
          { value: true, label: text.share.public },
        ]}
        chosen={isPublic}
        isBusy={isBusy}
        onChoose={onChange}
      />
    </div>
  );
}

/**
 * Who has access: all of them, or, where the manager does not tell, those whose access was changed here. Whose access
 * was taken away stays in the list, for whoever thinks better of it.
 */
function useAccess(file: FileItem) {
  const app = useApp();
  const [isTold, setTold] = useState(false);
  const [isPublic, setPublic] = useState(false);
  const [hasOwner, setOwned] = useState(true);
  const [people, setPeople] = useState<readonly WithAccess[]>([]);
  const canOrganise = useStore((state) => state.canOrganise);
  const problem = useLoading(async () => {
    if (!canOrganise) return;
    const { is_public: isPublicNow, has_owner: isOwned, shares } = await app.organiser.accessTo(file);
    setPublic(isPublicNow);
    setOwned(isOwned);
    setPeople(shares.map(({ user, can_write: canWrite }) => ({ user, access: canWrite ? "write" : "read" })));
    setTold(true);
  }, [file, canOrganise]);
  const note = (user: UserHandle, access: Access) =>
    setPeople((all) => {
      const isKnown = all.some((person) => person.user.id === user.id);
      const others = all.map((person) => (person.user.id === user.id ? { user, access } : person));
      return isKnown ? others : [...all, { user, access }];
    });
  const given = Object.fromEntries(people.map(({ user, access }) => [user.id, access])) as Record<number, Access>;
  return { isPublic, setPublic, hasOwner, listed: isTold ? people : null, given, note, problem };
}
