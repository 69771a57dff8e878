/** Links that open a file without an account: a new one, and those that there are. */

import type { ComponentChildren } from "preact";
import type { FileItem } from "../../../types/state.js";
import type { LinkOptions } from "../../../types/links.js";
import { OwnFileLinks } from "../../actions/own-links.js";
import { text } from "../../text/dialogs.js";
import { Choice } from "../controls.js";
import { CopyRow } from "../copy-row.js";
import { useApp, useState } from "../dom.js";
import { Dialog } from "./dialog.js";
import { LinkList } from "./link-list.js";
import { LinkOptionsForm } from "./link-options.js";

export function LinkDialog({ file, onClose }: { file: FileItem; onClose: () => void }) {
  const app = useApp();
  const make = (options: LinkOptions) => new OwnFileLinks(() => app.accounts.token()).make({ file_id: file.id }, options);
  return (
    <LinksDialog
      title={text.link.title}
      lead={text.link.lead(file.name)}
      existing={text.link.existing}
      list={<LinkList fileId={file.id} />}
      onClose={onClose}
    >
      <MadeLink made={text.link.made} make={make} onClose={onClose}>
        {(onDone) => <LinkOptionsForm submit={text.link.make} onDone={onDone} onCancel={onClose} />}
      </MadeLink>
    </LinksDialog>
  );
}

/** @param properties `children` is the form of a new link, `list` those that there are */
export function LinksDialog({
  title,
  lead,
  existing,
  list,
  children,
  onClose,
}: {
  title: string;
  lead: string;
  existing: string;
  list: ComponentChildren;
  children: ComponentChildren;
  onClose: () => void;
}) {
  const [isListed, setListed] = useState(false);
  const sections = [
    { value: false, label: text.link.new },
    { value: true, label: existing },
  ];
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div class="own-account">
        <p class="lead">{lead}</p>
        <Choice label={title} options={sections} chosen={isListed} isBusy={false} onChoose={setListed} />
        {isListed ? list : children}
      </div>
    </Dialog>
  );
}

/** @param properties `children` draws the form, in whose place the address stands once the link is made */
export function MadeLink<Options>({
  made,
  make,
  children,
  onClose,
}: {
  made: string;
  make: (options: Options) => Promise<{ url: string | null }>;
  children: (onDone: (options: Options) => Promise<void>) => ComponentChildren;
  onClose: () => void;
}) {
  const [url, setUrl] = useState<string | null>(null);
  if (url === null) return <>{children(async (options) => setUrl((await make(options)).url))}</>;
  return (
    <section class="account-section">
      <p>{made}</p>
      <CopyRow label={text.link.title} value={url} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {text.app.done}
        </button>
      </div>
    </section>
  );
}
