/** How a link is limited: the form of a new one, and of one that is changed. */

import type { FileLink, LinkChanges, LinkOptions } from "../../../types/links.js";
import { text } from "../../text/text.js";
import { Check, Choice, Field, FormError } from "../controls.js";
import { useAutoFocus, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";

export const DAY_S = 86_400;
/** Days; null for never, undefined leaves it as it is. */
export const LIVES = [1, 7, 30, null];
export const LONGEST_LABEL = 100;
export const SHORTEST_PASSWORD = 4;
export const LONGEST_PASSWORD = 256;

/** @param properties `link` is the one that is changed */
export function LinkOptionsForm({
  link,
  submit,
  onDone,
  onCancel,
}: {
  link?: FileLink;
  submit: string;
  onDone: (options: LinkOptions) => Promise<void>;
  onCancel?: () => void;
}) {
  const [label, setLabel] = useState(link?.label ?? "");
  const [days, setDays] = useState((link ? undefined : 30) as number | null | undefined);
  const [password, setPassword] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [most, setMost] = useState(link?.max_downloads ? String(link.max_downloads) : "");
  const [follows, setFollows] = useState(false);
  const first = useAutoFocus<HTMLInputElement>();
  const { isBusy, error, run } = useWork();
  const lives = (link ? [undefined, ...LIVES] : LIVES).map((value) => ({ value, label: text.link.lives(value) }));
  const send = () =>
    run(() => onDone(optionsOf({ label, days, password, isOpen, most }, link ? {} : { follows_content: follows })));
  return (
    <form class="form link-options" onSubmit={onSubmit(send)}>
      <Field
        label={text.link.label}
        hint={text.link.labelHint}
        value={label}
        onInput={setLabel}
        inputRef={first}
        maxLength={LONGEST_LABEL}
        autocomplete="off"
      />
      <div class="field">
        <span class="field-label">{text.link.life}</span>
        <Choice label={text.link.life} options={lives} chosen={days} isBusy={isBusy} onChoose={setDays} />
      </div>
      {!isOpen && (
        <Field
          label={text.link.password}
          hint={link?.has_password ? text.link.passwordKept : text.link.passwordHint}
          type="password"
          value={password}
          onInput={setPassword}
          minLength={SHORTEST_PASSWORD}
          maxLength={LONGEST_PASSWORD}
          autocomplete="new-password"
        />
      )}
      {link?.has_password && <Check label={text.link.noPassword} checked={isOpen} onChange={setOpen} />}
      <Field
        label={text.link.most}
        hint={text.link.mostHint}
        value={most}
        onInput={setMost}
        inputmode="numeric"
        pattern="[1-9][0-9]{0,8}"
        autocomplete="off"
      />
      {!link && <Check label={text.link.follows} checked={follows} onChange={setFollows} />}
      <FormError text={error} />
      <div class="dialog-buttons">
        {onCancel && (
          <button type="button" class="button" onClick={onCancel}>
            {text.app.cancel}
          </button>
        )}
        <button class="button primary" disabled={isBusy}>
          {submit}
        </button>
      </div>
    </form>
  );
}

function optionsOf(
  {
    label,
    days,
    password,
    isOpen,
    most,
  }: { label: string; days: number | null | undefined; password: string; isOpen: boolean; most: string },
  others: { follows_content?: boolean },
): LinkOptions {
  const options: LinkChanges = { label: label.trim(), max_downloads: most ? Number(most) : null };
  if (days !== undefined) options.expires_in_s = days === null ? null : days * DAY_S;
  if (isOpen) options.password = null;
  else if (password) options.password = password;
  return { ...options, ...others };
}
