/** For administrators: groups of users, with whom folders are shared. */

import type { Group } from "../../../types/sharing.js";
import { Groups } from "../../actions/groups.js";
import { text } from "../../text/dialogs.js";
import { Field, FormError, LoadedList } from "../controls.js";
import { useApp, useAutoFocus, useMemo, useState } from "../dom.js";
import { Icon } from "../icon.js";
import { onSubmit, useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";
import { Person } from "./person.js";
import { UserPicker } from "./user-picker.js";

const LONGEST_NAME = 64;

export function GroupsPart({ onBack }: { onBack: () => void }) {
  const app = useApp();
  const groups = useMemo(() => new Groups(() => app.accounts.token()), []);
  const [chosen, setChosen] = useState<Group | null>(null);
  if (chosen) return <OneGroup groups={groups} group={chosen} onBack={() => setChosen(null)} />;
  return <AllGroups groups={groups} onBack={onBack} onChoose={setChosen} />;
}

function AllGroups({ groups, onBack, onChoose }: { groups: Groups; onBack: () => void; onChoose: (group: Group) => void }) {
  const [all, setAll] = useState<Group[] | null>(null);
  const [name, setName] = useState("");
  const problem = useLoading(async () => setAll(await groups.list()));
  const first = useAutoFocus<HTMLInputElement>();
  const { isBusy, error, run } = useWork();
  const make = () => run(async () => onChoose(await groups.make(name.trim())));
  return (
    <div class="own-account">
      <BackButton label={text.users.all} onClick={onBack} />
      <h3>{text.groups.title}</h3>
      <p class="muted">{text.groups.lead}</p>
      <form class="form" onSubmit={onSubmit(make)}>
        <Field
          label={text.groups.name}
          hint={text.groups.nameHint}
          value={name}
          onInput={setName}
          inputRef={first}
          maxLength={LONGEST_NAME}
          required
          autocomplete="off"
        />
        <FormError text={error} />
        <div class="dialog-buttons">
          <button class="button primary" disabled={isBusy}>
            {text.groups.make}
          </button>
        </div>
      </form>
      <section class="account-section" aria-label={text.groups.all}>
        <h4>{text.groups.all}</h4>
        <LoadedList class="people all-accounts" entries={all} none={text.groups.none} hasFailed={problem !== null}>
          {(group) => (
            <li key={group.id}>
              <button type="button" class="account" onClick={() => onChoose(group)}>
                <span class="avatar" aria-hidden="true">
                  <Icon name="users" />
                </span>
                <span class="name">
                  <span class="hidden">{text.users.manage} </span>
                  {group.name}
                  <small class="muted">{text.groups.members(group.members)}</small>
                </span>
                <Icon name="chevron" />
              </button>
            </li>
          )}
        </LoadedList>
        <FormError text={problem} />
      </section>
    </div>
  );
}

function OneGroup({ groups, group, onBack }: { groups: Groups; group: Group; onBack: () => void }) {
  const app = useApp();
  const [members, setMembers] = useState<string[] | null>(null);
  const problem = useLoading(async () => setMembers(await groups.membersOf(group)), [group.id]);
  const { isBusy, error, run } = useWork();
  const add = (user: string) =>
    run(async () => {
      await groups.add(group, user);
      setMembers([...(members ?? []).filter((each) => each !== user), user].sort());
    });
  const takeOut = (user: string) =>
    run(async () => {
      await groups.takeOut(group, user);
      setMembers(members?.filter((each) => each !== user) ?? null);
    });
  const remove = () =>
    run(async () => {
      await groups.remove(group);
      app.toasts.show(text.groups.removed(group.name), "good");
      onBack();
    });
  return (
    <div class="own-account">
      <BackButton label={text.groups.all} onClick={onBack} isFocused />
      <h3>{group.name}</h3>
      <section class="account-section" aria-label={text.groups.list}>
        <h4>{text.groups.list}</h4>
        <LoadedList
          class="people shared-with"
          entries={members}
          none={text.groups.nobody}
          isBusy={isBusy}
          hasFailed={problem !== null}
        >
          {(user) => (
            <Person key={user} name={user}>
              <button type="button" class="button small" disabled={isBusy} onClick={() => takeOut(user)}>
                {text.groups.takeOut}
                <span class="hidden"> {user}</span>
              </button>
            </Person>
          )}
        </LoadedList>
        <FormError text={problem ?? error} />
      </section>
      <UserPicker label={text.groups.add} withMe>
        {({ name }) =>
          members?.includes(name) ? (
            <span class="muted">{text.groups.isIn}</span>
          ) : (
            <button type="button" class="button small" disabled={isBusy || !members} onClick={() => add(name)}>
              {text.groups.addOne}
              <span class="hidden"> {name}</span>
            </button>
          )
        }
      </UserPicker>
      <Removal isBusy={isBusy} onRemove={remove} />
    </div>
  );
}

/** Asks before a group is deleted. */
function Removal({ isBusy, onRemove }: { isBusy: boolean; onRemove: () => void }) {
  const [isAsked, setAsked] = useState(false);
  if (isAsked) return <Question isBusy={isBusy} onNo={() => setAsked(false)} onYes={onRemove} />;
  return (
    <div class="dialog-buttons">
      <button type="button" class="button danger" onClick={() => setAsked(true)}>
        {text.groups.remove}
      </button>
    </div>
  );
}

function Question({ isBusy, onNo, onYes }: { isBusy: boolean; onNo: () => void; onYes: () => void }) {
  const no = useAutoFocus<HTMLButtonElement>();
  return (
    <section class="account-section" aria-label={text.groups.remove}>
      <p>{text.groups.removeText}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" ref={no} onClick={onNo}>
          {text.app.cancel}
        </button>
        <button type="button" class="button danger" disabled={isBusy} onClick={onYes}>
          {text.groups.remove}
        </button>
      </div>
    </section>
  );
}
