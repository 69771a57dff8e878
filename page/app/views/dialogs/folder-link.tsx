/** Links that open a folder without an account, or by which others add files to it: a new one, and those that there are. */

import type { FolderLinkOptions } from "../../../types/links.js";
import { OwnFolderLinks, toFolder } from "../../actions/own-links.js";
import { text } from "../../text/dialogs.js";
import { useApp } from "../dom.js";
import { FolderLinkForm } from "./folder-link-form.js";
import { FolderLinkList } from "./link-list.js";
import { LinksDialog, MadeLink } from "./link.js";

export function FolderLinkDialog({ path, onClose }: { path: readonly string[]; onClose: () => void }) {
  const app = useApp();
  const make = (options: FolderLinkOptions) => new OwnFolderLinks(() => app.accounts.token()).make(toFolder(path), options);
  return (
    <LinksDialog
      title={text.link.folder.title(path.at(-1) ?? "")}
      lead={text.link.folder.lead}
      existing={text.link.folder.existing}
      list={<FolderLinkList path={path} />}
      onClose={onClose}
    >
      <MadeLink made={text.link.folder.made} make={make} onClose={onClose}>
        {(onDone) => <FolderLinkForm submit={text.link.make} onDone={onDone} onCancel={onClose} />}
      </MadeLink>
    </LinksDialog>
  );
}
