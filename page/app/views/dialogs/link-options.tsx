/** How a link is limited: the form of a new one, and of one that is changed. */

import type { ComponentChildren } from "preact";
import type { FileLink, FolderLink, LinkOptions } from "../../../types/links.js";
import { text } from "../../text/dialogs.js";
import { Check, Choice, Field, FormError } from "../controls.js";
import { useAutoFocus, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";

export const DAY_S = 86_400;
/** Days; null for never, undefined leaves it as it is. */
const LIVES = [1, 7, 30, null];
export const LONGEST_LABEL = 100;
const SHORTEST_PASSWORD = 4;
const LONGEST_PASSWORD = 256;

/** What is asked of links of every kind. */
export type CommonOptions = Pick<LinkOptions, "label" | "expires_in_s" | "password">;

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
  const [most, setMost] = useState(link?.max_downloads ? String(link.max_downloads) : "");
  const [follows, setFollows] = useState(false);
  const send = (common: CommonOptions) =>
    onDone({ ...common, max_downloads: most ? Number(most) : null, ...(!link && { follows_content: follows }) });
  return (
    <CommonForm link={link} submit={submit} onDone={send} onCancel={onCancel}>
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
    </CommonForm>
  );
}

/**
 * The form of links of every kind.
 * @param properties `before` and `children` are what only links of a kind are asked for
 */
export function CommonForm({
  link,
  submit,
  before,
  children,
  onDone,
  onCancel,
}: {
  link: FileLink | FolderLink | undefined;
  submit: string;
  before?: ComponentChildren;
  children: ComponentChildren;
  onDone: (options: CommonOptions) => Promise<void>;
  onCancel: (() => void) | undefined;
}) {
  const [label, setLabel] = useState(link?.label ?? "");
  const [days, setDays] = useState((link ? undefined : 30) as number | null | undefined);
  const [password, setPassword] = useState("");
  const [isOpen, setOpen] = useState(false);
  const first = useAutoFocus<HTMLInputElement>();
  const { isBusy, error, run } = useWork();
  const lives = (link ? [undefined, ...LIVES] : LIVES).map((value) => ({ value, label: text.link.lives(value) }));
  const send = () => run(() => onDone(optionsOf({ label, days, password, isOpen })));
  return (
    <form class="form link-options" onSubmit={onSubmit(send)}>
      {before}
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
      {children}
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

function optionsOf({
  label,
  days,
  password,
  isOpen,
}: {
  label: string;
  days: number | null | undefined;
  password: string;
  isOpen: boolean;
}): CommonOptions {
  const options: CommonOptions = { label: label.trim() };
  if (days !== undefined) options.expires_in_s = days === null ? null : days * DAY_S;
  if (isOpen) options.password = null;
  else if (password) options.password = password;
  return options;
}
