/** Links that open a folder without an account, or by which others add files to it: a new one, and those that there are. */

import type { FolderLink, FolderLinkOptions } from "../../../types/links.js";
import { formatPath } from "../../state/paths.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/text.js";
import { Choice, Field, FormError, LoadedList } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useState } from "../dom.js";
import { onSubmit, useLoading, useWork } from "../work.js";
import { Dialog } from "./dialog.js";
import { DAY_S, LIVES, LONGEST_LABEL, LONGEST_PASSWORD, SHORTEST_PASSWORD } from "./link-options.js";

const GIB = 2 ** 30;
const SECTIONS = [
  { value: false, label: text.link.new },
  { value: true, label: text.link.folder.existing },
];
const KINDS = [
  { value: false, label: text.link.folder.show },
  { value: true, label: text.link.folder.receive },
];

export function FolderLinkDialog({ path, onClose }: { path: readonly string[]; onClose: () => void }) {
  const [isListed, setListed] = useState(false);
  const title = text.link.folder.title(path.at(-1) ?? "");
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div class="own-account">
        <p class="lead">{text.link.folder.lead}</p>
        <Choice label={title} options={SECTIONS} chosen={isListed} isBusy={false} onChoose={setListed} />
        {isListed ? <FolderLinkList path={path} /> : <NewFolderLink path={path} onClose={onClose} />}
      </div>
    </Dialog>
  );
}

function NewFolderLink({ path, onClose }: { path: readonly string[]; onClose: () => void }) {
  const app = useApp();
  const [url, setUrl] = useState<string | null>(null);
  const make = async (options: FolderLinkOptions) => setUrl((await app.ownLinks.makeToFolder(path, options)).url);
  if (url === null) return <Options onDone={make} onCancel={onClose} />;
  return (
    <section class="account-section">
      <p>{text.link.folder.made}</p>
      <CopyRow label={text.link.title} value={url} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.done}
        </button>
      </div>
    </section>
  );
}

function Options({ onDone, onCancel }: { onDone: (options: FolderLinkOptions) => Promise<void>; onCancel: () => void }) {
  const [receives, setReceives] = useState(false);
  const [label, setLabel] = useState("");
  const [days, setDays] = useState<number | null>(30);
  const [password, setPassword] = useState("");
  const [limits, setLimits] = useState({ files: "", size: "", total: "" });
  const { isBusy, error, run } = useWork();
  const lives = LIVES.map((value) => ({ value, label: text.link.lives(value) }));
  const send = () =>
    run(() =>
      onDone({
        label: label.trim(),
        expires_in_s: days === null ? null : days * DAY_S,
        password: password || null,
        ...(receives && {
          for_uploads: true,
          max_files: limits.files ? Number(limits.files) : null,
          max_file_size: bytesOf(limits.size),
          max_total_size: bytesOf(limits.total),
        }),
      }),
    );
  const limit = (name: keyof typeof limits, title: string, step: string) => (
    <Field
      label={title}
      value={limits[name]}
      onInput={(value) => setLimits({ ...limits, [name]: value })}
      type="number"
      min={step === "1" ? "1" : "0.001"}
      step={step}
      placeholder={text.link.folder.any}
    />
  );
  return (
    <form class="form link-options" onSubmit={onSubmit(send)}>
      <div class="field">
        <span class="field-label">{text.link.folder.kind}</span>
        <Choice label={text.link.folder.kind} options={KINDS} chosen={receives} isBusy={isBusy} onChoose={setReceives} />
        <p class="field-hint">{receives ? text.link.folder.receiveHint : text.link.folder.showHint}</p>
      </div>
      <Field
        label={text.link.label}
        hint={text.link.labelHint}
        value={label}
        onInput={setLabel}
        maxLength={LONGEST_LABEL}
        autocomplete="off"
      />
      <div class="field">
        <span class="field-label">{text.link.life}</span>
        <Choice label={text.link.life} options={lives} chosen={days} isBusy={isBusy} onChoose={setDays} />
      </div>
      <Field
        label={text.link.password}
        hint={text.link.passwordHint}
        type="password"
        value={password}
        onInput={setPassword}
        minLength={SHORTEST_PASSWORD}
        maxLength={LONGEST_PASSWORD}
        autocomplete="new-password"
      />
      {receives && (
        <>
          {limit("files", text.link.folder.maxFiles, "1")}
          {limit("size", text.link.folder.maxSize, "any")}
          {limit("total", text.link.folder.maxTotal, "any")}
        </>
      )}
      <FormError text={error} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onCancel}>
          {text.app.cancel}
        </button>
        <button class="button primary" disabled={isBusy}>
          {text.link.make}
        </button>
      </div>
    </form>
  );
}

function bytesOf(gib: string) {
  return gib.trim() === "" ? null : Math.max(1, Math.round(Number(gib) * GIB));
}

/** Those to one folder, or to all of them; for all there is nothing where there are none. */
export function FolderLinkList({ path }: { path: readonly string[] | null }) {
  const app = useApp();
  const [found, setFound] = useState<{ links: FolderLink[]; next: string | null } | null>(null);
  const problem = useLoading(async () => setFound(await app.ownLinks.listOfFolders()), [path]);
  const { isBusy, error, run } = useWork();
  const more = () =>
    run(async () => {
      const page = await app.ownLinks.listOfFolders(found?.next ?? null);
      setFound({ links: [...(found?.links ?? []), ...page.links], next: page.next });
    });
  const revoke = (link: FolderLink) =>
    run(async () => {
      await app.ownLinks.revokeToFolder(link.id);
      const links = found?.links.map((each) => (each.id === link.id ? { ...each, state: "revoked" as const } : each));
      if (found && links) setFound({ ...found, links });
      app.toasts.show(text.link.revoked, "good");
    });
  const wanted = path && formatPath(path);
  const links = found?.links.filter((link) => wanted === null || link.path === wanted);
  if (path === null && links?.length === 0) return null;
  return (
    <section class="account-section" aria-label={text.link.folder.list}>
      {path === null && <h3>{text.link.folder.list}</h3>}
      <LoadedList class="grants" entries={links} none={text.link.folder.none} isBusy={isBusy} hasFailed={problem !== null}>
        {(link) => <Row key={link.id} link={link} isBusy={isBusy} onRevoke={revoke} />}
      </LoadedList>
      <FormError text={problem ?? error} />
      {found?.next && (
        <button type="button" class="button" disabled={isBusy} onClick={more}>
          {text.app.more}
        </button>
      )}
    </section>
  );
}

function Row({ link, isBusy, onRevoke }: { link: FolderLink; isBusy: boolean; onRevoke: (link: FolderLink) => void }) {
  const now = Date.now();
  const title = [link.path ?? text.link.folder.deleted, link.label].filter(Boolean).join(" · ");
  const facts = [
    link.state === "active"
      ? text.link.expires(link.expires_at && formatDate(link.expires_at, now))
      : text.link.states[link.state],
    link.for_uploads ? text.link.folder.received(link.received_files) : text.link.folder.show,
    link.has_password && text.link.withPassword,
    link.last_used_at && text.link.used(formatDate(link.last_used_at, now)),
  ];
  return (
    <li class="folder-link">
      <div class="grant">
        <strong>{title}</strong>
        <small class="muted" title={formatFullDate(link.created_at)}>
          {facts.filter(Boolean).join(" · ")}
        </small>
        {link.state === "active" && link.url && <CopyRow label={text.link.title} value={link.url} />}
      </div>
      {link.state !== "revoked" && (
        <div class="grant-buttons">
          <button type="button" class="button small" disabled={isBusy} onClick={() => onRevoke(link)}>
            {text.link.revoke}
            <span class="hidden"> {title}</span>
          </button>
        </div>
      )}
    </li>
  );
}
