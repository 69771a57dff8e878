/** Chooses a folder by going from one to the next; new ones can be made on the way. */

import type { FolderHandle } from "../../../types/wire.js";
import { formatPath, nameProblem } from "../../state/paths.js";
import { text } from "../../text/dialogs.js";
import { Field, FormError, IconButton, Spinner } from "../controls.js";
import { useApp, useAutoFocus, useState } from "../dom.js";
import { Icon } from "../icon.js";
import { onSubmit, useLoading, useWork } from "../work.js";

/** @param properties `closed`: names in the folder that cannot be gone to */
export function FolderPicker({
  path,
  onChange,
  closed = [],
}: {
  path: readonly string[];
  onChange: (path: readonly string[]) => void;
  closed?: readonly string[];
}) {
  const [isMaking, setMaking] = useState(false);
  const goTo = (target: readonly string[]) => {
    setMaking(false);
    onChange(target);
  };
  const { folders, problem } = useFolders(path);
  return (
    <>
      <div class="folder-picker" tabIndex={-1}>
        <div class="folder-picker-head">
          <button
            type="button"
            class="icon-button"
            aria-label={text.move.up}
            title={text.move.up}
            disabled={path.length === 0}
            onClick={() => goTo(path.slice(0, -1))}
          >
            <Icon name="arrow-up" />
          </button>
          <strong class="name">{path.at(-1) ?? text.app.root}</strong>
          <IconButton
            icon="folder-plus"
            label={text.actions.newFolder}
            expanded={isMaking}
            onClick={() => setMaking(!isMaking)}
          />
        </div>
        {isMaking && (
          <NewFolder parent={path} onMade={(name: string) => goTo([...path, name])} onCancel={() => setMaking(false)} />
        )}
        <Folders
          folders={folders}
          hasFailed={problem !== null}
          closed={closed}
          onOpen={(name: string) => goTo([...path, name])}
        />
      </div>
      <FormError text={problem} />
    </>
  );
}

/** Makes a folder where one is, and goes into it. */
function NewFolder({
  parent,
  onMade,
  onCancel,
}: {
  parent: readonly string[];
  onMade: (name: string) => void;
  onCancel: () => void;
}) {
  const app = useApp();
  const [name, setName] = useState("");
  const { isBusy, error, run } = useWork();
  const input = useAutoFocus<HTMLInputElement>();
  const problem = name === "" ? null : nameProblem(name);
  const create = () =>
    run(async () => {
      await app.organiser.createFolder(name, parent);
      onMade(name);
    });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // It is this that ends, and not the dialog.
    event.preventDefault();
    onCancel();
  };
  return (
    <form class="folder-picker-new" onSubmit={onSubmit(create)} onKeyDown={onKeyDown}>
      <Field
        label={text.names.newFolder}
        value={name}
        onInput={setName}
        inputRef={input}
        error={(problem && text.names[problem]) ?? error}
        autocomplete="off"
        required
      />
      <button class="button" disabled={isBusy || name === "" || problem !== null}>
        {text.actions.create}
      </button>
    </form>
  );
}

function Folders({
  folders,
  hasFailed,
  closed,
  onOpen,
}: {
  folders: { all: FolderHandle[]; more: (() => void) | null } | null;
  hasFailed: boolean;
  closed: readonly string[];
  onOpen: (name: string) => void;
}) {
  if (!folders) return <div class="folder-list">{!hasFailed && <Spinner label={text.app.loading} />}</div>;
  return (
    <ul class="folder-list">
      {folders.all.map((folder) => (
        <li key={folder.id}>
          <button type="button" disabled={closed.includes(folder.name)} onClick={() => onOpen(folder.name)}>
            <span class="kind kind-folder">
              <Icon name="folder" />
            </span>
            <span class="name">{folder.name}</span>
            <Icon name="chevron" />
          </button>
        </li>
      ))}
      {folders.all.length === 0 && <li class="muted">{text.move.noneInside}</li>}
      {folders.more && (
        <li>
          <button type="button" onClick={folders.more}>
            {text.app.more}
          </button>
        </li>
      )}
    </ul>
  );
}

/** The folders in a folder, page by page. */
function useFolders(path: readonly string[]) {
  const app = useApp();
  const key = formatPath(path);
  const [found, setFound] = useState({ key: "", all: [] as FolderHandle[], next: 0, isMore: false });
  const load = async (page: number) => {
    const answer = await app.connection.request("c2s:list-request", {
      path: key,
      type: "subfolders",
      page,
      sort_by: "name",
      ascending_sort: true,
    });
    const status = await app.connection.request("c2s:folder-status-request", { path: key });
    setFound((before) => {
      const all = [...(page > 0 ? before.all : []), ...(answer.folders ?? [])];
      return { key, all, next: page + 1, isMore: all.length < status.subfolder_count };
    });
  };
  const problem = useLoading(() => load(0), [key]);
  const more = found.isMore ? () => void load(found.next).catch((error) => app.toasts.error(error)) : null;
  return { problem, folders: found.key === key ? { all: found.all, more } : null };
}
