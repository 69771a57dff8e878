/**
 * The dialog that is open, if one is. Those that have to be there without a connection come with the page, the others are
 * loaded as soon as the browser has nothing else to do.
 */

import { text } from "../../text/text.js";
import { keepPage } from "../../actions/version.js";
import { useApp, useCallback, useEffect, useRef, useStore } from "../dom.js";
import { loadDialogs, useOnDemand, WaitingDialog, whenIdle } from "../on-demand.js";
import { CancelUploadsDialog } from "./cancel-uploads.js";
import { LogoutDialog } from "./logout.js";
import { NewFolderDialog } from "./new-folder.js";
import type { DialogOnDemand } from "./on-demand-dialogs.js";
import { PublicUploadDialog } from "./public-upload.js";

export function Dialogs() {
  const app = useApp();
  const dialog = useStore((state) => state.dialog);
  const onClose = useCallback(() => app.store.set({ dialog: null }), [app]);
  switch (dialog?.kind) {
    case "new-folder":
      return <NewFolderDialog onClose={onClose} />;
    case "public-upload":
      return <PublicUploadDialog onClose={onClose} />;
    case "cancel-uploads":
      return <CancelUploadsDialog onClose={onClose} />;
    case "logout":
      return <LogoutDialog onClose={onClose} />;
    default:
      return <Others dialog={dialog} onClose={onClose} />;
  }
}

function Others({ dialog, onClose }: { dialog: DialogOnDemand | null; onClose: () => void }) {
  const { part, isWaiting } = useOnDemand(loadDialogs, dialog !== null, onClose);
  usePreparation();
  if (isWaiting) return <WaitingDialog title={text.app.oneMoment} words={text.errors.offline} onClose={onClose} />;
  return dialog && part && <part.OnDemandDialog dialog={dialog} onClose={onClose} />;
}

/** Once the first folder is shown, what may be needed later is fetched. */
function usePreparation() {
  const app = useApp();
  const isReady = useStore(({ listing, link }) => listing.status !== "loading" && link.phase === "online");
  const isPrepared = useRef(false);
  const prepare = async () => {
    await Promise.all([app.uploadsOnDemand.load(), loadDialogs()]);
    isPrepared.current = true;
    await keepPage();
  };
  useEffect(() => (isReady && !isPrepared.current ? whenIdle(() => void prepare().catch(() => {})) : undefined), [isReady]);
}
