/** Links that one has made: what each is good for, and buttons to copy, change and revoke it. */

import type { FileLink, LinkOptions } from "../../../types/links.js";
import { formatDate, formatFullDate } from "../../text/format.js";
import { text } from "../../text/text.js";
import { Blank, FormError, LoadedList } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useState } from "../dom.js";
import { useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";
import { LinkOptionsForm } from "./link-options.js";

/** @param properties null: those to all files */
export function LinkList({ fileId }: { fileId: number | null }) {
  const app = useApp();
  const [found, setFound] = useState<{ links: FileLink[]; next: string | null } | null>(null);
  const [chosen, setChosen] = useState<FileLink | null>(null);
  const problem = useLoading(async () => setFound(await app.ownLinks.list({ fileId })), [fileId]);
  const { isBusy, error, run } = useWork();
  const put = (changed: FileLink) =>
    found && setFound({ ...found, links: found.links.map((each) => (each.id === changed.id ? changed : each)) });
  const more = () =>
    run(async () => {
      const page = await app.ownLinks.list({ fileId, after: found?.next ?? null });
      setFound({ links: [...(found?.links ?? []), ...page.links], next: page.next });
    });
  const revoke = (link: FileLink) =>
    run(async () => {
      await app.ownLinks.revoke(link.id);
      put({ ...link, state: "revoked" });
      app.toasts.show(text.link.revoked, "good");
    });
  if (chosen) return <ChosenLink link={chosen} hasFile={fileId === null} onBack={() => setChosen(null)} onChanged={put} />;
  if (fileId === null && found?.links.length === 0)
    return <Blank icon="link" title={text.link.mineNone} text={text.link.mineNoneText} />;
  return (
    <section class="account-section" aria-label={text.link.mine}>
      <LoadedList class="grants" entries={found?.links} none={text.link.none} isBusy={isBusy} hasFailed={problem !== null}>
        {(link) => (
          <Row key={link.id} link={link} hasFile={fileId === null} isBusy={isBusy} onOpen={setChosen} onRevoke={revoke} />
        )}
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

/**
 * What a link is called in a list.
 * @param hasFile whether its file has to be named
 */
function titleOf(link: FileLink, hasFile: boolean) {
  return [hasFile && (link.name ?? text.link.deleted), link.label].filter(Boolean).join(" · ") || text.link.unnamed;
}

function Row({
  link,
  hasFile,
  isBusy,
  onOpen,
  onRevoke,
}: {
  link: FileLink;
  hasFile: boolean;
  isBusy: boolean;
  onOpen: (link: FileLink) => void;
  onRevoke: (link: FileLink) => void;
}) {
  const now = Date.now();
  const isActive = link.state === "active";
  const facts = [
    isActive ? text.link.expires(link.expires_at && formatDate(link.expires_at, now)) : text.link.states[link.state],
    text.link.downloads(link.downloads, link.max_downloads),
    link.has_password && text.link.withPassword,
    link.last_used_at && text.link.used(formatDate(link.last_used_at, now)),
  ];
  const title = titleOf(link, hasFile);
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
          <button type="button" class="button small" disabled={isBusy} onClick={() => onOpen(link)}>
            {text.link.open}
            <span class="hidden"> {title}</span>
          </button>
          <button type="button" class="button small" disabled={isBusy} onClick={() => onRevoke(link)}>
            {text.link.revoke}
            <span class="hidden"> {title}</span>
          </button>
        </div>
      )}
    </li>
  );
}

function ChosenLink({
  link,
  hasFile,
  onBack,
  onChanged,
}: {
  link: FileLink;
  hasFile: boolean;
  onBack: () => void;
  onChanged: (link: FileLink) => void;
}) {
  const app = useApp();
  const change = async (options: LinkOptions) => {
    onChanged(await app.ownLinks.change(link.id, options));
    app.toasts.show(text.link.changed, "good");
    onBack();
  };
  return (
    <section class="account-section">
      <BackButton label={text.link.all} onClick={onBack} />
      <h3>{titleOf(link, hasFile)}</h3>
      {link.url ? <CopyRow label={text.link.title} value={link.url} /> : <p>{text.link.unknown}</p>}
      <LinkOptionsForm link={link} submit={text.link.change} onDone={change} />
    </section>
  );
}
