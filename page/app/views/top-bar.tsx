/** Where one is, and how it is shown. */

import { text } from "../text/text.js";
import { formatRoute } from "../state/route.js";
import { IconButton } from "./controls.js";
import { onPlainClick, useApp, useLayoutEffect, useRef, useStore } from "./dom.js";
import { useDropTarget } from "./item-drag.js";
import { Icon } from "./icon.js";

export function TopBar() {
  const app = useApp();
  const view = useStore((state) => state.route.view);
  const hasDetails = useStore((state) => state.preferences.details);
  return (
    <header class="top-bar">
      <IconButton class="only-narrow" icon="menu" label={text.sidebar.open} onClick={() => app.store.set({ drawerOpen: true })} />
      <Breadcrumb />
      <div class="segmented" role="group" aria-label={text.view.label}>
        <IconButton icon="list" label={text.view.table} pressed={view === "table"} onClick={() => app.navigation.view("table")} />
        <IconButton icon="grid" label={text.view.grid} pressed={view === "grid"} onClick={() => app.navigation.view("grid")} />
      </div>
      <IconButton
        icon="panel"
        class="details-toggle"
        label={text.details.toggle}
        pressed={hasDetails}
        onClick={() => app.preferences.change({ details: !hasDetails })}
      />
    </header>
  );
}

function Breadcrumb() {
  const path = useStore((state) => state.listing.path);
  const root = useRef<HTMLElement | null>(null);
  useLayoutEffect(() => {
    // On a narrow screen the end matters most.
    if (root.current) root.current.scrollLeft = root.current.scrollWidth;
  }, [path]);
  return (
    <nav class="breadcrumb" aria-label={text.listing.path} ref={root} onScroll={markCut}>
      <ol>
        <Crumb path={[]} name={text.app.root} isLast={path.length === 0} />
        {path.map((name, depth) => (
          <Crumb key={depth} path={path.slice(0, depth + 1)} name={name} isLast={depth === path.length - 1} />
        ))}
      </ol>
    </nav>
  );
}

/** Lets the beginning fade where it is scrolled away, so that nobody takes the rest of a name for a whole one. */
function markCut(event: Event) {
  const path = event.currentTarget as HTMLElement;
  path.toggleAttribute("data-cut", path.scrollLeft > 0);
}

function Crumb({ path, name, isLast }: { path: readonly string[]; name: string; isLast: boolean }) {
  const app = useApp();
  const route = useStore((state) => state.route);
  const [isTarget, drop] = useDropTarget(path);
  const open = onPlainClick(() => app.navigation.openFolder(path));
  return (
    <li>
      {path.length > 0 && <Icon name="chevron" class="crumb-sep" />}
      {isLast ? (
        <h1 class="crumb" aria-current="page" title={name}>
          {name}
        </h1>
      ) : (
        <a
          class={`crumb ${isTarget ? "drop-target" : ""}`}
          href={formatRoute({ ...route, path, open: null })}
          onClick={open}
          {...drop}
        >
          {name}
        </a>
      )}
    </li>
  );
}
