/** What is known of items, and what can be done with them. */

import type { ComponentChildren } from "preact";
import type { FileItem, FolderItem, Item } from "../../types/state.js";
import type { Processed } from "../actions/overview.js";
import type { FolderSharing } from "../../types/sharing.js";
import type { FileAccess, SharedWith } from "../../types/wire.js";
import { formatFullDate, formatSize } from "../text/format.js";
import { kindOf, previewOf } from "../state/kinds.js";
import { isEntry } from "../state/spaces.js";
import { text } from "../text/dialogs.js";
import { ActionButtons } from "./action-buttons.js";
import { granteeName, ownerName } from "./grantee.js";
import { useApp, useEffect, useState, useStore } from "./dom.js";
import { Icon, ItemIcon } from "./icon.js";
import { Thumbnail } from "./thumbnail.js";
import { Versions } from "./versions.js";
import { useOnline } from "./work.js";

const FILE_ACTIONS = ["download", "link", "share", "star"] as const;
const FOLDER_ACTIONS = ["open", "download", "share", "star"] as const;
/** On several items. */
const COMMON_ACTIONS = ["download", "star", "move", "delete"] as const;
/** More are counted. */
const NAMED_PEOPLE = 5;

export function ItemDetails({ items }: { items: readonly Item[] }) {
  const [item] = items;
  return items.length === 1 && item ? <One key={item.key} item={item} /> : <Many items={items} />;
}

function Many({ items }: { items: readonly Item[] }) {
  const bytes = items.reduce((sum, item) => sum + (item.kind === "file" ? item.size : 0), 0);
  const folders = items.filter((item) => item.kind === "folder").length;
  return (
    <>
      <div class="details-picture">
        <span class="stack">
          {items.slice(0, 3).map((item) => (
            <ItemIcon key={item.key} item={item} large />
          ))}
        </span>
      </div>
      <h3 class="details-name">{text.selection.count(items.length)}</h3>
      <ActionButtons items={items} names={COMMON_ACTIONS} />
      <dl class="facts">
        <Fact label={text.details.contents} value={text.listing.summary(folders, items.length - folders)} />
        <Fact label={text.details.filesSize} value={formatSize(bytes)} />
      </dl>
    </>
  );
}

function One({ item }: { item: Item }) {
  return item.kind === "folder" ? <FolderDetails folder={item} /> : <FileDetails file={item} />;
}

function FolderDetails({ folder }: { folder: FolderItem }) {
  const app = useApp();
  const path = useStore((state) => state.listing.path);
  const [size, setSize] = useState<number | null>(null);
  const { hasSpaces } = useStore((state) => state.features);
  const storage = useStore((state) => state.storage);
  useEffect(() => {
    app.overview.folderSize(folder.id).then(setSize, () => {});
  }, [folder.id, storage]);
  return (
    <>
      <div class="details-picture">
        <ItemIcon item={folder} large />
      </div>
      <h3 class="details-name">{folder.name}</h3>
      <ActionButtons items={[folder]} names={FOLDER_ACTIONS} />
      <dl class="facts">
        <Fact label={text.details.kind} value={text.kind.folder} />
        <Fact label={text.details.size} value={size === null ? "…" : formatSize(size)} />
        <Fact label={text.details.where} value={whereabouts(path)} />
        {hasSpaces && !isEntry(path, folder) && <FolderAccess path={path} name={folder.name} />}
      </dl>
    </>
  );
}

/** Whose a folder is, and who may do what in it, as far as the manager tells this user. */
function FolderAccess({ path, name }: { path: readonly string[]; name: string }) {
  const app = useApp();
  const [sharing, setSharing] = useState<FolderSharing | null>(null);
  const isDialogOpen = useStore((state) => state.dialog !== null);
  const me = useStore((state) => state.session.user?.name);
  useEffect(() => {
    let isWanted = !isDialogOpen;
    if (isWanted)
      app.folderSharing.show([...path, name]).then(
        (found) => isWanted && setSharing(found),
        () => {},
      );
    return () => void (isWanted = false);
  }, [path, name, isDialogOpen]);
  if (!sharing) return null;
  const { right, owner, grants } = sharing;
  return (
    <>
      <Fact label={text.details.owner} value={ownerName([...path, name], owner, me)} />
      <Fact
        label={text.details.access}
        value={text.folderSharing.yourRight[right]}
        note={named(grants.map((grant) => text.folderSharing.with(granteeName(grant), grant.right)))}
      />
    </>
  );
}

function FileDetails({ file }: { file: FileItem }) {
  const app = useApp();
  const canRead = file.can !== "none";
  const canPreview = canRead && previewOf(file) !== "none";
  return (
    <>
      <button
        type="button"
        class="details-picture"
        disabled={!canRead}
        aria-label={text.actions.previewOf(file.name)}
        onClick={() => app.selecting.open(file)}
      >
        <Thumbnail item={file} />
        {canPreview && (
          <span class="details-eye">
            <Icon name="eye" />
          </span>
        )}
      </button>
      <h3 class="details-name">{file.name}</h3>
      {canRead ? <ActionButtons items={[file]} names={FILE_ACTIONS} /> : <p class="lead">{text.access.why[file.status]}</p>}
      <FileFacts file={file} />
      {file.can === "rw" && <Versions file={file} />}
    </>
  );
}

/** What is known of a file of the present folder. */
export function FileFacts({ file }: { file: FileItem }) {
  const path = useStore((state) => state.listing.path);
  return (
    <dl class="facts">
      <Fact label={text.details.kind} value={text.kind[kindOf(file.type)]} note={file.type} />
      <Fact label={text.details.size} value={formatSize(file.size)} />
      <Metadata file={file} />
      <Fact label={text.details.changed} value={formatFullDate(file.modifiedAt)} />
      {file.updatedAt !== file.createdAt && <Fact label={text.details.uploaded} value={formatFullDate(file.updatedAt)} />}
      <Fact label={text.details.added} value={formatFullDate(file.createdAt)} />
      <Fact label={text.details.where} value={whereabouts(path)} />
      <OwnerAndAccess file={file} />
    </dl>
  );
}

/**
 * Whose it is, and who may do what: others, where this user decides about that and the manager tells it; otherwise this
 * user. The manager tells nobody the names of other owners.
 */
function OwnerAndAccess({ file }: { file: FileItem }) {
  const app = useApp();
  const canOrganise = useStore((state) => state.canOrganise);
  const [others, setOthers] = useState<FileAccess | "asking" | null>("asking");
  const isTold = file.status === "owned" && canOrganise;
  useEffect(() => {
    let isWanted = isTold;
    if (!isTold) setOthers(null);
    else
      app.organiser.accessTo(file).then(
        (found) => isWanted && setOthers(found),
        () => isWanted && setOthers(null),
      );
    return () => void (isWanted = false);
  }, [file, isTold]);
  const facts = (owner: string, access: string, note: string) => (
    <>
      <Fact
        label={text.details.owner}
        value={owner}
        note={file.sharedAt ? text.owner.shared(formatFullDate(file.sharedAt)) : ""}
      />
      <Fact label={text.details.access} value={access} note={note} />
    </>
  );
  if (others === "asking") return facts("…", "…", "");
  if (!others)
    return facts(file.status === "owned" ? text.owner.you : text.owner.other, text.access[file.status], text.can[file.can]);
  if (!others.has_owner) return facts(text.owner.nobody, text.access.ofNobody, "");
  return facts(
    text.owner.you,
    others.is_public ? text.access.ofEverybody : text.access.ofPeople(others.shares.length),
    peopleOf(others.shares),
  );
}

function peopleOf(shares: readonly SharedWith[]) {
  return named(shares.map(({ user, can_write: canWrite }) => text.access.person(user.name, canWrite)));
}

/** The first of them, and how many others there are. */
function named(people: readonly string[]) {
  const others = people.length - NAMED_PEOPLE;
  return [...people.slice(0, NAMED_PEOPLE), ...(others > 0 ? [text.access.morePeople(others)] : [])].join(", ");
}

function whereabouts(path: readonly string[]) {
  return [text.app.root, ...path].join(" / ");
}

/** What processing found out; facts appear as soon as they are known. */
function Metadata({ file }: { file: FileItem }) {
  const app = useApp();
  const path = useStore((state) => state.listing.path);
  const isOnline = useOnline();
  const [facts, setFacts] = useState<Processed["facts"]>([]);
  useEffect(() => {
    if (file.can === "none" || !isOnline) return undefined;
    let isWanted = true;
    const ask = async () => {
      const found = await app.overview.processed(path, file.name).catch(() => null);
      if (isWanted) setFacts(found?.facts ?? []);
    };
    const stop = app.overview.onProcessed(file.id, ask);
    void ask();
    return () => {
      isWanted = false;
      stop();
    };
  }, [file, isOnline]);
  return facts.map(({ name, value }) => <Fact key={name} label={text.metadata[name]} value={value} />);
}

function Fact({ label, value, note }: { label: string; value: ComponentChildren; note?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <span>{value}</span>
        {note && <small>{note}</small>}
      </dd>
    </div>
  );
}
