/** Links that open a file without an account: a new one, and those that there are. */

import type { FileItem } from "../../../types/state.js";
import type { LinkOptions } from "../../../types/links.js";
import { text } from "../../text/text.js";
import { Choice } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useState } from "../dom.js";
import { Dialog } from "./dialog.js";
import { LinkList } from "./link-list.js";
import { LinkOptionsForm } from "./link-options.js";

const SECTIONS = [
  { value: false, label: text.link.new },
  { value: true, label: text.link.existing },
];

export function LinkDialog({ file, onClose }: { file: FileItem; onClose: () => void }) {
  const [isListed, setListed] = useState(false);
  return (
    <Dialog title={text.link.title} onClose={onClose} wide>
      <div class="own-account">
        <p class="lead">{text.link.lead(file.name)}</p>
        <Choice label={text.link.title} options={SECTIONS} chosen={isListed} isBusy={false} onChoose={setListed} />
        {isListed ? <LinkList fileId={file.id} /> : <NewLink file={file} onClose={onClose} />}
      </div>
    </Dialog>
  );
}

function NewLink({ file, onClose }: { file: FileItem; onClose: () => void }) {
  const app = useApp();
  const [url, setUrl] = useState<string | null>(null);
  const make = async (options: LinkOptions) => setUrl((await app.ownLinks.make(file.id, options)).url);
  if (url === null) return <LinkOptionsForm submit={text.link.make} onDone={make} onCancel={onClose} />;
  return (
    <section class="account-section">
      <p>{text.link.made}</p>
      <CopyRow label={text.link.title} value={url} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.done}
        </button>
      </div>
    </section>
  );
}
