/** The stage of a picture: PhotoSwipe moves and zooms it, by wheel, fingers, double click, keys and buttons. */

import type PhotoSwipe from "photoswipe";
import type { FileItem } from "../../../types/state.js";
import { text } from "../../text/viewer.js";
import { IconButton, Spinner } from "../controls.js";
import { useApp, useEffect, useRef, useState } from "../dom.js";
import { pictureOf, type Picture } from "./pictures.js";

/** One turn of a button or key. */
const ZOOM_FACTOR = 1.6;
const MOST_ZOOM = 8;
/** The height of the head, as in viewer.css. */
const HEAD_PX = 60;
const MARGIN_PX = 12;

export function PictureStage({ file, onReady, onError }: { file: FileItem; onReady: () => void; onError: () => void }) {
  const app = useApp();
  const root = useRef<HTMLDivElement | null>(null);
  const [stage, setStage] = useState<PhotoSwipe | null>(null);
  const [isZoomed, setZoomed] = useState(false);
  useEffect(() => {
    let isWanted = true;
    let opened: PhotoSwipe | null = null;
    const open = async () => {
      const [{ default: Stage }, picture] = await Promise.all([import("photoswipe"), pictureOf(app, file)]);
      if (!isWanted || !root.current) return;
      opened = openStage(Stage, root.current, picture, file.name);
      opened.on("zoomPanUpdate", () => setZoomed(isCloserThanWhole(opened)));
      setStage(opened);
      onReady();
    };
    open().catch(() => isWanted && onError());
    return () => {
      isWanted = false;
      opened?.destroy();
    };
  }, []);
  useEffect(() => onViewerResize(root.current, () => stage?.updateSize(true)), [stage]);
  const zoom = (factor: number) => zoomBy(stage, factor);
  useZoomKeys(root, zoom);
  return (
    <>
      <div
        ref={root}
        class={`stage ${isZoomed ? "zoomed" : ""}`}
        onDblClick={(event: MouseEvent) => stage?.currSlide?.toggleZoom({ x: event.clientX, y: event.clientY })}
      >
        {!stage && <Spinner label={text.app.loading} />}
      </div>
      {stage && (
        <div class="stage-zoom" role="group" aria-label={text.viewer.zoom}>
          <IconButton icon="zoom-out" label={text.viewer.zoomOut} disabled={!isZoomed} onClick={() => zoom(1 / ZOOM_FACTOR)} />
          <IconButton icon="zoom-in" label={text.viewer.zoomIn} onClick={() => zoom(ZOOM_FACTOR)} />
        </div>
      )}
    </>
  );
}

function openStage(Stage: typeof PhotoSwipe, root: HTMLElement, picture: Picture, name: string) {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const stage = new Stage({
    dataSource: [{ src: picture.src, srcset: picture.srcset, width: picture.width, height: picture.height, alt: name }],
    appendToEl: root,
    showHideAnimationType: "none",
    zoomAnimationDuration: isStill ? 0 : 250,
    loop: false,
    // Everything but the picture itself is the viewer's.
    ...{ close: false, counter: false, zoom: false, arrowPrev: false, arrowNext: false },
    ...{ escKey: false, arrowKeys: false, trapFocus: false, returnFocus: false },
    ...{ pinchToClose: false, closeOnVerticalDrag: false, clickToCloseNonZoomable: false },
    ...{ bgClickAction: false, imageClickAction: false, tapAction: false, doubleTapAction: "zoom" },
    wheelToZoom: true,
    initialZoomLevel: (level) => Math.min(1, level.fit),
    secondaryZoomLevel: (level) => Math.max(Math.min(1, level.fit * 4), Math.min(1, level.fit) * 2),
    maxZoomLevel: (level) => Math.max(MOST_ZOOM * level.fit, 2),
    paddingFn: () => paddingOf(root),
    errorMsg: text.viewer.failed,
  });
  stage.init();
  // It is a part of the viewer, neither a dialog nor a carousel.
  for (const element of root.querySelectorAll("[role]")) element.removeAttribute("role");
  for (const element of root.querySelectorAll("[aria-roledescription]")) element.removeAttribute("aria-roledescription");
  stage.element?.removeAttribute("tabindex");
  return stage;
}

function paddingOf(root: HTMLElement) {
  // The facts are beside the picture, or on a phone below it.
  const facts = root.closest("dialog")?.querySelector(".viewer-facts")?.getBoundingClientRect();
  const isBeside = facts && facts.left > 0;
  return {
    top: HEAD_PX,
    bottom: MARGIN_PX + (facts && !isBeside ? facts.height : 0),
    left: MARGIN_PX,
    right: MARGIN_PX + (isBeside ? facts.width : 0),
  };
}

function isCloserThanWhole(stage: PhotoSwipe | null) {
  const slide = stage?.currSlide;
  return slide !== undefined && slide.currZoomLevel > slide.zoomLevels.initial * 1.01;
}

function zoomBy(stage: PhotoSwipe | null, factor: number) {
  const slide = stage?.currSlide;
  if (!slide || !stage) return;
  const { initial, max } = slide.zoomLevels;
  const level = Math.min(max, Math.max(initial, slide.currZoomLevel * factor));
  stage.zoomTo(level, { x: innerWidth / 2, y: innerHeight / 2 }, stage.options.zoomAnimationDuration || false);
}

/** Calls when the room for the picture has changed: the facts come and go beside it. */
function onViewerResize(root: HTMLElement | null, onResize: () => void) {
  const dialog = root?.closest("dialog");
  if (!dialog) return undefined;
  const observer = new MutationObserver(onResize);
  observer.observe(dialog, { attributeFilter: ["class"] });
  return () => observer.disconnect();
}

function useZoomKeys(root: { current: HTMLElement | null }, zoom: (factor: number) => void) {
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const dialog = root.current?.closest("dialog");
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey) return;
      const factors: Record<string, number> = { "+": ZOOM_FACTOR, "-": 1 / ZOOM_FACTOR, "0": 0 };
      const factor = factors[event.key];
      if (factor !== undefined) latest.current(factor);
    };
    dialog?.addEventListener("keydown", onKeyDown);
    return () => dialog?.removeEventListener("keydown", onKeyDown);
  }, []);
}
