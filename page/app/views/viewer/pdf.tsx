/** PDFs: in the browser's own viewer, or where it has none, or a file is too large for that, page by page by pdf.js. */

import type { PDFDocumentLoadingTask, PDFDocumentProxy, PDFPageProxy } from "pdfjs-dist";
import type { Shown } from "./preview.js";
import { text } from "../../text/viewer.js";
import { Spinner } from "../controls.js";
import { useEffect, useRef, useState } from "../dom.js";
import { useView } from "./use-view.js";

/** The browser's viewer gets files from memory, since they are never served as documents of this origin. */
const LARGEST_IN_MEMORY = 100_000_000;
/** Pages that are drawn before and after those in sight. */
const DRAWN_MARGIN = "100% 0px";
const MOST_PIXELS = 8_000_000;

/**
 * Loads what a file names and does not hold: encodings, and fonts of symbols. Other fonts are the device's: pdf.js would look for
 * them here as well if it was told the address.
 */
class Resources {
  async fetch({ filename }: { filename: string }) {
    const response = await fetch(new URL(`./pdf/${filename}`, import.meta.url));
    if (!response.ok) throw new Error(`${filename} cannot be loaded`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

export function PdfDocument(shown: Shown) {
  const canBrowserShow = navigator.pdfViewerEnabled && shown.file.size <= LARGEST_IN_MEMORY;
  return canBrowserShow ? <InBrowserViewer {...shown} /> : <PageByPage {...shown} />;
}

/** The first page, until there is more. */
function FirstPage({ file }: Pick<Shown, "file">) {
  const firstPage = useView(file, ["first-page"]);
  return (
    <div class="pdf-waiting">
      {firstPage && <img src={firstPage} alt="" />}
      <Spinner label={text.app.loading} />
    </div>
  );
}

function InBrowserViewer({ file, address, onError }: Shown) {
  const [local, setLocal] = useState<string | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    let made = "";
    const load = async () => {
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
  if (!local) return <FirstPage file={file} />;
  return <iframe class="shown document" src={local} title={file.name}></iframe>;
}

function PageByPage({ file, address, onError }: Shown) {
  const [opened, setOpened] = useState<{ pdf: PDFDocumentProxy; ratio: number } | null>(null);
  useEffect(() => {
    let isWanted = true;
    let loading: PDFDocumentLoadingTask | null = null;
    const open = async () => {
      const { getDocument, GlobalWorkerOptions } = await import("pdfjs-dist/legacy/build/pdf.mjs");
      GlobalWorkerOptions.workerSrc = new URL("./pdf-worker.js", import.meta.url).href;
      if (!isWanted) return;
      const begun = getDocument({
        url: new URL(address, location.href).href,
        // Only what the pages in sight need is fetched.
        ...{ disableAutoFetch: true, disableStream: true, rangeChunkSize: 512 * 1024 },
        ...{ BinaryDataFactory: Resources, cMapPacked: true },
        ...{ useWasm: false, useWorkerFetch: false, enableXfa: false },
      });
      loading = begun;
      const pdf = await begun.promise;
      const { width, height } = (await pdf.getPage(1)).getViewport({ scale: 1 });
      if (isWanted) setOpened({ pdf, ratio: width / height });
    };
    open().catch(() => isWanted && onError());
    return () => {
      isWanted = false;
      void loading?.destroy();
    };
  }, [address]);
  if (!opened) return <FirstPage file={file} />;
  const { pdf, ratio } = opened;
  return (
    <div class="shown pdf-pages" tabIndex={0} role="document" aria-label={file.name}>
      {Array.from({ length: pdf.numPages }, (_, index) => (
        <PdfPage key={index} pdf={pdf} number={index + 1} ratio={ratio} />
      ))}
    </div>
  );
}

/** A page that is drawn while it is in sight or near. */
function PdfPage({ pdf, number, ratio }: { pdf: PDFDocumentProxy; number: number; ratio: number }) {
  const root = useRef<HTMLDivElement | null>(null);
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      root: element.parentElement,
      rootMargin: DRAWN_MARGIN,
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={root} class="pdf-page" style={{ aspectRatio: String(ratio) }}>
      {isNear && <DrawnPage pdf={pdf} number={number} />}
    </div>
  );
}

function DrawnPage({ pdf, number }: { pdf: PDFDocumentProxy; number: number }) {
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const [words, setWords] = useState("");
  useEffect(() => {
    let isWanted = true;
    let drawing: { cancel: () => void } | null = null;
    const draw = async () => {
      const page = await pdf.getPage(number);
      if (!isWanted || !canvas.current) return;
      const viewport = page.getViewport({ scale: scaleFor(page, canvas.current.clientWidth) });
      Object.assign(canvas.current, { width: viewport.width, height: viewport.height });
      const task = page.render({ canvas: canvas.current, viewport });
      drawing = task;
      await task.promise;
      if (isWanted) setWords(await wordsOf(page));
    };
    // A page that is damaged stays white; the others are shown.
    draw().catch(() => {});
    return () => {
      isWanted = false;
      drawing?.cancel();
    };
  }, []);
  return (
    <>
      <canvas ref={canvas} role="img" aria-label={text.viewer.page(number)}></canvas>
      <p class="hidden">{words}</p>
    </>
  );
}

/** @param width of the page on the screen, in CSS pixels */
function scaleFor(page: PDFPageProxy, width: number) {
  const whole = page.getViewport({ scale: 1 });
  const wanted = (width * devicePixelRatio) / whole.width;
  return Math.min(wanted, Math.sqrt(MOST_PIXELS / (whole.width * whole.height)));
}

/** What is written on the page, for screen readers. */
async function wordsOf(page: PDFPageProxy) {
  const { items } = await page.getTextContent();
  return items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join("");
}
