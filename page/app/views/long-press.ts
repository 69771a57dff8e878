/**
 * A finger that rests on something. Browsers tell it by `contextmenu`, and not all of them: so time and way are measured
 * here, and what browsers make of the same finger (a menu, a drag, a click afterwards) is kept away.
 */

export const LONG_PRESS_MS = 500;
/** No finger rests quite still. */
const SLOP_PX = 10;

export type Press = { x: number; y: number; timer: number; run: () => void };

/** There is one finger at a time that counts. */
export class LongPress {
  #press: Press | null = null;
  #isTouch = false;
  /** Whether the finger that is down, or was so last, has been a long press. */
  #isDone = false;

  /**
   * Handlers of an element.
   * @param run what a long press does
   * @param onMenu what a right click does
   */
  handlers(run: () => void, onMenu: (event: MouseEvent) => void) {
    return {
      onPointerDown: (event: PointerEvent) => this.#down(event, run),
      onPointerMove: (event: PointerEvent) => this.#move(event),
      onPointerUp: () => this.#cancel(),
      // The browser scrolls or zooms.
      onPointerCancel: () => this.#cancel(),
      onContextMenu: (event: MouseEvent) => {
        event.preventDefault();
        event.stopPropagation();
        if (!this.#isTouch) onMenu(event);
        else this.#finish();
      },
      onClickCapture: (event: MouseEvent) => {
        if (!this.#isDone || event.detail === 0) return;
        this.#isDone = false;
        event.preventDefault();
        event.stopPropagation();
      },
    };
  }

  /** Whether what is being dragged hangs on a finger; fingers select and scroll, and drag nothing. */
  get isTouch() {
    return this.#isTouch;
  }

  #down(event: PointerEvent, run: () => void) {
    this.#cancel();
    this.#isDone = false;
    this.#isTouch = event.pointerType === "touch";
    if (!this.#isTouch || !event.isPrimary) return;
    const timer = window.setTimeout(() => this.#finish(), LONG_PRESS_MS);
    this.#press = { x: event.clientX, y: event.clientY, timer, run };
  }

  #move(event: PointerEvent) {
    if (this.#press && Math.hypot(event.clientX - this.#press.x, event.clientY - this.#press.y) > SLOP_PX) this.#cancel();
  }

  /** The time is over, or the browser says so. */
  #finish() {
    const press = this.#press;
    if (!press) return;
    this.#cancel();
    this.#isDone = true;
    press.run();
  }

  #cancel() {
    clearTimeout(this.#press?.timer);
    this.#press = null;
  }
}

/** The finger on the list of files. */
export const longPress = new LongPress();
