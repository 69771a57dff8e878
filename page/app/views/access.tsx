/** A small mark for files that are not simply one's own. */

import type { FileItem } from "../../types/state.js";
import { text } from "../text/text.js";

import { Icon } from "./icon.js";

const ICONS = { owned: "", public: "globe", shared: "users", restricted: "lock" };

export function Access({ file }: { file: FileItem }) {
  const icon = ICONS[file.status];
  if (!icon) return null;
  return (
    <span class="access" role="img" aria-label={text.access[file.status]} title={text.access[file.status]}>
      <Icon name={icon} />
    </span>
  );
}
