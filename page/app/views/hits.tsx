/** Files and folders of many folders in one list: what was found, and what is recent. */

import type { ComponentChildren } from "preact";
import type { Hit } from "../../types/state.js";
import type { App } from "../actions/app.js";
import { formatRoute } from "../state/route.js";
import { formatDate, formatFullDate, formatSize } from "../text/format.js";
import { text } from "../text/dialogs.js";
import { onPlainClick, useApp, useLayoutEffect, useRef, useStore } from "./dom.js";
import { StarMark } from "./star-mark.js";
import { SmallPicture } from "./thumbnail.js";

/** @param properties `actionOn`: what stands at the end of a row */
export function Hits({
  label,
  hits,
  actionOn,
  children,
}: {
  label: string;
  hits: readonly Hit[];
  actionOn?: (hit: Hit) => ComponentChildren;
  children?: ComponentChildren;
}) {
  const root = useRef<HTMLDivElement | null>(null);
  useScrollOfEntry(root, hits.length > 0);
  return (
    <div class="hits" id="content" tabIndex={-1} ref={root} onKeyDown={moveFocus}>
      <ul aria-label={label}>
        {hits.map((hit) => (
          <HitRow key={hit.item.key} hit={hit}>
            {actionOn?.(hit) ?? <StarMark item={hit.item} />}
          </HitRow>
        ))}
      </ul>
      {children}
    </div>
  );
}

function HitRow({ hit: { path, item, isByText }, children }: { hit: Hit; children: ComponentChildren }) {
  const app = useApp();
  const route = useStore((state) => state.route);
  const folder = { ...route, path, place: null, query: null, open: null };
  const target =
    item.kind === "folder"
      ? { ...folder, path: [...path, item.name] }
      : { ...folder, open: item.can === "none" ? null : item.name };
  return (
    <li class="hit">
      <SmallPicture item={item} />
      <span class="hit-names">
        <a
          class="hit-link name"
          href={formatRoute(target)}
          title={item.name}
          onClick={onPlainClick(() => open(app, { path, item }))}
        >
          {item.name}
        </a>
        <a class="hit-folder" href={formatRoute(folder)} onClick={onPlainClick(() => showIn(app, { path, item }))}>
          <span class="hidden">{text.search.showIn} </span>
          {[text.app.root, ...path].join(" / ")}
        </a>
        {isByText && <span class="hit-why">{text.search.byText}</span>}
      </span>
      <span class="cell-date" title={formatFullDate(item.modifiedAt)}>
        {formatDate(item.modifiedAt, Date.now())}
      </span>
      <span class="cell-size">{item.size === null ? "–" : formatSize(item.size)}</span>
      <span class="hit-end">{children}</span>
    </li>
  );
}

function open(app: App, { path, item }: Hit) {
  if (item.kind === "folder") app.navigation.openFolder([...path, item.name]);
  else if (item.can === "none") showIn(app, { path, item });
  else app.navigation.openFileIn(path, item.name);
}

function showIn(app: App, { path, item }: Hit) {
  app.navigation.openFolder(path);
  void app.arrivals.select(item);
}

/** The arrows go from one to the next; Tab also goes to their folders. */
function moveFocus(event: KeyboardEvent) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  const links = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".hit-link")];
  const at = links.findIndex((link) => link.closest("li")?.contains(document.activeElement));
  const next = links[Math.max(0, at + step)];
  event.preventDefault();
  if (at === 0 && step < 0) document.querySelector<HTMLElement>(".search-box input")?.focus();
  else next?.focus();
}

/** Back is where it was left. */
function useScrollOfEntry(root: { current: HTMLElement | null }, isFilled: boolean) {
  const { places } = useApp().navigation;
  useLayoutEffect(() => {
    if (root.current && isFilled) root.current.scrollTop = places.arrived?.top ?? 0;
  }, [isFilled]);
  useLayoutEffect(
    () => places.attach(() => ({ top: root.current?.scrollTop ?? 0, first: 0, last: 0, focus: -1, focusKey: null })),
    [],
  );
}
