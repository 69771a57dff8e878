/** How much of a quota is used. */

import type { StorageUse } from "../../types/audit.js";
import { formatCount, formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Progress } from "./controls.js";

export function QuotaUse({ use }: { use: StorageUse }) {
  const { quota, stored, temporary } = use;
  return (
    <div class="quota-use">
      {quota.bytes === null ? (
        <p class="muted">{text.quota.unlimited(formatSize(stored.bytes))}</p>
      ) : (
        <Part label={text.quota.used(formatSize(stored.bytes), formatSize(quota.bytes))} value={stored.bytes} max={quota.bytes} />
      )}
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
