/** The right side: what is known of the selected item. */

/** @import { Dialog, FileItem, FolderItem, Item } from "../../types/state.js" */
/** @import { FileAccess, SharedWith } from "../../types/wire.js" */
import { formatFullDate, formatSize } from "../text/format.js";
import { kindOf, previewOf } from "../state/kinds.js";
import { factsOf } from "../state/metadata.js";
import { formatPath } from "../state/paths.js";
import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { html, useApp, useEffect, useState, useStore } from "./dom.js";
import { Icon, ItemIcon } from "./icon.js";
import { download } from "./item-actions.js";
import { Sheet } from "./sheet.js";
import { Thumbnail } from "./thumbnail.js";

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 32_000;
/** More are counted. */
const NAMED_PEOPLE = 5;

export function Details() {
  return html`<aside class="panel details" aria-label=${text.details.title}><${Contents} /></aside>`;
}

/** Details where there is no room for them beside the files: they are there when something is selected. */
export function DetailsSheet() {
  const app = useApp();
  const isEmpty = useStore((state) => state.selection.items.size === 0);
  if (isEmpty) return null;
  const close = () => app.preferences.change({ details: false });
  return html`<${Sheet} class="details" label=${text.details.title} onClose=${close}><${Contents} /><//>`;
}

function Contents() {
  const app = useApp();
  const items = useStore((state) => state.selection.items);
  const [item] = items.values();
  return html`<header class="panel-head">
      <h2>${text.details.title}</h2>
      <${IconButton} icon="close" label=${text.app.close} onClick=${() => app.preferences.change({ details: false })} />
    </header>
    <div class="details-body" role="group" tabindex="0" aria-label=${text.details.title}>
      ${items.size === 1 && item ? html`<${One} key=${item.key} item=${item} />` : items.size > 1 ? html`<${Many} items=${[...items.values()]} />` : html`<${None} />`}
    </div>`;
}

function None() {
  return html`<div class="details-none"><${Icon} name="cursor" /><p>${text.details.none}</p></div>`;
}

/** @param {{ items: Item[] }} properties */
function Many({ items }) {
  const bytes = items.reduce((sum, item) => sum + (item.kind === "file" ? item.size : 0), 0);
  const folders = items.filter((item) => item.kind === "folder").length;
  return html`<div class="details-picture"><span class="stack">${items.slice(0, 3).map((item) => html`<${ItemIcon} key=${item.key} item=${item} large />`)}</span></div>
    <h3 class="details-name">${text.selection.count(items.length)}</h3>
    <dl class="facts">
      <${Fact} label=${text.details.contents} value=${text.listing.summary(folders, items.length - folders)} />
      <${Fact} label=${text.details.filesSize} value=${formatSize(bytes)} />
    </dl>`;
}

/** @param {{ item: Item }} properties */
function One({ item }) {
  return item.kind === "folder" ? html`<${FolderDetails} folder=${item} />` : html`<${FileDetails} file=${item} />`;
}

/** @param {{ folder: FolderItem }} properties */
function FolderDetails({ folder }) {
  const app = useApp();
  const path = useStore((state) => state.listing.path);
  const [size, setSize] = useState(/** @type {number | null} */ (null));
  const storage = useStore((state) => state.storage);
  useEffect(() => {
    app.overview.folderSize(folder.id).then(setSize, () => {});
  }, [folder.id, storage]);
  return html`<div class="details-picture"><${ItemIcon} item=${folder} large /></div>
    <h3 class="details-name">${folder.name}</h3>
    <div class="details-actions">
      <button type="button" class="button" onClick=${() => app.selecting.open(folder)}><${Icon} name="folder" />${text.actions.open}</button>
      <button type="button" class="button" onClick=${() => download(app, [folder])}><${Icon} name="download" />${text.actions.zipShort}</button>
    </div>
    <dl class="facts">
      <${Fact} label=${text.details.kind} value=${text.kind.folder} />
      <${Fact} label=${text.details.size} value=${size === null ? "…" : formatSize(size)} />
      <${Fact} label=${text.details.where} value=${whereabouts(path)} />
    </dl>`;
}

/** @param {{ file: FileItem }} properties */
function FileDetails({ file }) {
  const app = useApp();
  const path = useStore((state) => state.listing.path);
  const canRead = file.can !== "none";
  const canPreview = canRead && previewOf(file.type, file.size) !== "none";
  return html`<button type="button" class="details-picture" disabled=${!canRead} aria-label=${text.actions.previewOf(file.name)} onClick=${() => app.selecting.open(file)}>
      <${Thumbnail} item=${file} />
      ${canPreview && html`<span class="details-eye"><${Icon} name="eye" /></span>`}
    </button>
    <h3 class="details-name">${file.name}</h3>
    ${canRead ? html`<${FileActions} file=${file} />` : html`<p class="lead">${text.access.why[file.status]}</p>`}
    <dl class="facts">
      <${Fact} label=${text.details.kind} value=${text.kind[kindOf(file.type)]} note=${file.type} />
      <${Fact} label=${text.details.size} value=${formatSize(file.size)} />
      <${Metadata} file=${file} />
      <${Fact} label=${text.details.changed} value=${formatFullDate(file.updatedAt)} />
      <${Fact} label=${text.details.added} value=${formatFullDate(file.createdAt)} />
      <${Fact} label=${text.details.where} value=${whereabouts(path)} />
      <${OwnerAndAccess} file=${file} />
    </dl>`;
}

/** @param {{ file: FileItem }} properties */
function FileActions({ file }) {
  const app = useApp();
  const path = useStore((state) => state.listing.path);
  const open = (/** @type {Dialog} */ dialog) => () => app.store.set({ dialog });
  return html`<div class="details-actions">
    <button type="button" class="button" onClick=${() => download(app, [file])}><${Icon} name="download" />${text.actions.download}</button>
    ${file.status === "owned" &&
    html`<button type="button" class="button" onClick=${open({ kind: "link", file })}><${Icon} name="link" />${text.actions.linkShort}</button>
      <button type="button" class="button" onClick=${open({ kind: "share", file, path: formatPath(path) })}>
        <${Icon} name="user-plus" />${text.actions.share}
      </button>`}
  </div>`;
}

/**
 * Whose it is, and who may do what: others, where this user decides about that and the manager tells it; otherwise this
 * user. The manager tells nobody the names of other owners.
 * @param {{ file: FileItem }} properties
 */
function OwnerAndAccess({ file }) {
  const app = useApp();
  const canOrganise = useStore((state) => state.canOrganise);
  const [others, setOthers] = useState(/** @type {FileAccess | "asking" | null} */ ("asking"));
  const isTold = file.status === "owned" && canOrganise;
  useEffect(() => {
    let isWanted = isTold;
    if (!isTold) setOthers(null);
    else app.organiser.accessTo(file).then((found) => isWanted && setOthers(found), () => isWanted && setOthers(null));
    return () => void (isWanted = false);
  }, [file, isTold]);
  const facts = (/** @type {string} */ owner, /** @type {string} */ access, /** @type {string} */ note) =>
    html`<${Fact} label=${text.details.owner} value=${owner} note=${file.sharedAt && text.owner.shared(formatFullDate(file.sharedAt))} />
      <${Fact} label=${text.details.access} value=${access} note=${note} />`;
  if (others === "asking") return facts("…", "…", "");
  if (!others) return facts(file.status === "owned" ? text.owner.you : text.owner.other, text.access[file.status], text.can[file.can]);
  if (!others.has_owner) return facts(text.owner.nobody, text.access.ofNobody, "");
  return facts(text.owner.you, others.is_public ? text.access.ofEverybody : text.access.ofPeople(others.shares.length), peopleOf(others.shares));
}

/** @param {readonly SharedWith[]} shares */
function peopleOf(shares) {
  const people = shares.slice(0, NAMED_PEOPLE).map(({ user, can_write: canWrite }) => text.access.person(user.name, canWrite));
  return [...people, ...(shares.length > NAMED_PEOPLE ? [text.access.morePeople(shares.length - NAMED_PEOPLE)] : [])].join(", ");
}

/** @param {readonly string[]} path */
function whereabouts(path) {
  return [text.app.root, ...path].join(" / ");
}

/**
 * What processing found out; facts appear as soon as they are known.
 * @param {{ file: FileItem }} properties
 */
function Metadata({ file }) {
  const app = useApp();
  const path = useStore((state) => state.listing.path);
  const [facts, setFacts] = useState(/** @type {ReturnType<typeof factsOf>} */ ([]));
  useEffect(() => {
    let timer = 0;
    let isWanted = file.can !== "none";
    const ask = async (/** @type {number} */ pauseMs) => {
      const found = await app.overview.metadata(path, file.name).catch(() => null);
      if (!isWanted) return;
      setFacts(factsOf(found));
      // Nobody tells when processing is done, so it is asked less and less often.
      if (!found && pauseMs <= LAST_PAUSE_MS) timer = window.setTimeout(() => void ask(pauseMs * 2), pauseMs);
    };
    if (isWanted) void ask(FIRST_PAUSE_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [file]);
  return facts.map(({ name, value }) => html`<${Fact} key=${name} label=${text.metadata[name]} value=${value} />`);
}

/** @param {{ label: string, value: unknown, note?: string }} properties */
function Fact({ label, value, note }) {
  return html`<div>
    <dt>${label}</dt>
    <dd><span>${value}</span>${note && html`<small>${note}</small>`}</dd>
  </div>`;
}
