/** Short messages; also read aloud. */

import { text } from "../text/text.js";
import { IconButton } from "./controls.js";
import { useApp, useStore } from "./dom.js";
import { Icon } from "./icon.js";

const ICONS = { plain: "info", good: "check", bad: "alert" };

export function Toasts() {
  const app = useApp();
  const toasts = useStore((state) => state.toasts);
  return (
    <div class="toasts" role="region" aria-label={text.toasts.label} aria-live="polite">
      {toasts.map((toast) => (
        <div class={`toast ${toast.tone}`} key={toast.id}>
          <Icon name={toast.action?.icon ?? ICONS[toast.tone]} />
          <span class="toast-text">{toast.text}</span>
          {toast.action ? (
            <button type="button" class="button small" onClick={toast.action.run}>
              {toast.action.label}
            </button>
          ) : (
            <IconButton icon="close" label={text.app.close} onClick={() => app.toasts.close(toast.id)} />
          )}
        </div>
      ))}
    </div>
  );
}
