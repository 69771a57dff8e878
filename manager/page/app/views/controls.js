/** Small controls that occur everywhere. */

import { text } from "../text/text.js";
import { html, useLayoutEffect, useId, useRef } from "./dom.js";
import { Icon } from "./icon.js";

/**
 * A button with an icon alone; its label is read aloud and shown as a tooltip.
 * @param {{ icon: string, label: string, onClick: (event: MouseEvent) => void, pressed?: boolean, class?: string, disabled?: boolean, expanded?: boolean, tabIndex?: number }} properties
 */
export function IconButton({ icon, label, onClick, pressed, class: className = "", disabled = false, expanded, tabIndex }) {
  return html`<button
    type="button"
    class="icon-button ${className}"
    aria-label=${label}
    title=${label}
    aria-pressed=${pressed}
    aria-expanded=${expanded}
    disabled=${disabled}
    tabindex=${tabIndex}
    onClick=${onClick}
  >
    <${Icon} name=${icon} />
  </button>`;
}

/**
 * @param {{ label: string, value: string, onInput: (value: string) => void, type?: string, hint?: string, error?: string | null, inputRef?: object, autocomplete?: string, required?: boolean, minLength?: number, maxLength?: number, pattern?: string, placeholder?: string }} properties
 */
export function Field({ label, value, onInput, hint, error, inputRef, type = "text", ...rest }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input
      id=${id}
      ref=${inputRef}
      type=${type}
      value=${value}
      spellcheck=${false}
      aria-invalid=${error ? "true" : undefined}
      aria-describedby=${error || hint ? `${id}-note` : undefined}
      onInput=${(/** @type {InputEvent} */ event) => onInput(/** @type {HTMLInputElement} */ (event.target).value)}
      ...${rest}
    />
    ${(error || hint) && html`<p id="${id}-note" class=${error ? "field-error" : "field-hint"}>${error || hint}</p>`}
  </div>`;
}

/**
 * A field for the name of a user; it takes what `Field` takes, too.
 * @param {{ value: string, onInput: (value: string) => void, isNew: boolean, [more: string]: any }} properties
 */
export function UserNameField({ isNew, ...rest }) {
  return html`<${Field}
    label=${text.login.name}
    autocapitalize="none"
    required
    maxLength=${16}
    pattern="[A-Za-z0-9]+"
    hint=${isNew ? text.users.nameHint : undefined}
    ...${rest}
  />`;
}

/**
 * A field for a password; it takes what `Field` takes, too.
 * @param {{ value: string, onInput: (value: string) => void, isNew: boolean, [more: string]: any }} properties
 */
export function PasswordField({ isNew, ...rest }) {
  return html`<${Field}
    label=${text.login.password}
    type="password"
    autocomplete=${isNew ? "new-password" : "current-password"}
    required
    minLength=${isNew ? 8 : undefined}
    maxLength=${256}
    hint=${isNew ? text.password.hint : undefined}
    ...${rest}
  />`;
}

/**
 * A field for the code of an authenticator app, or for a recovery code; it takes what `Field` takes, too.
 * @param {{ value: string, onInput: (value: string) => void, [more: string]: any }} properties
 */
export function CodeField(properties) {
  return html`<${Field} label=${text.secondFactor.code} autocomplete="one-time-code" autocapitalize="none" required maxLength=${40} ...${properties} />`;
}

/** @param {{ isBusy: boolean, label: string, isNarrow?: boolean }} properties */
export function Submit({ isBusy, label, isNarrow = false }) {
  return html`<button class="button primary ${isNarrow ? "" : "wide"}" disabled=${isBusy}>${isBusy ? text.app.oneMoment : label}</button>`;
}

/** @param {{ label: string, value: string, options: readonly { value: string, label: string }[], onChange: (value: string) => void }} properties */
export function Select({ label, value, options, onChange }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} value=${value} onChange=${(/** @type {Event} */ event) => onChange(/** @type {HTMLSelectElement} */ (event.target).value)}>
      ${options.map((option) => html`<option key=${option.value} value=${option.value} selected=${option.value === value}>${option.label}</option>`)}
    </select>
  </div>`;
}

/** @param {{ label: string, checked: boolean, onChange: (checked: boolean) => void }} properties */
export function Check({ label, checked, onChange }) {
  return html`<label class="check">
    <input
      type="checkbox"
      checked=${checked}
      onChange=${(/** @type {Event} */ event) => onChange(/** @type {HTMLInputElement} */ (event.target).checked)}
    />
    <span>${label}</span>
  </label>`;
}

/**
 * One of a few words. While it is busy its buttons are not disabled: browsers would take the focus from them.
 * @param {{ label: string, options: readonly { value: unknown, label: string }[], chosen: unknown, isBusy: boolean, isFocused?: boolean, onChoose: (value: any) => void }} properties
 *   `isFocused`: whether it takes the place of a choice that had the focus
 */
export function Choice({ label, options, chosen, isBusy, isFocused = false, onChoose }) {
  const group = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (isFocused) group.current?.querySelector("button")?.focus();
  }, []);
  return html`<div class="segmented words" role="group" aria-label=${label} ref=${group}>
    ${options.map(
      (option) => html`<button
        type="button"
        key=${option.label}
        aria-disabled=${isBusy ? "true" : "false"}
        aria-pressed=${option.value === chosen ? "true" : "false"}
        onClick=${() => onChoose(option.value)}
      >
        ${option.label}
      </button>`,
    )}
  </div>`;
}

/** @param {{ text: string | null }} properties */
export function FormError({ text }) {
  return html`<div class="form-error" role="alert">${text && html`<${Icon} name="alert" /><span>${text}</span>`}</div>`;
}

/** @param {{ value: number, max: number, label: string, tone?: string }} properties */
export function Progress({ value, max, label, tone = "" }) {
  const percent = max > 0 ? Math.min(100, (100 * value) / max) : 0;
  return html`<div
    class="progress ${tone}"
    role="progressbar"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.floor(percent)}
  >
    <div style=${{ width: `${percent}%` }}></div>
  </div>`;
}

/** @param {{ label?: string }} properties */
export function Spinner({ label }) {
  return html`<span class="spinner" role="status" aria-label=${label}></span>`;
}

/**
 * Something with an icon, a headline and a sentence, in the middle of an empty space.
 * @param {{ icon: string, title: string, text?: string | null, children?: unknown }} properties
 */
export function Blank({ icon, title, text, children }) {
  return html`<div class="blank">
    <span class="blank-icon"><${Icon} name=${icon} /></span>
    <h2>${title}</h2>
    ${text && html`<p>${text}</p>`} ${children && html`<div class="blank-actions">${children}</div>`}
  </div>`;
}
