/** What is in a file, in the way that fits it. Pictures and media stream from the manager, by ranges as browsers need them. */

import type { FileItem } from "../../../types/state.js";
import { isPicture, previewOf } from "../../state/kinds.js";
import { text } from "../../text/viewer.js";
import { Blank, Spinner } from "../controls.js";
import { useApp, useEffect, useState } from "../dom.js";
import { useOnline } from "../work.js";
import { ArchiveContents } from "./archive.js";
import { Audio, Video } from "./media.js";
import { NotShown } from "./not-shown.js";
import { PdfDocument } from "./pdf.js";
import { PictureStage } from "./picture.js";
import { TextContents } from "./text.js";

/** What all of these get; `address` is that of the file. */
export type Shown = { file: FileItem; address: string; onError: () => void };

/** @param properties `onReady`: called when a picture is seen */
export function Preview({ file, onReady }: { file: FileItem; onReady: () => void }) {
  const app = useApp();
  const kind = file.can === "none" ? "none" : previewOf(file);
  const [address, setAddress] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const isEmpty = file.size === 0;
  const isOnline = useOnline();
  useEffect(() => {
    if (kind === "none" || isEmpty || !isOnline) return;
    setProblem(null);
    app.links.content(file).then(setAddress, (error) => setProblem(error.message));
  }, [isOnline]);
  const failed = () => setProblem(kind === "converted-image" ? text.viewer.unknown : text.viewer.failed);
  if (file.can === "none") return <NotShown file={file} reason={text.viewer.forbidden} icon="lock" />;
  if (isEmpty) return <NotShown file={file} reason={text.viewer.empty} icon="document" />;
  if (kind === "none") return <NotShown file={file} reason={text.viewer.unknown} icon="eye-off" />;
  if (!isOnline && (problem || !address)) return <Blank icon="offline" title={file.name} text={text.viewer.offline} />;
  if (problem) return <NotShown file={file} reason={problem} icon="alert" />;
  if (!address) return <Spinner label={text.app.loading} />;
  const shown = { file, address, onError: failed };
  if (isPicture(file)) return <PictureStage file={file} onReady={onReady} onError={failed} />;
  switch (kind) {
    case "video":
      return <Video {...shown} />;
    case "audio":
      return <Audio {...shown} />;
    case "pdf":
      return <PdfDocument {...shown} />;
    case "zip":
    case "tar":
    case "gzipped-tar":
      return <ArchiveContents {...shown} kind={kind} />;
    default:
      return <TextContents {...shown} />;
  }
}
