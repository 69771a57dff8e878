/** What is in an archive, as a list. */

import type { ArchiveKind } from "../../state/kinds.js";
import type { Contents } from "./archive-reading.js";
import type { Shown } from "./preview.js";
import { formatDate, formatSize } from "../../text/format.js";
import { text } from "../../text/viewer.js";
import { Spinner } from "../controls.js";
import { useEffect, useState } from "../dom.js";
import { NotShown } from "./not-shown.js";

export function ArchiveContents({ file, address, kind }: Shown & { kind: ArchiveKind }) {
  const [contents, setContents] = useState<Contents | "unreadable" | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    import("./archive-reading.js")
      .then(({ readArchive }) => readArchive(kind, address, file.size, leaving.signal))
      .then(setContents, () => leaving.signal.aborted || setContents("unreadable"));
    return () => leaving.abort();
  }, [address]);
  if (!contents) return <Spinner label={text.app.loading} />;
  if (contents === "unreadable") return <NotShown file={file} reason={text.viewer.archiveUnreadable} icon="archive" />;
  const { entries, count } = contents;
  const now = Date.now();
  return (
    <div class="shown paper table scrolls-sideways" tabIndex={0} role="region" aria-label={file.name}>
      <table>
        <thead>
          <tr>
            <th scope="col">{text.viewer.entry}</th>
            <th scope="col" class="number">
              {text.details.size}
            </th>
            <th scope="col">{text.details.changed}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr>
              <td class="entry">{entry.name}</td>
              <td class="number">{entry.isFolder ? "" : formatSize(entry.size)}</td>
              <td class="date">{entry.changedAt === null ? "" : formatDate(new Date(entry.changedAt).toISOString(), now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {count !== entries.length && <p class="note">{text.viewer.firstEntries(entries.length, count)}</p>}
      {count === 0 && <p class="note">{text.viewer.noEntries}</p>}
    </div>
  );
}
