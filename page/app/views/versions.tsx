/** Earlier contents of a file: to download, to restore and to delete. */

import type { FileItem } from "../../types/state.js";
import type { FileVersion } from "../../types/trash.js";
import { formatDate, formatFullDate, formatSize } from "../text/format.js";
import { text } from "../text/dialogs.js";
import { FormError } from "./controls.js";
import { useApp, useState } from "./dom.js";
import { useLoading, useWork } from "./work.js";

/** @param properties a file that the user may change */
export function Versions({ file }: { file: FileItem }) {
  const app = useApp();
  const [versions, setVersions] = useState<readonly FileVersion[]>([]);
  const load = async () => setVersions(await app.trash.versions(file.id));
  const problem = useLoading(load, [file.id, file.updatedAt]);
  const { isBusy, error, run } = useWork();
  const restore = ({ id }: FileVersion) =>
    run(async () => {
      await app.trash.restoreVersion(file.id, id);
      app.toasts.show(text.versions.restored(file.name), "good");
      await load();
    });
  const remove = ({ id }: FileVersion) =>
    run(async () => {
      await app.trash.deleteVersion(file.id, id);
      await load();
    });
  const download = ({ id }: FileVersion) => run(() => app.links.downloadVersion(file, id));
  if (versions.length === 0) return null;
  return (
    <section class="account-section file-versions" aria-label={text.versions.title}>
      <h4>{text.versions.title}</h4>
      <ul class="grants" aria-busy={isBusy}>
        {versions.map((version) => (
          <li key={version.id}>
            <div class="grant">
              <strong title={formatFullDate(version.stored_at)}>{formatDate(version.stored_at, Date.now())}</strong>
              <small class="muted">{formatSize(version.size)}</small>
            </div>
            <div class="grant-buttons">
              {(
                [
                  [text.actions.download, download],
                  [text.trash.restore, restore],
                  [text.versions.remove, remove],
                ] as const
              ).map(([label, act]) => (
                <button key={label} type="button" class="button small" disabled={isBusy} onClick={() => act(version)}>
                  {label}
                  <span class="hidden"> {text.versions.of(formatFullDate(version.stored_at))}</span>
                </button>
              ))}
            </div>
          </li>
        ))}
      </ul>
      <FormError text={problem ?? error} />
    </section>
  );
}
