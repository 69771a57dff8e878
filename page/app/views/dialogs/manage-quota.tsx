/** For administrators: what a user stores, and how much that may be. */

import type { StorageUse } from "../../../types/audit.js";
import type { Account } from "../../../types/wire.js";
import { text } from "../../text/dialogs.js";
import { Field, FormError, Spinner } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { QuotaUse } from "../quota-use.js";
import { onSubmit, useLoading, useWork } from "../work.js";

const GIB = 2 ** 30;

export function ManageQuota({ account }: { account: Account }) {
  const app = useApp();
  const [use, setUse] = useState<StorageUse | null>(null);
  const [size, setSize] = useState("");
  const [files, setFiles] = useState("");
  const show = (found: StorageUse) => {
    setUse(found);
    setSize(found.quota.bytes === null ? "" : String(Number((found.quota.bytes / GIB).toFixed(3))));
    setFiles(found.quota.files === null ? "" : String(found.quota.files));
  };
  const problem = useLoading(async () => show(await app.administration.storage(account)), [account.id]);
  const { isBusy, error, run } = useWork();
  const set = () =>
    run(async () => {
      const bytes = size.trim() === "" ? null : Math.max(1, Math.round(Number(size) * GIB));
      show(await app.administration.setQuota(account, { bytes, files: files.trim() === "" ? null : Number(files) }));
      app.toasts.show(text.quota.changed(account.name), "good");
    });
  return (
    <form class="manage-quota" onSubmit={onSubmit(set)}>
      <h4>{text.quota.title}</h4>
      {use && <QuotaUse use={use} />} {!use && !problem && <Spinner label={text.app.loading} />}
      <div class="quota-fields">
        <Field
          label={text.quota.size}
          value={size}
          onInput={setSize}
          type="number"
          min="0"
          step="any"
          placeholder={text.quota.any}
        />
        <Field
          label={text.quota.files}
          value={files}
          onInput={setFiles}
          type="number"
          min="1"
          step="1"
          placeholder={text.quota.any}
        />
      </div>
      <p class="field-hint">{text.quota.hint}</p>
      <FormError text={problem ?? error} />
      <button class="button" disabled={isBusy || !use}>
        {text.quota.set}
      </button>
    </form>
  );
}
