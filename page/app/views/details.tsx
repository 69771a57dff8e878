/** The right side: what is known of the selected items, which is loaded on demand. */

import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { useApp, useStore } from "./dom.js";
import { Icon } from "./icon.js";
import { usePartOnDemand } from "./on-demand.js";
import { Sheet } from "./sheet.js";

export function Details() {
  return (
    <aside class="panel details" aria-label={text.details.title}>
      <Contents />
    </aside>
  );
}

/** Details where there is no room for them beside the files: they are there when something is selected. */
export function DetailsSheet() {
  const app = useApp();
  const isEmpty = useStore((state) => state.selection.items.size === 0);
  if (isEmpty) return null;
  const close = () => app.preferences.change({ details: false });
  return (
    <Sheet class="details" label={text.details.title} onClose={close}>
      <Contents />
    </Sheet>
  );
}

function Contents() {
  const app = useApp();
  const items = useStore((state) => state.selection.items);
  const part = usePartOnDemand(items.size > 0);
  return (
    <>
      <header class="panel-head">
        <h2>{text.details.title}</h2>
        <IconButton icon="close" label={text.app.close} onClick={() => app.preferences.change({ details: false })} />
      </header>
      <div class="details-body" role="group" tabIndex={0} aria-label={text.details.title}>
        {items.size === 0 ? <None /> : part && <part.ItemDetails items={[...items.values()]} />}
      </div>
    </>
  );
}

function None() {
  return (
    <div class="details-none">
      <Icon name="cursor" />
      <p>{text.details.none}</p>
    </div>
  );
}
