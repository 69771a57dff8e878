/** What the user has starred, of all folders, the last first. */

import type { Hit } from "../../types/state.js";
import { text } from "../text/dialogs.js";
import { Blank, FormError, IconButton, Spinner } from "./controls.js";
import { useApp, useState, useStore } from "./dom.js";
import { Hits } from "./hits.js";
import { useLoading, useWork } from "./work.js";

export function Starred() {
  const app = useApp();
  const stars = useStore((state) => state.stars);
  // What is stored changes with every file that comes or goes.
  const storage = useStore((state) => state.storage);
  const [found, setFound] = useState<{ hits: readonly Hit[]; next: number | null } | null>(null);
  const problem = useLoading(async () => {
    if (stars) setFound(await app.stars.list());
  }, [stars, storage]);
  const { isBusy, error, run } = useWork();
  const more = () =>
    run(async () => {
      const page = await app.stars.list(found?.next);
      setFound({ ...page, hits: [...(found?.hits ?? []), ...page.hits] });
    });
  const isEmpty = found?.hits.length === 0 && found.next === null;
  return (
    <>
      <div class="toolbar">
        <p class="summary">{found && !isEmpty && text.starred.count(found.hits.length, found.next !== null)}</p>
      </div>
      <FormError text={problem ?? error} />
      {found && !isEmpty ? (
        <Hits
          label={text.places.starred}
          hits={found.hits}
          actionOn={({ item }) => (
            <IconButton
              icon="star"
              class="star-button"
              label={text.starred.removeFrom(item.name)}
              onClick={() => void app.stars.set([item], false)}
            />
          )}
        >
          {found.next !== null && (
            <p class="hits-note">
              <button type="button" class="button quiet" disabled={isBusy} onClick={more}>
                {text.app.more}
              </button>
            </p>
          )}
        </Hits>
      ) : (
        <div class="empty" id="content" tabIndex={-1}>
          {isEmpty ? (
            <Blank icon="star" title={text.starred.none} text={text.starred.noneText} />
          ) : (
            problem === null && <Spinner label={text.app.loading} />
          )}
        </div>
      )}
    </>
  );
}
