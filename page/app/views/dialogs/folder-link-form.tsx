/** What a link to a folder is for, and how it is limited: the form of a new one, and of one that is changed. */

import type { FolderLink, FolderLinkOptions } from "../../../types/links.js";
import { text } from "../../text/dialogs.js";
import { Choice, Field } from "../controls.js";
import { useState } from "../dom.js";
import type { CommonOptions } from "./link-options.js";
import { CommonForm } from "./link-options.js";

const GIB = 2 ** 30;
const KINDS = [
  { value: false, label: text.link.folder.show },
  { value: true, label: text.link.folder.receive },
];

/** @param properties `link` is the one that is changed, whose kind stays */
export function FolderLinkForm({
  link,
  submit,
  onDone,
  onCancel,
}: {
  link?: FolderLink;
  submit: string;
  onDone: (options: FolderLinkOptions) => Promise<void>;
  onCancel?: () => void;
}) {
  const [receives, setReceives] = useState(link?.for_uploads ?? false);
  const [limits, setLimits] = useState({
    files: link?.max_files ? String(link.max_files) : "",
    size: gibOf(link?.max_file_size),
    total: gibOf(link?.max_total_size),
  });
  const send = (common: CommonOptions) =>
    onDone({
      ...common,
      ...(receives && {
        ...(!link && { for_uploads: true }),
        max_files: limits.files ? Number(limits.files) : null,
        max_file_size: bytesOf(limits.size, link?.max_file_size),
        max_total_size: bytesOf(limits.total, link?.max_total_size),
      }),
    });
  const limit = (name: keyof typeof limits, title: string, step: string) => (
    <Field
      label={title}
      value={limits[name]}
      onInput={(value) => setLimits({ ...limits, [name]: value })}
      type="number"
      min={step === "1" ? "1" : "0"}
      step={step}
      placeholder={text.link.folder.any}
    />
  );
  const kind = !link && (
    <div class="field">
      <span class="field-label">{text.link.folder.kind}</span>
      <Choice label={text.link.folder.kind} options={KINDS} chosen={receives} isBusy={false} onChoose={setReceives} />
      <p class="field-hint">{receives ? text.link.folder.receiveHint : text.link.folder.showHint}</p>
    </div>
  );
  return (
    <CommonForm link={link} submit={submit} before={kind} onDone={send} onCancel={onCancel}>
      {receives && (
        <>
          {limit("files", text.link.folder.maxFiles, "1")}
          {limit("size", text.link.folder.maxSize, "any")}
          {limit("total", text.link.folder.maxTotal, "any")}
        </>
      )}
    </CommonForm>
  );
}

function gibOf(bytes: number | null | undefined) {
  return bytes ? String(Number((bytes / GIB).toPrecision(6))) : "";
}

/** @param before what stays as it is when nothing else was typed than what it is shown as */
function bytesOf(gib: string, before: number | null | undefined) {
  if (gib.trim() === "") return null;
  return gib === gibOf(before) ? (before ?? null) : Math.max(1, Math.round(Number(gib) * GIB));
}
