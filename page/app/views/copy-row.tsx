/** A text to take along, with a button that copies it. */

import { text } from "../text/dialogs.js";
import { useRef, useState } from "./dom.js";
import { Icon } from "./icon.js";

/** @param properties an empty value is still on its way */
export function CopyRow({ label, value }: { label: string; value: string }) {
  const input = useRef<HTMLInputElement | null>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    input.current?.select();
    setCopied(await isWritten(value));
  };
  return (
    <div class="copy-row">
      <input
        ref={input}
        readonly
        value={value}
        placeholder={text.app.oneMoment}
        aria-label={label}
        onFocus={() => input.current?.select()}
      />
      <button type="button" class="button primary copy-button" disabled={!value} onClick={copy}>
        <Icon name={isCopied ? "check" : "copy"} />
        <span aria-live="polite">{isCopied ? text.link.copied : text.link.copy}</span>
      </button>
    </div>
  );
}

/**
 * Whether it is in the clipboard. Without HTTPS there is none, and a browser may refuse it: then the old command copies what
 * is selected.
 */
async function isWritten(value: string) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
