/** The files that were added or changed last, of all folders. */

import type { Hit } from "../../types/state.js";
import { text } from "../text/dialogs.js";
import { Blank, FormError, Spinner } from "./controls.js";
import { useApp, useState, useStore } from "./dom.js";
import { Hits } from "./hits.js";
import { useLoading } from "./work.js";

export function Recent() {
  const app = useApp();
  const isKnown = useStore((state) => state.hasOverview);
  // What is stored changes with every file that comes or goes.
  const storage = useStore((state) => state.storage);
  const [hits, setHits] = useState<readonly Hit[] | null>(null);
  const problem = useLoading(async () => {
    if (isKnown) setHits(await app.overview.recent());
  }, [isKnown, storage]);
  return (
    <>
      <div class="toolbar">
        <p class="summary">{hits && text.recent.count(hits.length)}</p>
      </div>
      {hits === null && problem === null && (
        <div class="empty" id="content" tabIndex={-1}>
          <Spinner label={text.app.loading} />
        </div>
      )}
      <FormError text={problem} />
      {hits?.length === 0 && (
        <div class="empty" id="content" tabIndex={-1}>
          <Blank icon="clock" title={text.recent.none} text={text.recent.noneText} />
        </div>
      )}
      {hits && hits.length > 0 && <Hits label={text.recent.title} hits={hits} />}
    </>
  );
}
