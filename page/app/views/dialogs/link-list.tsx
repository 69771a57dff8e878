/** Links that one has made: what each is good for, and buttons to copy, change and revoke it. */

import type { ComponentChildren } from "preact";
import type { FileLink, FolderLink, FolderLinkOptions, LinkOptions } from "../../../types/links.js";
import type { LinkPage, OwnLinks } from "../../actions/own-links.js";
import { OwnFileLinks, OwnFolderLinks } from "../../actions/own-links.js";
import { formatPath } from "../../state/paths.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { Blank, FormError, LoadedList } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useMemo, useState } from "../dom.js";
import { useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";
import { FolderLinkForm } from "./folder-link-form.js";
import { LinkOptionsForm } from "./link-options.js";

/** @param properties `fileId` of null: those to all files, for which there is something where there are none */
export function LinkList({ fileId }: { fileId: number | null }) {
  const app = useApp();
  const all = useMemo(() => new OwnFileLinks(() => app.accounts.token()), []);
  const links = useLinks(all, (after) => all.list({ fileId, after }), [fileId]);
  const hasFile = fileId === null;
  if (hasFile && links.found?.length === 0) return <Blank icon="link" title={text.link.mineNone} text={text.link.mineNoneText} />;
  return (
    <Links
      {...links}
      label={text.link.mine}
      isPage={hasFile}
      none={text.link.none}
      titleOf={(link) => [hasFile && (link.name ?? text.link.deleted), link.label]}
      useOf={(link) => text.link.downloads(link.downloads, link.max_downloads)}
      form={(link, onDone) => <LinkOptionsForm link={link} submit={text.link.change} onDone={onDone} />}
    />
  );
}

/** Those to one folder, or to all of them; for all there is nothing where there are none. */
export function FolderLinkList({ path }: { path: readonly string[] | null }) {
  const app = useApp();
  const all = useMemo(() => new OwnFolderLinks(() => app.accounts.token()), []);
  const { found, ...links } = useLinks(all, (after) => all.list({ after }), [path]);
  const wanted = path && formatPath(path);
  const shown = found?.filter((link) => wanted === null || link.path === wanted);
  if (path === null && shown?.length === 0) return null;
  return (
    <Links
      {...links}
      found={shown}
      label={text.link.folder.list}
      isPage={path === null}
      hasHeading={path === null}
      none={text.link.folder.none}
      titleOf={(link) => [link.path ?? text.link.folder.deleted, link.label]}
      useOf={(link) => (link.for_uploads ? text.link.folder.received(link.received_files) : text.link.folder.show)}
      form={(link, onDone) => <FolderLinkForm link={link} submit={text.link.change} onDone={onDone} />}
    />
  );
}

/** The links that are loaded, and what can be done with them. */
function useLinks<Link extends FileLink | FolderLink, Options extends LinkOptions | FolderLinkOptions>(
  all: OwnLinks<Link, Options>,
  list: (after: string | null) => Promise<LinkPage<Link>>,
  inputs: readonly unknown[],
) {
  const app = useApp();
  const [page, setPage] = useState<LinkPage<Link> | null>(null);
  const problem = useLoading(async () => setPage(await list(null)), inputs);
  const { isBusy, error, run } = useWork();
  const put = (changed: Link) =>
    page && setPage({ ...page, links: page.links.map((each) => (each.id === changed.id ? changed : each)) });
  const more = () =>
    run(async () => {
      const { links, next } = await list(page?.next ?? null);
      setPage({ links: [...(page?.links ?? []), ...links], next });
    });
  return {
    found: page?.links,
    problem,
    error,
    isBusy,
    more: page?.next ? more : null,
    onChange: async (link: Link, options: Options) => {
      put(await all.change(link.id, options));
      app.toasts.show(text.link.changed, "good");
    },
    onRevoke: (link: Link) =>
      run(async () => {
        await all.revoke(link.id);
        put({ ...link, state: "revoked" });
        app.toasts.show(text.link.revoked, "good");
      }),
  };
}

type LinksProperties<Link, Options> = Omit<ReturnType<typeof useLinks>, "found" | "onChange" | "onRevoke"> & {
  found: Link[] | undefined;
  onChange: (link: Link, options: Options) => Promise<void>;
  onRevoke: (link: Link) => void;
  label: string;
  /** Whether it stands on a page, and not in a dialog. */
  isPage: boolean;
  hasHeading?: boolean;
  none: string;
  /** What it is called, of which some may be missing. */
  titleOf: (link: Link) => (string | false)[];
  /** How it was used. */
  useOf: (link: Link) => string;
  form: (link: Link, onDone: (options: Options) => Promise<void>) => ComponentChildren;
};

function Links<Link extends FileLink | FolderLink, Options>(properties: LinksProperties<Link, Options>) {
  const { found, problem, error, isBusy, more, label, isPage, hasHeading, none, useOf, form, onChange, onRevoke } = properties;
  const [chosen, setChosen] = useState<Link | null>(null);
  const titleOf = (link: Link) => properties.titleOf(link).filter(Boolean).join(" · ") || text.link.unnamed;
  const back = () => setChosen(null);
  const Heading = isPage ? "h2" : "h3";
  if (chosen)
    return (
      <section class="account-section" aria-label={label}>
        <BackButton label={text.link.all} onClick={back} />
        <Heading>{titleOf(chosen)}</Heading>
        {chosen.url ? <CopyRow label={text.link.title} value={chosen.url} /> : <p>{text.link.unknown}</p>}
        {form(chosen, (options) => onChange(chosen, options).then(back))}
      </section>
    );
  return (
    <section class="account-section" aria-label={label}>
      {hasHeading && <Heading>{label}</Heading>}
      <LoadedList class="grants" entries={found} none={none} isBusy={isBusy} hasFailed={problem !== null} more={more}>
        {(link) => (
          <Row
            key={link.id}
            link={link}
            title={titleOf(link)}
            use={useOf(link)}
            isBusy={isBusy}
            onOpen={() => setChosen(link)}
            onRevoke={() => onRevoke(link)}
          />
        )}
      </LoadedList>
      <FormError text={problem ?? error} />
    </section>
  );
}

function Row({
  link,
  title,
  use,
  isBusy,
  onOpen,
  onRevoke,
}: {
  link: FileLink | FolderLink;
  title: string;
  use: string;
  isBusy: boolean;
  onOpen: () => void;
  onRevoke: () => void;
}) {
  const now = Date.now();
  const facts = [
    link.state === "active"
      ? text.link.expires(link.expires_at && formatDate(link.expires_at, now))
      : text.link.states[link.state],
    use,
    link.has_password && text.link.withPassword,
    link.last_used_at && text.link.used(formatDate(link.last_used_at, now)),
  ];
  return (
    <li>
      <div class="grant">
        <strong>{title}</strong>
        <small class="muted" title={formatFullDate(link.created_at)}>
          {facts.filter(Boolean).join(" · ")}
        </small>
      </div>
      {link.state !== "revoked" && (
        <div class="grant-buttons">
          <button type="button" class="button small" disabled={isBusy} onClick={onOpen}>
            {text.link.open}
            <span class="hidden"> {title}</span>
          </button>
          <button type="button" class="button small" disabled={isBusy} onClick={onRevoke}>
            {text.link.revoke}
            <span class="hidden"> {title}</span>
          </button>
        </div>
      )}
    </li>
  );
}
