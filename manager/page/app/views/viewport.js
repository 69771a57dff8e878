/** Which part of a long list is seen. */

import { useLayoutEffect, useRef, useState } from "./dom.js";

/** Lines beyond the edge that are drawn, so that slow scrolling shows no gaps. */
const MARGIN = 8;

/**
 * @typedef {object} Layout
 * @property {number} lines there are
 * @property {number} lineHeight pixels
 *
 * @typedef {object} Viewport
 * @property {{ current: HTMLElement | null }} root the element that scrolls
 * @property {number} first line that is drawn
 * @property {number} last line that is drawn, inclusive
 * @property {(line: number) => void} reveal scrolls until a line is seen
 */

/**
 * @template {Layout} Kind
 * @param {(width: number) => Kind} layoutOf how lines lie in a width in pixels
 * @param {number} [offset] pixels above the first line that stay in place
 * @returns {Viewport & { layout: Kind }}
 */
export function useViewport(layoutOf, offset = 0) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ top: 0, height: 800, width: 800 });
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    const observer = new ResizeObserver(measure);
    measure();
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  const layout = layoutOf(view.width);
  const { lines, lineHeight } = layout;
  const first = Math.max(0, Math.floor(view.top / lineHeight) - MARGIN);
  const last = Math.min(lines - 1, Math.ceil((view.top + view.height) / lineHeight) + MARGIN);
  const reveal = (/** @type {number} */ line) => {
    const element = root.current;
    if (!element) return;
    const top = line * lineHeight;
    const space = element.clientHeight - offset;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + lineHeight > element.scrollTop + space) element.scrollTop = top + lineHeight - space;
  };
  return { root, first, last, reveal, layout };
}
