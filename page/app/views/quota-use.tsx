/** How much of a quota is used. */

import type { StorageUse } from "../../types/audit.js";
import { formatCount, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Progress } from "./controls.js";

/** @param properties `isDrawn`: how much of the bytes is used is shown by something else */
export function QuotaUse({ use, isDrawn = false }: { use: StorageUse; isDrawn?: boolean }) {
  const { quota, stored, temporary } = use;
  const words = quota.bytes !== null && text.quota.used(formatSize(stored.bytes), formatSize(quota.bytes));
  return (
    <div class="quota-use">
      {quota.bytes === null && <p class="muted">{text.quota.unlimited(formatSize(stored.bytes))}</p>}
      {words && isDrawn && <p>{words}</p>}
      {words && !isDrawn && <Part label={words} value={stored.bytes} max={quota.bytes ?? 0} />}
      {quota.files !== null && (
        <Part
          label={text.quota.usedFiles(formatCount(stored.files), formatCount(quota.files))}
          value={stored.files}
          max={quota.files}
        />
      )}
      {temporary.files > 0 && <p class="muted">{text.quota.temporary(formatSize(temporary.bytes))}</p>}
    </div>
  );
}

function Part({ label, value, max }: { label: string; value: number; max: number }) {
  return (
    <div>
      <p>{label}</p>
      <Progress label={label} value={value} max={max} tone={value >= max ? "full" : ""} />
    </div>
  );
}
