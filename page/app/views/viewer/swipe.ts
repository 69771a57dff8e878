/** A finger that pushes the file aside for another one. */

import { useRef } from "../dom.js";

/** How far a finger goes sideways that wants another file. */
const SWIPE_PX = 60;

export function useSwipe(step: (by: 1 | -1) => void) {
  const following = useRef<AbortController | null>(null);
  const onTouchStart = (event: TouchEvent) => {
    following.current?.abort();
    const [start] = event.touches;
    if (!start || event.touches.length > 1 || !isFree(event.target)) return;
    following.current = new AbortController();
    // What is touched may be drawn anew meanwhile; it hears of the finger all the same, but nothing around it does.
    start.target.addEventListener("touchend", (end) => follow(start, (end as TouchEvent).changedTouches[0]), {
      once: true,
      signal: following.current.signal,
    });
  };
  const follow = (start: Touch, end: Touch | undefined) => {
    if (!end) return;
    const x = end.clientX - start.clientX;
    const y = end.clientY - start.clientY;
    if (Math.abs(x) >= SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  };
  return { onTouchStart };
}

/** One finger moves what is zoomed, a film's time, and what is wider than the screen. */
function isFree(target: EventTarget | null) {
  if (!(target instanceof Element) || target instanceof HTMLMediaElement) return false;
  if ((visualViewport?.scale ?? 1) > 1 || target.closest(".zoomed")) return false;
  const wide = target.closest(".scrolls-sideways");
  return !wide || wide.scrollWidth <= wide.clientWidth;
}
