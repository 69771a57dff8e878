/** Asks for the name of a new folder. */

import { nameProblem } from "../../state/paths.js";
import { text } from "../../text/text.js";
import { Field, FormError } from "../controls.js";
import { useApp, useState } from "../dom.js";
import { onSubmit, useWork } from "../work.js";
import { Dialog } from "./dialog.js";

export function NewFolderDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const [name, setName] = useState("");
  const { isBusy, error, run } = useWork();
  const problem = name === "" ? null : nameProblem(name);
  const create = () =>
    run(async () => {
      await app.organiser.createFolder(name);
      onClose();
    });
  return (
    <Dialog title={text.actions.newFolder} onClose={onClose}>
      <form class="form" onSubmit={onSubmit(create)}>
        <Field
          label={text.names.label}
          value={name}
          onInput={setName}
          error={problem && text.names[problem]}
          autocomplete="off"
          required
        />
        <FormError text={error} />
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            {text.app.cancel}
          </button>
          <button class="button primary" disabled={isBusy || name === "" || problem !== null}>
            {text.actions.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
