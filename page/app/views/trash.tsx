/** What was deleted, and buttons to restore it, delete it for good, and empty the trash. */

import type { TrashItem, TrashPage } from "../../types/trash.js";
import { parsePath } from "../state/paths.js";
import { formatDate, formatFullDate, formatSize } from "../text/format.js";
import { text } from "../text/dialogs.js";
import { Blank, FormError, LoadedList, Spinner } from "./controls.js";
import { useApp, useState, useStore } from "./dom.js";
import { useLoading, useWork } from "./work.js";

export function Trash() {
  const app = useApp();
  // What is stored changes with every file that comes or goes.
  const storage = useStore((state) => state.storage);
  const [found, setFound] = useState<TrashPage | null>(null);
  const [asksToEmpty, setAsksToEmpty] = useState(false);
  const load = async () => setFound(await app.trash.list());
  const problem = useLoading(load, [storage]);
  const { isBusy, error, run } = useWork();
  const more = () =>
    run(async () => {
      const page = await app.trash.list(found?.next ?? null);
      setFound({ ...page, items: [...(found?.items ?? []), ...page.items] });
    });
  const restore = (item: TrashItem) =>
    run(async () => {
      const { restored, refused } = await app.trash.restore([item]);
      for (const { message } of refused) app.toasts.show(text.trash.notRestored(item.name, message), "bad");
      for (const { name } of restored) app.toasts.show(text.trash.restored(name), "good");
      await load();
    });
  const deleteForGood = (item: TrashItem) =>
    run(async () => {
      await app.trash.deleteForGood(item);
      await load();
    });
  const empty = () =>
    run(async () => {
      setAsksToEmpty(false);
      await app.trash.empty();
      app.toasts.show(text.trash.emptied, "good");
      await load();
    });
  const isEmpty = found?.items.length === 0;
  return (
    <>
      <div class="toolbar">
        <p class="summary">{found && !isEmpty && text.trash.holds(formatSize(found.bytes))}</p>
        {found && !isEmpty && !asksToEmpty && (
          <button type="button" class="button small" disabled={isBusy} onClick={() => setAsksToEmpty(true)}>
            {text.trash.empty}
          </button>
        )}
      </div>
      <div class="my-links" id="content" tabIndex={-1}>
        {asksToEmpty && (
          <div class="trash-question" role="alert">
            <p>{text.trash.emptySure}</p>
            <button type="button" class="button small danger" disabled={isBusy} onClick={empty}>
              {text.trash.emptyNow}
            </button>
            <button type="button" class="button small" onClick={() => setAsksToEmpty(false)}>
              {text.app.cancel}
            </button>
          </div>
        )}
        {found === null && problem === null && <Spinner label={text.app.loading} />}
        {isEmpty && <Blank icon="trash" title={text.trash.none} text={text.trash.noneText(found.kept_s / 86_400)} />}
        {found && !isEmpty && (
          <section class="account-section" aria-label={text.places.trash}>
            <LoadedList class="grants" entries={found.items} isBusy={isBusy} hasFailed={problem !== null}>
              {(item) => (
                <Row key={`${item.kind}-${item.id}`} item={item} isBusy={isBusy} onRestore={restore} onDelete={deleteForGood} />
              )}
            </LoadedList>
            {found.next !== null && (
              <button type="button" class="button" disabled={isBusy} onClick={more}>
                {text.app.more}
              </button>
            )}
          </section>
        )}
        <FormError text={problem ?? error} />
      </div>
    </>
  );
}

function Row({
  item,
  isBusy,
  onRestore,
  onDelete,
}: {
  item: TrashItem;
  isBusy: boolean;
  onRestore: (item: TrashItem) => void;
  onDelete: (item: TrashItem) => void;
}) {
  const now = Date.now();
  const where = [text.app.root, ...parsePath(item.path)].join(" / ");
  const facts = [
    item.kind === "folder" ? text.trash.folder(item.files, formatSize(item.size)) : formatSize(item.size),
    where,
    text.trash.deleted(formatDate(item.deleted_at, now), item.deleted_by),
    text.trash.goes(formatDate(item.expires_at, now)),
  ];
  return (
    <li>
      <div class="grant">
        <strong>{item.name}</strong>
        <small class="muted" title={formatFullDate(item.deleted_at)}>
          {facts.join(" · ")}
        </small>
      </div>
      <div class="grant-buttons">
        <button type="button" class="button small" disabled={isBusy} onClick={() => onRestore(item)}>
          {text.trash.restore}
          <span class="hidden"> {item.name}</span>
        </button>
        <button type="button" class="button small" disabled={isBusy} onClick={() => onDelete(item)}>
          {text.trash.deleteForGood}
          <span class="hidden"> {item.name}</span>
        </button>
      </div>
    </li>
  );
}
