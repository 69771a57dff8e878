/** Texts: their beginning, and more when that is wanted, as long as it is no more than anybody reads. */

import type { ComponentChildren } from "preact";
import type { FileItem } from "../../../types/state.js";
import type { Shown } from "./preview.js";
import type { TableRows } from "./table-reading.js";
import { languageOf, textKindOf } from "../../state/kinds.js";
import { decodeText, encodingOf } from "../../state/text-bytes.js";
import { formatSize } from "../../text/format.js";
import { text } from "../../text/viewer.js";
import { Choice, Spinner } from "../controls.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../dom.js";
import { NotShown } from "./not-shown.js";
import { fetchPart } from "./ranged-file.js";

const FIRST_BYTES = 128 * 1024;
const GROWTH = 4;
const MOST_BYTES = 2 * 1024 * 1024;

/** `isWhole`: whether it is all of the file */
type Part = { words: string; isWhole: boolean };

export function TextContents({ file, address, onError }: Shown) {
  const [loaded, setLoaded] = useState<{ end: number; words: string | null }>({ end: 0, words: "" });
  const [wanted, setWanted] = useState(FIRST_BYTES);
  const [asSource, setAsSource] = useState(false);
  useEffect(() => {
    const leaving = new AbortController();
    const end = Math.min(wanted, file.size);
    fetchPart(address, 0, end, leaving.signal)
      .then((bytes) => {
        const encoding = encodingOf(bytes.subarray(0, FIRST_BYTES));
        setLoaded({ end, words: encoding && decodeText(bytes, encoding) });
      })
      .catch(() => leaving.signal.aborted || onError());
    return () => leaving.abort();
  }, [address, wanted]);
  if (loaded.words === null) return <NotShown file={file} reason={text.viewer.unknown} icon="eye-off" />;
  if (loaded.end === 0) return <Spinner label={text.app.loading} />;
  const part = { words: loaded.words, isWhole: loaded.end === file.size };
  const kind = textKindOf(file);
  const note = !part.isWhole && (
    <More end={loaded.end} size={file.size} onMore={loaded.end < MOST_BYTES ? () => setWanted(wanted * GROWTH) : null} />
  );
  const shown =
    asSource || kind === "code" ? (
      <Code file={file} words={part.words} note={note} />
    ) : kind === "markdown" ? (
      <Markdown file={file} words={part.words} note={note} />
    ) : (
      <Table file={file} part={part} note={note} />
    );
  if (kind === "code") return shown;
  return (
    <div class="text-choice">
      <Choice
        label={text.viewer.shownAs}
        options={[
          { value: false, label: kind === "table" ? text.viewer.asTable : text.viewer.asDocument },
          { value: true, label: text.viewer.asSource },
        ]}
        chosen={asSource}
        isBusy={false}
        onChoose={setAsSource}
      />
      {shown}
    </div>
  );
}

/** @param properties `onMore`: null where more would be too much for a page */
function More({ end, size, onMore }: { end: number; size: number; onMore: (() => void) | null }) {
  return (
    <div class="note">
      <p>{text.viewer.part(formatSize(end), formatSize(size))}</p>
      {onMore ? (
        <button type="button" class="button" onClick={onMore}>
          {text.viewer.more(formatSize(size - end))}
        </button>
      ) : (
        <p>{text.viewer.downloadForAll}</p>
      )}
    </div>
  );
}

type Source = { file: FileItem; words: string; note: ComponentChildren };

/** The text as it is, in colours where it is code in a language that is known. */
function Code({ file, words, note }: Source) {
  const [html, setHtml] = useState<{ of: string; html: string | null } | null>(null);
  useEffect(() => {
    let isWanted = true;
    import("./highlighting.js").then(
      ({ highlight }) => isWanted && setHtml({ of: words, html: highlight(words, languageOf(file.name)) }),
      // Without colours it can be read as well.
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [words]);
  const coloured = html?.of === words ? html.html : null;
  return (
    <div class="shown paper text" tabIndex={0} role="region" aria-label={file.name}>
      {/* The highlighter escapes all that is not its own. */}
      {coloured === null ? <pre>{words}</pre> : <pre dangerouslySetInnerHTML={{ __html: coloured }}></pre>}
      {note}
    </div>
  );
}

function Markdown({ file, words, note }: Source) {
  const article = useRef<HTMLElement | null>(null);
  const [fragment, setFragment] = useState<DocumentFragment | "failed" | null>(null);
  useEffect(() => {
    let isWanted = true;
    import("./markdown.js")
      .then(({ renderMarkdown }) => renderMarkdown(words))
      .then(
        (rendered) => isWanted && setFragment(rendered),
        () => isWanted && setFragment("failed"),
      );
    return () => {
      isWanted = false;
    };
  }, [words]);
  useLayoutEffect(() => {
    if (!(fragment instanceof DocumentFragment) || fragment.childNodes.length === 0) return;
    article.current?.replaceChildren(fragment);
    void colourCode(article.current);
  }, [fragment]);
  if (fragment === "failed") return <Code file={file} words={words} note={note} />;
  if (!fragment) return <Spinner label={text.app.loading} />;
  return (
    <div class="shown paper" tabIndex={0} role="region" aria-label={file.name}>
      <article ref={article} class="markdown"></article>
      {note}
    </div>
  );
}

async function colourCode(root: HTMLElement | null) {
  const blocks = [...(root?.querySelectorAll('pre > code[class^="language-"]') ?? [])];
  if (blocks.length === 0) return;
  const { highlight } = await import("./highlighting.js");
  for (const block of blocks) {
    const html = highlight(block.textContent ?? "", block.className.replace("language-", ""));
    if (html !== null) block.innerHTML = html;
  }
}

function Table({ file, part, note }: { file: FileItem; part: Part; note: ComponentChildren }) {
  const [table, setTable] = useState<TableRows | null>(null);
  useEffect(() => {
    let isWanted = true;
    import("./table-reading.js").then(
      ({ readTable }) => isWanted && setTable(readTable(part.words, part.isWhole)),
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [part.words]);
  if (!table) return <Spinner label={text.app.loading} />;
  const { head, rows, hasMore } = table;
  return (
    <div class="shown paper table scrolls-sideways" tabIndex={0} role="region" aria-label={file.name}>
      <table>
        <thead>
          <tr>
            {head.map((value) => (
              <th scope="col">{value}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((value) => (
                <td>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {hasMore ? <p class="note">{text.viewer.firstRows(rows.length, head.length)}</p> : note}
    </div>
  );
}
