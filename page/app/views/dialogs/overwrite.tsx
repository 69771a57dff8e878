/** Asks what happens to an upload whose name is taken. It is not closed without an answer. */

import type { OverwriteAction, UploadsView } from "../../../types/state.js";
import { text } from "../../text/text.js";
import { Check } from "../controls.js";
import { useApp, useState, useStore } from "../dom.js";
import { Icon } from "../icon.js";
import { Dialog } from "./dialog.js";

export function OverwriteDialog() {
  const prompt = useStore((state) => state.uploads.prompt);
  return prompt && <Question key={prompt.uploadId} prompt={prompt} />;
}

function Question({ prompt }: { prompt: NonNullable<UploadsView["prompt"]> }) {
  const app = useApp();
  const [forAll, setForAll] = useState(false);
  const answer = (action: OverwriteAction) => () => app.uploads.decide(prompt.uploadId, action, forAll);
  return (
    <Dialog title={text.overwrite.title} onClose={() => {}} canClose={false}>
      <p class="lead">{text.overwrite.lead(prompt.name, prompt.folder, prompt.meetsFolder)}</p>
      <div class="choices">
        <button type="button" onClick={answer("rename")}>
          <Icon name="copy" />
          <span>
            <strong>{text.overwrite.rename}</strong>
            {text.overwrite.renameText}
          </span>
        </button>
        {!prompt.meetsFolder && (
          <button type="button" onClick={answer("overwrite")}>
            <Icon name="transfer" />
            <span>
              <strong>{text.overwrite.overwrite}</strong>
              {text.overwrite.overwriteText}
            </span>
          </button>
        )}
        <button type="button" onClick={answer("skip")}>
          <Icon name="skip" />
          <span>
            <strong>{text.overwrite.skip}</strong>
            {text.overwrite.skipText}
          </span>
        </button>
      </div>
      <Check
        label={prompt.more > 0 ? text.overwrite.forAllOf(prompt.more) : text.overwrite.forAll}
        checked={forAll}
        onChange={setForAll}
      />
    </Dialog>
  );
}
