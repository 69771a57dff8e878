/** A user or group in a list, and what can be done with it. */

import type { ComponentChildren } from "preact";
import { Icon } from "../icon.js";

/** @param properties `icon`: in place of the first letter */
export function Person({ name, icon, children }: { name: string; icon?: string | undefined; children?: ComponentChildren }) {
  return (
    <li>
      <span class="avatar" aria-hidden="true">
        {icon ? <Icon name={icon} /> : name.charAt(0).toUpperCase()}
      </span>
      <span class="name">{name}</span>
      {children}
    </li>
  );
}
