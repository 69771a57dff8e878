/** What is in a file: pictures and media stream from the manager, by ranges as the browser needs them. */

import type { FileItem } from "../../types/state.js";
import { previewOf } from "../state/kinds.js";
import { decodeText, encodingOf } from "../state/text-bytes.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Blank, Spinner } from "./controls.js";
import { useApp, useEffect, useState } from "./dom.js";
import { Icon } from "./icon.js";
import { download } from "./item-actions.js";
import { useOnline } from "./work.js";

/** PDFs are shown from memory, since files are never served as documents of this origin. */
const LARGEST_PDF = 100_000_000;
const TEXT_STEP = 128 * 1024;

export function Preview({ file }: { file: FileItem }) {
  const app = useApp();
  const kind = file.can === "none" ? "none" : previewOf(file.type, file.size);
  const [address, setAddress] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const isEmpty = file.size === 0;
  const isOnline = useOnline();
  useEffect(() => {
    if (kind === "none" || isEmpty || !isOnline) return;
    setProblem(null);
    app.links.content(file).then(setAddress, (error) => setProblem(error.message));
  }, [isOnline]);
  const failed = () => setProblem(text.viewer.failed);
  if (file.can === "none") return <NotShown file={file} reason={text.viewer.forbidden} icon="lock" />;
  if (isEmpty) return <NotShown file={file} reason={text.viewer.empty} icon="document" />;
  if (kind === "none") return <NotShown file={file} reason={text.viewer.unknown} icon="eye-off" />;
  if (!isOnline && (problem || !address)) return <Blank icon="offline" title={file.name} text={text.viewer.offline} />;
  if (problem) return <NotShown file={file} reason={problem} icon="alert" />;
  if (!address) return <Spinner label={text.app.loading} />;
  if (kind === "image") return <img class="shown" src={address} alt={file.name} onError={failed} />;
  if (kind === "video") return <video class="shown" src={address} controls autoplay playsinline onError={failed}></video>;
  if (kind === "audio") return <Audio file={file} address={address} onError={failed} />;
  if (kind === "pdf") return <Pdf file={file} address={address} onError={failed} />;
  return <Text file={file} address={address} onError={failed} />;
}

function NotShown({ file, reason, icon }: { file: FileItem; reason: string; icon: string }) {
  const app = useApp();
  return (
    <Blank icon={icon} title={file.name} text={reason}>
      {file.can !== "none" && (
        <button type="button" class="button primary" onClick={() => download(app, [file])}>
          <Icon name="download" />
          {text.actions.download}
        </button>
      )}
    </Blank>
  );
}

function Audio({ file, address, onError }: { file: FileItem; address: string; onError: () => void }) {
  return (
    <div class="audio">
      <span class="audio-art">
        <Icon name="audio" />
      </span>
      <strong>{file.name}</strong>
      <audio src={address} controls autoplay onError={onError}></audio>
    </div>
  );
}

function Pdf({ file, address, onError }: { file: FileItem; address: string; onError: () => void }) {
  const [local, setLocal] = useState<string | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    let made = "";
    const load = async () => {
      if (file.size > LARGEST_PDF) throw new Error();
      const response = await fetch(address, { signal: leaving.signal });
      if (!response.ok) throw new Error();
      // Whatever the bytes are, they are taken as a PDF, never as a page.
      made = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: "application/pdf" }));
      setLocal(made);
    };
    load().catch(() => leaving.signal.aborted || onError());
    return () => {
      leaving.abort();
      URL.revokeObjectURL(made);
    };
  }, [address]);
  if (!local) return <Spinner label={text.app.loading} />;
  return <iframe class="shown document" src={local} title={file.name}></iframe>;
}

function Text({ file, address, onError }: { file: FileItem; address: string; onError: () => void }) {
  const [loaded, setLoaded] = useState<{ end: number; words: string | null }>({ end: 0, words: "" });
  const [wanted, setWanted] = useState(TEXT_STEP);
  useEffect(() => {
    const leaving = new AbortController();
    const end = Math.min(wanted, file.size);
    fetch(address, { headers: { Range: `bytes=0-${end - 1}` }, signal: leaving.signal })
      .then(async (response) => {
        if (!response.ok) throw new Error();
        const bytes = new Uint8Array(await response.arrayBuffer());
        const encoding = encodingOf(bytes.subarray(0, TEXT_STEP));
        setLoaded({ end, words: encoding && decodeText(bytes, encoding) });
      })
      .catch(() => leaving.signal.aborted || onError());
    return () => leaving.abort();
  }, [address, wanted]);
  if (loaded.words === null) return <NotShown file={file} reason={text.viewer.unknown} icon="eye-off" />;
  if (loaded.end === 0) return <Spinner label={text.app.loading} />;
  return (
    <div class="shown text" tabIndex={0} aria-label={file.name}>
      <pre>{loaded.words}</pre>
      {loaded.end < file.size && (
        <>
          <p class="muted">{text.viewer.part(formatSize(loaded.end), formatSize(file.size))}</p>
          <button type="button" class="button" onClick={() => setWanted(wanted * 4)}>
            {text.viewer.more(formatSize(file.size - loaded.end))}
          </button>
        </>
      )}
    </div>
  );
}
