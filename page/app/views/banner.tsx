/** Tells that the connection is lost, among the short messages, so that nothing moves and nothing is covered. */

import { text } from "../text/text.js";
import { useApp, useEffect, useState, useStore } from "./dom.js";
import { Icon } from "./icon.js";

export function Banner() {
  const app = useApp();
  const { phase, retryAt } = useStore((state) => state.link);
  const seconds = useCountdown(retryAt);
  return (
    <div role="status">
      {phase === "offline" && (
        <div class="toast banner">
          <Icon name="offline" />
          <span class="toast-text">
            {text.connection.lost}{" "}
            <span class="muted" aria-hidden="true">
              {text.connection.retryIn(seconds)}
            </span>
          </span>
          <button type="button" class="button small" onClick={() => app.connection.retryNow()}>
            {text.connection.retry}
          </button>
        </div>
      )}
    </div>
  );
}

function useCountdown(until: number | null) {
  const left = () => Math.max(0, Math.ceil(((until ?? 0) - performance.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    if (until === null) return undefined;
    const timer = setInterval(() => setSeconds(left()), 500);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}
