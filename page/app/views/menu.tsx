/** A menu at a point of the page, by mouse and keyboard; on a phone at its lower edge. */

import type { RefObject } from "preact";
import { PHONE, useEffect, useId, useLayoutEffect, useMedia, useRef } from "./dom.js";
import { Icon } from "./icon.js";
import { Sheet } from "./sheet.js";

/** `isChosen`: whether it is the chosen one of those between two lines; `isChecked`: whether it is one of several that are */
export type Item = {
  label: string;
  icon: string;
  run: () => void;
  danger?: boolean;
  disabled?: boolean;
  hint?: string;
  isChosen?: boolean;
  isChecked?: boolean;
};

export type Choice = Item | { note: string } | "line";

/** `title`: what it is about; a sheet is far from that */
export type Content = { label: string; choices: readonly Choice[]; onClose: () => void; title?: string | undefined };

const MARGIN = 8;

export function Menu({ x, y, above = false, ...content }: Content & { x: number; y: number; above?: boolean }) {
  const isSheet = useMedia(PHONE);
  if (!isSheet) return <MenuPopover x={x} y={y} above={above} {...content} />;
  return (
    <Sheet class="menu-sheet" label={content.title ?? content.label} onClose={content.onClose} first={firstOf}>
      {content.title && (
        <p class="menu-title" aria-hidden="true">
          {content.title}
        </p>
      )}
      <Choices {...content} />
    </Sheet>
  );
}

/** Over the page as the browser's popover, which Escape and a press beside it close. */
function MenuPopover({ x, y, above, ...content }: Content & { x: number; y: number; above: boolean }) {
  const popover = useRef<HTMLDivElement | null>(null);
  useLayoutEffect(() => {
    const menu = popover.current;
    menu?.showPopover();
    firstOf(menu)?.focus();
    // Gives the focus back, if it is in the menu.
    return () => menu?.hidePopover();
  }, []);
  usePlace(popover, x, y, above);
  useTapBeside(popover);
  return <Choices {...content} popover={popover} />;
}

function Choices({ label, choices, onClose, popover }: Content & { popover?: RefObject<HTMLDivElement> }) {
  const id = useId();
  const hasNote = choices.some((choice) => choice !== "line" && "note" in choice);
  const choose = (choice: Item) => {
    // A dialog that is opened gives the focus back to what has it now, and the menu is gone by then.
    popover?.current?.hidePopover();
    onClose();
    choice.run();
  };
  // What was in its place before may close later than it opens.
  const onToggle = ({ newState }: { newState: string }) => {
    if (newState === "closed" && popover?.current?.isConnected) onClose();
  };
  return (
    <div
      ref={popover ?? null}
      popover={popover && "auto"}
      class="menu"
      role="menu"
      aria-label={label}
      aria-describedby={hasNote ? id : undefined}
      onToggle={onToggle}
      onKeyDown={(event: KeyboardEvent) => onKey(event, onClose)}
    >
      {choices.map((choice) => {
        if (choice === "line") return <div class="menu-line" role="separator"></div>;
        if ("note" in choice)
          return (
            <div class="menu-note" id={id} role="none">
              {choice.note}
            </div>
          );
        return <MenuItem choice={choice} onChoose={choose} />;
      })}
    </div>
  );
}

function MenuItem({ choice, onChoose }: { choice: Item; onChoose: (choice: Item) => void }) {
  const isOn = choice.isChosen ?? choice.isChecked;
  const role = choice.isChosen !== undefined ? "menuitemradio" : isOn !== undefined ? "menuitemcheckbox" : "menuitem";
  return (
    <button
      type="button"
      role={role}
      aria-checked={isOn}
      tabIndex={-1}
      class={choice.danger ? "danger" : ""}
      disabled={choice.disabled}
      onClick={() => onChoose(choice)}
    >
      <Icon name={choice.icon} />
      <span>{choice.label}</span>
      {choice.hint && <kbd aria-hidden="true">{choice.hint}</kbd>}
      {isOn && <Icon name="check" />}
    </button>
  );
}

export type Root = { current: HTMLElement | null };

/** Keeps the menu inside the window. */
function usePlace(root: Root, x: number, y: number, above: boolean) {
  useLayoutEffect(() => {
    const menu = root.current;
    if (!menu) return;
    const { width, height } = menu.getBoundingClientRect();
    const top = above ? y - height : y;
    menu.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`;
    menu.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
  }, [x, y, above]);
}

/** Keeps the tap that closes the menu from opening what lies beside it. */
function useTapBeside(root: Root) {
  useEffect(() => {
    const onClick = (event: Event) => {
      const isTouch = event instanceof PointerEvent && event.pointerType === "touch";
      if (!isTouch || (event.target instanceof Node && root.current?.contains(event.target))) return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener("click", onClick, true);
    return () => window.removeEventListener("click", onClick, true);
  }, []);
}

/**
 * Opens a menu once the press that asks for it has ended: browsers take its end for a press beside the menu
 * (whatwg/html#10905).
 */
export function afterPress(press: MouseEvent, open: () => void) {
  if (press.buttons === 0) open();
  else window.addEventListener("mouseup", open, { capture: true, once: true });
}

/** @param event of the menu */
function onKey(event: KeyboardEvent, onClose: () => void) {
  const all = items(event.currentTarget as HTMLElement);
  const at = all.indexOf(document.activeElement as HTMLButtonElement);
  const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 } as Record<string, number>;
  const target = targets[event.key];
  if (target !== undefined) all.at(target % all.length)?.focus();
  else if (event.key === "Tab") onClose();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function items(root: HTMLElement | null): HTMLButtonElement[] {
  return [...(root?.querySelectorAll("button") ?? [])].filter((button) => !button.disabled);
}

/** What the keyboard begins with: what is chosen, if something is. */
function firstOf(root: HTMLElement | null) {
  const all = items(root);
  return all.find((button) => button.getAttribute("aria-checked") === "true") ?? all[0];
}
