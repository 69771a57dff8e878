/** What can be done with the file that is shown: buttons, and a menu where there is no room for them. */

import type { FileItem } from "../../../types/state.js";
import type { ItemAction } from "../item-actions.js";
import type { SlideShow } from "./slide-show.js";
import { text } from "../../text/viewer.js";
import { IconButton } from "../controls.js";
import { NARROW, useApp, useMedia } from "../dom.js";
import { Icon } from "../icon.js";
import { actionsOn } from "../item-actions.js";
import { MenuButton } from "../menu-button.js";

/** `isPressed`: of what is switched on and off */
type Action = Pick<ItemAction, "label" | "icon" | "run" | "isDangerous"> & { isPressed?: boolean };

export function FileActions({
  file,
  slideShow,
  facts,
  onDelete,
}: {
  file: FileItem;
  slideShow: SlideShow;
  facts: { isShown: boolean; toggle: () => void };
  onDelete: () => void;
}) {
  const app = useApp();
  const isNarrow = useMedia(NARROW);
  const slides: Action | null = slideShow.toggle && {
    label: slideShow.isPlaying ? text.viewer.pauseSlides : text.viewer.playSlides,
    icon: slideShow.isPlaying ? "pause" : "play",
    run: slideShow.toggle,
    isDangerous: false,
  };
  const actions: Action[] = [
    ...(slides ? [slides] : []),
    { label: text.details.title, icon: "info", run: facts.toggle, isPressed: facts.isShown, isDangerous: false },
    ...actionsOn(app, [file], ["share", "link", "download"]),
    ...actionsOn(app, [file], ["delete"]).map((action) => ({ ...action, run: onDelete })),
  ];
  if (isNarrow) {
    const choices = actions.map(({ label, icon, run, isDangerous }) => ({ label, icon, run, danger: isDangerous }));
    return (
      <MenuButton class="icon-button" label={text.actions.label} choices={choices}>
        <Icon name="dots" />
      </MenuButton>
    );
  }
  return actions.map(({ label, icon, run, isPressed }) => (
    <IconButton key={icon} icon={icon} label={label} onClick={run} {...(isPressed !== undefined && { pressed: isPressed })} />
  ));
}
