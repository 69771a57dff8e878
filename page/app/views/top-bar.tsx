/** Where one is, and how it is shown. */

import { text } from "../text/text.js";
import { formatRoute, showsFolder } from "../state/route.js";
import { IconButton } from "./controls.js";
import { NARROW, onPlainClick, useApp, useLayoutEffect, useMedia, useRef, useState, useStore } from "./dom.js";
import { useDropTarget } from "./item-drag.js";
import { Icon } from "./icon.js";
import { SearchBox } from "./search-box.js";

export function TopBar() {
  const app = useApp();
  const isNarrow = useMedia(NARROW);
  const isFolder = useStore((state) => showsFolder(state.route));
  const query = useStore((state) => state.route.query);
  const [isSearching, setSearching] = useState(false);
  if (isNarrow && (isSearching || query !== null)) {
    const leave = () => {
      setSearching(false);
      app.navigation.search(null);
    };
    return (
      <header class="top-bar">
        <IconButton icon="chevron-left" label={text.search.leave} onClick={leave} />
        <SearchBox onLeave={leave} />
      </header>
    );
  }
  return (
    <header class="top-bar">
      <IconButton class="only-narrow" icon="menu" label={text.sidebar.open} onClick={() => app.store.set({ drawerOpen: true })} />
      <Where />
      {isNarrow ? <IconButton icon="search" label={text.search.label} onClick={() => setSearching(true)} /> : <SearchBox />}
      {isFolder && <ViewButtons />}
    </header>
  );
}

function ViewButtons() {
  const app = useApp();
  const view = useStore((state) => state.route.view);
  const hasDetails = useStore((state) => state.preferences.details);
  // The path needs the room more than a second button does.
  if (useMedia(NARROW)) {
    return view === "table" ? (
      <IconButton icon="grid" label={text.view.grid} onClick={() => app.showAs("grid")} />
    ) : (
      <IconButton icon="list" label={text.view.table} onClick={() => app.showAs("table")} />
    );
  }
  return (
    <>
      <div class="segmented" role="group" aria-label={text.view.label}>
        <IconButton icon="list" label={text.view.table} pressed={view === "table"} onClick={() => app.showAs("table")} />
        <IconButton icon="grid" label={text.view.grid} pressed={view === "grid"} onClick={() => app.showAs("grid")} />
      </div>
      <IconButton
        icon="panel"
        class="details-toggle"
        label={text.details.toggle}
        pressed={hasDetails}
        onClick={() => app.preferences.change({ details: !hasDetails })}
      />
    </>
  );
}

/** The path, or the name of what is shown in place of a folder. */
function Where() {
  const place = useStore((state) => state.route.place);
  if (!place) return <Breadcrumb />;
  return (
    <div class="breadcrumb">
      <h1 class="crumb">{text.places[place]}</h1>
    </div>
  );
}

function Breadcrumb() {
  const path = useStore((state) => state.listing.path);
  const isFolder = useStore((state) => showsFolder(state.route));
  const root = useRef<HTMLElement | null>(null);
  useLayoutEffect(() => {
    // On a narrow screen the end matters most.
    if (root.current) root.current.scrollLeft = root.current.scrollWidth;
  }, [path]);
  return (
    <nav class="breadcrumb" aria-label={text.listing.path} ref={root} onScroll={markCut}>
      <ol>
        <Crumb path={[]} name={text.app.root} isLast={isFolder && path.length === 0} />
        {path.map((name, depth) => (
          <Crumb key={depth} path={path.slice(0, depth + 1)} name={name} isLast={isFolder && depth === path.length - 1} />
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
          href={formatRoute({ ...route, path, place: null, query: null, open: null })}
          onClick={open}
          {...drop}
        >
          {name}
        </a>
      )}
    </li>
  );
}
