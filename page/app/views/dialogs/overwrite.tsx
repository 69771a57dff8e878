/** Asks what happens to an upload whose name is taken: by what is known of both files. It can be put off. */

import type { ComponentChildren } from "preact";
import type { FileItem, OverwriteAction, Prompt } from "../../../types/state.js";
import { kindOf, previewOf } from "../../state/kinds.js";
import { formatDate, formatSize } from "../../text/format.js";
import { text } from "../../text/uploads.js";
import { Check } from "../controls.js";
import { useApp, useEffect, useState, useStore } from "../dom.js";
import { Icon, ItemIcon } from "../icon.js";
import { Thumbnail } from "../thumbnail.js";
import { Dialog } from "./dialog.js";

/** Of larger pictures the icon is shown, since decoding them takes a while. */
const LARGEST_PICTURE = 40_000_000;

export function OverwriteDialog() {
  const prompt = useStore((state) => state.uploads.prompt);
  return prompt && <Question key={prompt.id} prompt={prompt} />;
}

function Question({ prompt }: { prompt: Prompt }) {
  const app = useApp();
  const [forAll, setForAll] = useState(false);
  const answer = (action: OverwriteAction) => () => app.uploads.decide(prompt.id, action, forAll);
  const putOff = () => app.uploads.putOffQuestions(true);
  const meetsFolder = prompt.existing?.kind === "folder";
  return (
    <Dialog title={text.overwrite.title} onClose={putOff}>
      <p class="lead">{text.overwrite.lead(prompt.source.name, prompt.folder, meetsFolder)}</p>
      <div class="versions">
        <Existing item={prompt.existing} />
        <New source={prompt.source} />
      </div>
      <div class="choices">
        <AnswerButton icon="copy" label={text.overwrite.rename} note={text.overwrite.renameText} onClick={answer("rename")} />
        {prompt.canReplace && (
          <AnswerButton
            icon="transfer"
            label={text.overwrite.overwrite}
            note={text.overwrite.overwriteText}
            onClick={answer("overwrite")}
          />
        )}
        <AnswerButton icon="skip" label={text.overwrite.skip} note={text.overwrite.skipText} onClick={answer("skip")} />
      </div>
      <Check
        label={prompt.more > 0 ? text.overwrite.forAllOf(prompt.more) : text.overwrite.forAll}
        checked={forAll}
        onChange={setForAll}
      />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={putOff}>
          {text.overwrite.later}
        </button>
      </div>
    </Dialog>
  );
}

function AnswerButton(properties: { icon: string; label: string; note: string; onClick: () => void }) {
  return (
    <button type="button" onClick={properties.onClick}>
      <Icon name={properties.icon} />
      <span>
        <strong>{properties.label}</strong>
        {properties.note}
      </span>
    </button>
  );
}

function Existing({ item }: { item: Prompt["existing"] }) {
  const isFile = item?.kind === "file";
  const date = isFile ? text.overwrite.stored(formatDate(item.updatedAt, Date.now())) : null;
  return (
    <Version
      title={text.overwrite.existing}
      size={isFile ? formatSize(item.size) : item ? text.overwrite.folder : text.overwrite.unknown}
      date={date}
    >
      {item ? <Thumbnail item={item} /> : <Icon name="other" />}
    </Version>
  );
}

function New({ source }: { source: Prompt["source"] }) {
  const date = source instanceof File ? new Date(source.lastModified).toISOString() : null;
  return (
    <Version
      title={text.overwrite.uploaded}
      size={formatSize(source.size)}
      date={date && text.overwrite.changed(formatDate(date, Date.now()))}
    >
      <LocalPicture source={source} />
    </Version>
  );
}

function Version(properties: { title: string; size: string; date: string | null; children: ComponentChildren }) {
  return (
    <figure class="version">
      <div class="version-picture">{properties.children}</div>
      <figcaption>
        <strong>{properties.title}</strong>
        <span class="muted">{properties.size}</span>
        {properties.date && <span class="muted">{properties.date}</span>}
      </figcaption>
    </figure>
  );
}

/** A picture of a file that is not stored yet, or its icon. */
function LocalPicture({ source }: { source: Prompt["source"] }) {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    const isPicture = source instanceof File && previewOf(source) === "image";
    if (!isPicture || source.size > LARGEST_PICTURE) return undefined;
    const made = URL.createObjectURL(source);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [source]);
  const type = source instanceof File ? source.type : "";
  if (address) return <img class={`picture-of-${kindOf(type)}`} src={address} alt="" onError={() => setAddress(null)} />;
  return <ItemIcon item={{ kind: "file", type } as FileItem} large />;
}
