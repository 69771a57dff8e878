/** How much of a quota is used. */

/** @import { StorageUse } from "../../types/audit.js" */
import { formatCount, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Progress } from "./controls.js";
import { html } from "./dom.js";

/** @param {{ use: StorageUse }} properties */
export function QuotaUse({ use }) {
  const { quota, stored, temporary } = use;
  return html`<div class="quota-use">
    ${quota.bytes === null
      ? html`<p class="muted">${text.quota.unlimited(formatSize(stored.bytes))}</p>`
      : html`<${Part} label=${text.quota.used(formatSize(stored.bytes), formatSize(quota.bytes))} value=${stored.bytes} max=${quota.bytes} />`}
    ${quota.files !== null &&
    html`<${Part} label=${text.quota.usedFiles(formatCount(stored.files), formatCount(quota.files))} value=${stored.files} max=${quota.files} />`}
    ${temporary.files > 0 && html`<p class="muted">${text.quota.temporary(formatSize(temporary.bytes))}</p>`}
  </div>`;
}

/** @param {{ label: string, value: number, max: number }} properties */
function Part({ label, value, max }) {
  return html`<div>
    <p>${label}</p>
    <${Progress} label=${label} value=${value} max=${max} tone=${value >= max ? "full" : ""} />
  </div>`;
}
