/** What is in a file: pictures and media stream from the manager, by ranges as the browser needs them. */

/** @import { FileItem } from "../../types/state.js" */
import { previewOf } from "../state/kinds.js";
import { decodeText, encodingOf } from "../state/text-bytes.js";
import { formatSize } from "../text/format.js";
import { text } from "../text/text.js";
import { Blank, Spinner } from "./controls.js";
import { html, useApp, useEffect, useState } from "./dom.js";
import { Icon } from "./icon.js";
import { download } from "./item-actions.js";
import { useOnline } from "./work.js";

/** PDFs are shown from memory, since files are never served as documents of this origin. */
const LARGEST_PDF = 100_000_000;
const TEXT_STEP = 128 * 1024;

/** @param {{ file: FileItem }} properties */
export function Preview({ file }) {
  const app = useApp();
  const kind = file.can === "none" ? "none" : previewOf(file.type, file.size);
  const [address, setAddress] = useState(/** @type {string | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const isEmpty = file.size === 0;
  const isOnline = useOnline();
  useEffect(() => {
    if (kind === "none" || isEmpty || !isOnline) return;
    setProblem(null);
    app.links.content(file).then(setAddress, (error) => setProblem(error.message));
  }, [isOnline]);
  const failed = () => setProblem(text.viewer.failed);
  if (file.can === "none") return html`<${NotShown} file=${file} reason=${text.viewer.forbidden} icon="lock" />`;
  if (isEmpty) return html`<${NotShown} file=${file} reason=${text.viewer.empty} icon="document" />`;
  if (kind === "none") return html`<${NotShown} file=${file} reason=${text.viewer.unknown} icon="eye-off" />`;
  if (!isOnline && (problem || !address)) return html`<${Blank} icon="offline" title=${file.name} text=${text.viewer.offline} />`;
  if (problem) return html`<${NotShown} file=${file} reason=${problem} icon="alert" />`;
  if (!address) return html`<${Spinner} label=${text.app.loading} />`;
  if (kind === "image") return html`<img class="shown" src=${address} alt=${file.name} onError=${failed} />`;
  if (kind === "video") return html`<video class="shown" src=${address} controls autoplay playsinline onError=${failed}></video>`;
  if (kind === "audio") return html`<${Audio} file=${file} address=${address} onError=${failed} />`;
  if (kind === "pdf") return html`<${Pdf} file=${file} address=${address} onError=${failed} />`;
  return html`<${Text} file=${file} address=${address} onError=${failed} />`;
}

/** @param {{ file: FileItem, reason: string, icon: string }} properties */
function NotShown({ file, reason, icon }) {
  const app = useApp();
  return html`<${Blank} icon=${icon} title=${file.name} text=${reason}>
    ${file.can !== "none" &&
    html`<button type="button" class="button primary" onClick=${() => download(app, [file])}><${Icon} name="download" />${text.actions.download}</button>`}
  <//>`;
}

/** @param {{ file: FileItem, address: string, onError: () => void }} properties */
function Audio({ file, address, onError }) {
  return html`<div class="audio">
    <span class="audio-art"><${Icon} name="audio" /></span>
    <strong>${file.name}</strong>
    <audio src=${address} controls autoplay onError=${onError}></audio>
  </div>`;
}

/** @param {{ file: FileItem, address: string, onError: () => void }} properties */
function Pdf({ file, address, onError }) {
  const [local, setLocal] = useState(/** @type {string | null} */ (null));
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
  if (!local) return html`<${Spinner} label=${text.app.loading} />`;
  return html`<iframe class="shown document" src=${local} title=${file.name}></iframe>`;
}

/** @param {{ file: FileItem, address: string, onError: () => void }} properties */
function Text({ file, address, onError }) {
  const [loaded, setLoaded] = useState(/** @type {{ end: number, words: string | null }} */ ({ end: 0, words: "" }));
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
  if (loaded.words === null) return html`<${NotShown} file=${file} reason=${text.viewer.unknown} icon="eye-off" />`;
  if (loaded.end === 0) return html`<${Spinner} label=${text.app.loading} />`;
  return html`<div class="shown text" tabindex="0" aria-label=${file.name}>
    <pre>${loaded.words}</pre>
    ${loaded.end < file.size &&
    html`<p class="muted">${text.viewer.part(formatSize(loaded.end), formatSize(file.size))}</p>
      <button type="button" class="button" onClick=${() => setWanted(wanted * 4)}>${text.viewer.more(formatSize(file.size - loaded.end))}</button>`}
  </div>`;
}
