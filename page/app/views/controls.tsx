/** Small controls that occur everywhere. */

import type { ComponentChildren, InputHTMLAttributes, Ref } from "preact";
import { text } from "../text/text.js";
import { useLayoutEffect, useId, useRef } from "./dom.js";
import { Icon } from "./icon.js";

/** A button with an icon alone; its label is read aloud and shown as a tooltip. */
export function IconButton({
  icon,
  label,
  onClick,
  pressed,
  class: className = "",
  disabled = false,
  expanded,
  tabIndex,
}: {
  icon: string;
  label: string;
  onClick: (event: MouseEvent) => void;
  pressed?: boolean;
  class?: string;
  disabled?: boolean;
  expanded?: boolean;
  tabIndex?: number;
}) {
  return (
    <button
      type="button"
      class={`icon-button ${className}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      disabled={disabled}
      tabindex={tabIndex}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

export type FieldProperties = {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: string;
  hint?: string | undefined;
  error?: string | null;
  inputRef?: Ref<HTMLInputElement> | undefined;
} & Omit<InputHTMLAttributes, "value" | "onInput" | "label">;

/** Of a field that has a label of its own, unless another one is given. */
type NamedFieldProperties = Omit<FieldProperties, "label"> & { label?: string };

export function Field({ label, value, onInput, hint, error, inputRef, type = "text", ...rest }: FieldProperties) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        ref={inputRef ?? null}
        type={type}
        value={value}
        spellcheck={false}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        onInput={(event: InputEvent) => onInput((event.target as HTMLInputElement).value)}
        {...rest}
      />
      {(error || hint) && (
        <p id={`${id}-note`} class={error ? "field-error" : "field-hint"}>
          {error || hint}
        </p>
      )}
    </div>
  );
}

/** A field for the name of a user; it takes what `Field` takes, too. */
export function UserNameField({ isNew, ...rest }: NamedFieldProperties & { isNew: boolean }) {
  return (
    <Field
      label={text.login.name}
      autocapitalize="none"
      required
      maxLength={16}
      pattern="[A-Za-z0-9]+"
      hint={isNew ? text.users.nameHint : undefined}
      {...rest}
    />
  );
}

/** A field for a password; it takes what `Field` takes, too. */
export function PasswordField({ isNew, ...rest }: NamedFieldProperties & { isNew: boolean }) {
  return (
    <Field
      label={text.login.password}
      type="password"
      autocomplete={isNew ? "new-password" : "current-password"}
      required
      minLength={isNew ? 8 : undefined}
      maxLength={256}
      hint={isNew ? text.password.hint : undefined}
      {...rest}
    />
  );
}

/** A field for the code of an authenticator app, or for a recovery code; it takes what `Field` takes, too. */
export function CodeField(properties: NamedFieldProperties) {
  return (
    <Field
      label={text.secondFactor.code}
      autocomplete="one-time-code"
      autocapitalize="none"
      required
      maxLength={40}
      {...properties}
    />
  );
}

export function Submit({ isBusy, label, isNarrow = false }: { isBusy: boolean; label: string; isNarrow?: boolean }) {
  return (
    <button class={`button primary ${isNarrow ? "" : "wide"}`} disabled={isBusy}>
      {isBusy ? text.app.oneMoment : label}
    </button>
  );
}

export function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event: Event) => onChange((event.target as HTMLSelectElement).value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event: Event) => onChange((event.target as HTMLInputElement).checked)}
      />
      <span>{label}</span>
    </label>
  );
}

/**
 * One of a few words. While it is busy its buttons are not disabled: browsers would take the focus from them.
 * @param properties `isFocused`: whether it takes the place of a choice that had the focus
 */
export function Choice<Value>({
  label,
  options,
  chosen,
  isBusy,
  isFocused = false,
  onChoose,
}: {
  label: string;
  options: readonly { value: Value; label: string }[];
  chosen: Value | undefined;
  isBusy: boolean;
  isFocused?: boolean;
  onChoose: (value: Value) => void;
}) {
  const group = useRef<HTMLDivElement | null>(null);
  useLayoutEffect(() => {
    if (isFocused) group.current?.querySelector("button")?.focus();
  }, []);
  return (
    <div class="segmented words" role="group" aria-label={label} ref={group}>
      {options.map((option) => (
        <button
          type="button"
          key={option.label}
          aria-disabled={isBusy ? "true" : "false"}
          aria-pressed={option.value === chosen ? "true" : "false"}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

/**
 * A list of what is loaded, perhaps part by part.
 * @param properties `entries`: null or undefined until the first ones are there; `children` draws one, with its key
 */
export function LoadedList<Entry>({
  class: className,
  label,
  entries,
  none,
  isBusy,
  hasFailed,
  more,
  children,
}: {
  class: string;
  label?: string;
  entries: readonly Entry[] | null | undefined;
  none?: string;
  isBusy?: boolean;
  hasFailed: boolean;
  more?: (() => void) | null | undefined;
  children: (entry: Entry) => ComponentChildren;
}) {
  return (
    <ul class={className} aria-label={label} aria-busy={isBusy}>
      {entries?.map(children)}
      {entries?.length === 0 && none && <li class="muted">{none}</li>}
      {!entries && !hasFailed && (
        <li class="waiting">
          <Spinner label={text.app.loading} />
        </li>
      )}
      {more && (
        <li>
          <button type="button" class="button small" disabled={isBusy} onClick={more}>
            {text.app.more}
          </button>
        </li>
      )}
    </ul>
  );
}

export function FormError({ text }: { text: string | null }) {
  return (
    <div class="form-error" role="alert">
      {text && (
        <>
          <Icon name="alert" />
          <span>{text}</span>
        </>
      )}
    </div>
  );
}

export function Progress({ value, max, label, tone = "" }: { value: number; max: number; label: string; tone?: string }) {
  const percent = max > 0 ? Math.min(100, (100 * value) / max) : 0;
  return (
    <div
      class={`progress ${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(percent)}
    >
      <div style={{ width: `${percent}%` }}></div>
    </div>
  );
}

export function Spinner({ label }: { label?: string }) {
  return <span class="spinner" role="status" aria-label={label}></span>;
}

/** Something with an icon, a headline and a sentence, in the middle of an empty space. */
export function Blank({
  icon,
  title,
  text,
  children,
}: {
  icon: string;
  title: string;
  text?: string | null;
  children?: unknown;
}) {
  return (
    <div class="blank">
      <span class="blank-icon">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {text && <p>{text}</p>} {children && <div class="blank-actions">{children}</div>}
    </div>
  );
}
