/** For administrators: how much each user stores, sorted by any column. */

import type { UsageOrder, UserUsage } from "../../../types/audit.js";
import { formatCount, formatDate, formatSize } from "../../text/format.js";
import { text } from "../../text/dialogs.js";
import { FormError, Spinner } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { Icon } from "../icon.js";
import { useLoading, useWork } from "../work.js";
import { BackButton } from "./back-button.js";

const COLUMNS: UsageOrder[] = ["name", "stored", "files", "quota", "seen"];

export function Usage({ onBack }: { onBack: () => void }) {
  const app = useApp();
  const [order, setOrder] = useState<UsageOrder>("stored");
  const [ascending, setAscending] = useState(false);
  const [found, setFound] = useState<{ users: UserUsage[]; next: number | null } | null>(null);
  const problem = useLoading(async () => setFound(await app.administration.usage(order, ascending, 0)), [order, ascending]);
  const { isBusy, error, run } = useWork();
  const more = () =>
    run(async () => {
      const page = await app.administration.usage(order, ascending, found?.next ?? 0);
      setFound({ users: [...(found?.users ?? []), ...page.users], next: page.next });
    });
  // Names begin with A, all else with the most.
  const sort = (column: UsageOrder) => {
    setAscending(column === order ? !ascending : column === "name");
    setOrder(column);
  };
  return (
    <div class="usage">
      <BackButton label={text.users.all} onClick={onBack} />
      {found ? (
        // It scrolls sideways where there is little room, also by keyboard.
        <div class="usage-table" tabIndex={0} role="region" aria-label={text.usage.title}>
          <table>
            <thead>
              <tr>
                {COLUMNS.map((column) => (
                  <th key={column} scope="col" aria-sort={column !== order ? "none" : ascending ? "ascending" : "descending"}>
                    <button type="button" onClick={() => sort(column)}>
                      {text.usage.columns[column]}
                      {column === order && <Icon name={ascending ? "arrow-up" : "arrow-down"} />}
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.users.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        !problem && <Spinner label={text.app.loading} />
      )}
      <FormError text={problem ?? error} />
      {found?.next && (
        <button type="button" class="button" disabled={isBusy} onClick={more}>
          {text.app.more}
        </button>
      )}
    </div>
  );
}

function Row({ user }: { user: UserUsage }) {
  const { trash, version_bytes: versions } = user;
  return (
    <tr>
      <th scope="row">{user.name}</th>
      <td>
        {formatSize(user.stored.bytes)}
        {trash.bytes + versions > 0 && (
          <small class="muted">{text.usage.parts(formatSize(trash.bytes), formatSize(versions))}</small>
        )}
      </td>
      <td>{formatCount(user.stored.files)}</td>
      <td>{user.quota.bytes === null ? text.usage.unlimited : formatSize(user.quota.bytes)}</td>
      <td>{user.last_seen_at ? formatDate(user.last_seen_at, Date.now()) : text.usage.never}</td>
    </tr>
  );
}
