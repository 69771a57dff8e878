/** Which part of a long list is seen. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "./dom.js";

/** Lines beyond the edge that are drawn, so that slow scrolling shows no gaps. */
const MARGIN = 8;
/** After how many lines of scrolling the list is drawn again: less than the margin. */
const STEP = 4;

export interface Layout {
  /** there are */
  lines: number;
  /** pixels */
  lineHeight: number;
}

export interface Viewport {
  /** the element that scrolls */
  root: RefObject<HTMLDivElement>;
  /** line that is drawn */
  first: number;
  /** line that is drawn, inclusive */
  last: number;
  /** pixels that all lines take */
  height: number;
  /** scrolls until a line is seen */
  reveal: (line: number) => void;
}

/**
 * @param layoutOf how lines lie in a width in pixels
 * @param offset pixels above the first line that stay in place
 */
export function useViewport<Kind extends Layout>(
  layoutOf: (width: number) => Kind,
  offset: number = 0,
): Viewport & { layout: Kind } {
  const root = useRef<HTMLDivElement | null>(null);
  const lineHeightNow = useRef(1);
  const [view, setView] = useState({ top: 0, height: 800, width: 800 });
  const latest = useRef(view);
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    const look = (height: number, width: number) => {
      const step = STEP * lineHeightNow.current;
      const top = Math.floor(element.scrollTop / step) * step;
      const before = latest.current;
      // Most scrolling shows what is drawn already, and then even asking for a new state costs something.
      if (before.top === top && before.height === height && before.width === width) return;
      latest.current = { top, height, width };
      setView(latest.current);
    };
    const measure = () => look(element.clientHeight, element.clientWidth);
    // The size is known, and reading it would make the browser lay out the page while it scrolls.
    const onScroll = () => look(latest.current.height, latest.current.width);
    const observer = new ResizeObserver(measure);
    measure();
    observer.observe(element);
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, []);
  const layout = layoutOf(view.width);
  const { lines, lineHeight } = layout;
  lineHeightNow.current = lineHeight;
  const first = Math.max(0, Math.floor(view.top / lineHeight) - MARGIN);
  const last = Math.min(lines - 1, Math.ceil((view.top + view.height) / lineHeight) + STEP + MARGIN);
  const reveal = (line: number) => {
    const element = root.current;
    if (!element) return;
    const top = line * lineHeight;
    const space = element.clientHeight - offset;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + lineHeight > element.scrollTop + space) element.scrollTop = top + lineHeight - space;
  };
  return { root, first, last, height: lines * lineHeight, reveal, layout };
}
