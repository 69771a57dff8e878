/** Says who may use a folder and all that is in it: users, groups, or everybody. */

import type { FolderItem } from "../../../types/state.js";
import type { FolderRight, FolderSharing, Grantee, Group } from "../../../types/sharing.js";
import { text } from "../../text/dialogs.js";
import { Choice, FormError, Spinner } from "../controls.js";
import { useApp, useState, useStore } from "../dom.js";
import { granteeName, ownerName } from "../grantee.js";
import { useLoading, useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { Person } from "./person.js";
import { UserPicker } from "./user-picker.js";

/** `right` is null after it was taken back: the row stays, for whoever thinks better of it. */
type Row = Grantee & { right: FolderRight | null };

const RIGHTS = (["read", "write", "manage"] as const).map((value) => ({ value, label: text.folderSharing.rights[value] }));
const RIGHTS_OR_NONE = [...RIGHTS, { value: null, label: text.folderSharing.rights.none }];
const EVERYBODY: Grantee = { user: null, group: null };

export function ShareFolderDialog({ folder, onClose }: { folder: FolderItem; onClose: () => void }) {
  const app = useApp();
  const [path] = useState(() => [...app.store.state.listing.path, folder.name]);
  const user = useStore((state) => state.session.user);
  const { sharing, groups, rows, note, problem } = useSharing(path);
  const [added, setAdded] = useState<string | null>(null);
  const { isBusy, error, run } = useWork();
  const grant = (grantee: Grantee, right: FolderRight | null) =>
    run(async () => {
      await app.folderSharing.grant(path, grantee, right);
      setAdded(keyOf(grantee));
      note({ ...grantee, right });
    });
  const choice = (grantee: Grantee, given?: Row) => (
    <Choice
      label={text.share.accessOf(granteeName(grantee))}
      options={given ? RIGHTS_OR_NONE : RIGHTS}
      chosen={given?.right}
      isBusy={isBusy}
      isFocused={given !== undefined && keyOf(grantee) === added}
      onChoose={(right) => right !== given?.right && void grant(grantee, right)}
    />
  );
  const isListed = (grantee: Grantee) => rows.some((row) => keyOf(row) === keyOf(grantee));
  const others = [...groups.map(({ name }) => ({ user: null, group: name })), ...(user?.isAdmin ? [EVERYBODY] : [])];
  const canManage = sharing?.right === "manage";
  return (
    <Dialog title={text.share.title(folder.name)} onClose={onClose}>
      {!sharing && !problem && <Spinner label={text.app.loading} />}
      {sharing && <p class="lead">{canManage ? text.folderSharing.lead : text.folderSharing.cannotManage[sharing.right]}</p>}
      {canManage && (
        <>
          <h3 id="people-with-access">{text.share.people}</h3>
          <ul class="people shared-with" aria-labelledby="people-with-access">
            <Person name={ownerName(path, sharing.owner, user?.name)}>
              <span class="pill">{text.details.owner}</span>
            </Person>
            {rows.map((row) => (
              <Person key={keyOf(row)} name={row.group ?? granteeName(row)} icon={iconOf(row)}>
                {choice(row, row)}
              </Person>
            ))}
          </ul>
          {others.some((grantee) => !isListed(grantee)) && (
            <ul class="people shared-with" aria-label={text.folderSharing.groups}>
              {others
                .filter((grantee) => !isListed(grantee))
                .map((grantee) => (
                  <Person key={keyOf(grantee)} name={grantee.group ?? granteeName(grantee)} icon={iconOf(grantee)}>
                    {choice(grantee)}
                  </Person>
                ))}
            </ul>
          )}
          <UserPicker label={text.share.with}>
            {({ name }) => {
              const grantee = { user: name, group: null };
              return isListed(grantee) ? <span class="pill">{text.share.listed}</span> : choice(grantee);
            }}
          </UserPicker>
        </>
      )}
      <FormError text={error ?? problem} />
      <div class="dialog-buttons">
        <button type="button" class="button primary" onClick={onClose}>
          {text.app.done}
        </button>
      </div>
    </Dialog>
  );
}

/** Who has which right on a folder, and which groups there are. */
function useSharing(path: readonly string[]) {
  const app = useApp();
  const [sharing, setSharing] = useState<FolderSharing | null>(null);
  const [groups, setGroups] = useState<readonly Group[]>([]);
  const [rows, setRows] = useState<readonly Row[]>([]);
  const problem = useLoading(async () => {
    const [found, all] = await Promise.all([app.folderSharing.show(path), app.folderSharing.groups()]);
    setSharing(found);
    setGroups(all);
    setRows(found.grants);
  });
  const note = (row: Row) =>
    setRows((all) => {
      const isKnown = all.some((other) => keyOf(other) === keyOf(row));
      return isKnown ? all.map((other) => (keyOf(other) === keyOf(row) ? row : other)) : [...all, row];
    });
  return { sharing, groups, rows, note, problem };
}

function keyOf({ user, group }: Grantee) {
  return user !== null ? `user ${user}` : group !== null ? `group ${group}` : "everybody";
}

function iconOf({ user, group }: Grantee) {
  return user !== null ? undefined : group !== null ? "users" : "globe";
}
