/** Addresses of content: for showing, downloading and sharing. */

/** @import { FileItem } from "../../types/state.js" */
/** @import { Connection } from "../protocol/connection.js" */
import { Disconnected, messageOf } from "../protocol/errors.js";
import { newUuid } from "../protocol/frames.js";
import { formatPath } from "../state/paths.js";
import { text } from "../text/text.js";

export class Links {
  /** Signed links that were asked for, by file and version. @type {Map<string, Promise<string>>} */
  #signed = new Map();
  /** @type {Map<string, Promise<string>>} */
  #thumbnails = new Map();
  #connection;
  #token;

  /**
   * @param {Connection} connection
   * @param {() => Promise<string>} token
   */
  constructor(connection, token) {
    this.#connection = connection;
    this.#token = token;
  }

  /** What one user may open is not the next one's. */
  forget() {
    this.#signed.clear();
    this.#thumbnails.clear();
  }

  /**
   * An address that serves the file to whoever has it, until its content changes. Rejects with `Refused`.
   * @param {FileItem} file
   * @returns {Promise<string>}
   */
  signed(file) {
    return remembered(this.#signed, `${file.key}@${file.updatedAt}`, async () => {
      const { payload } = await this.#connection.request("c2s:signed-download-request", { file_id: file.id });
      if (!payload) throw new Error(text.errors.noLink);
      return new URL(`/signed-download?q=${encodeURIComponent(payload)}`, location.origin).href;
    });
  }

  /**
   * The address of a small picture of the file.
   * @param {FileItem} file
   * @returns {Promise<string>}
   */
  thumbnail(file) {
    return remembered(this.#thumbnails, `${file.key}@${file.updatedAt}`, async () => {
      const answer = await this.#connection.request("c2s:thumbnail-request", { id: file.id });
      return answer.message ?? "";
    });
  }

  /**
   * Rejects with `Refused` and `Disconnected`.
   * @param {FileItem} file
   */
  async download(file) {
    // A link that is known already would lead to a download that the browser calls failed, and nobody knows why.
    if (!this.#connection.isOnline) throw new Disconnected(text.errors.offline);
    save(await this.signed(file), file.name);
  }

  /**
   * A folder, or some of the files and folders in it, as one zip file.
   * @param {readonly string[]} path
   * @param {readonly string[]} names none for the whole folder
   * @param {(reason: string) => void} onRefused
   */
  async downloadArchive(path, names, onRefused) {
    if (!this.#connection.isOnline) return onRefused(text.errors.offline);
    const token = await this.#token().catch((error) => void onRefused(messageOf(error)));
    if (token === undefined) return;
    submit("/bulk-download", [["auth", token], ["path", formatPath(path)], ...names.map((name) => ["name", name])], onRefused);
  }
}

/**
 * What was asked for once is not asked for again, unless it failed.
 * @param {Map<string, Promise<string>>} known
 * @param {string} key
 * @param {() => Promise<string>} ask
 */
function remembered(known, key, ask) {
  const before = known.get(key);
  if (before) return before;
  const asked = ask();
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  return asked;
}

/**
 * Lets the browser download it as usual, with its own progress and folder.
 * @param {string} href
 * @param {string} name
 */
function save(href, name) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

/**
 * Lets the browser download the answer to a form. A form holds any number of names, and keeps the token out of addresses.
 * @param {string} route
 * @param {readonly (readonly string[])[]} fields names and values
 * @param {(reason: string) => void} onRefused
 */
function submit(route, fields, onRefused) {
  const frame = document.createElement("iframe");
  frame.name = `download-${newUuid()}`;
  frame.hidden = true;
  const form = document.createElement("form");
  form.method = "post";
  form.action = route;
  form.target = frame.name;
  form.hidden = true;
  for (const [name = "", value = ""] of fields) {
    const input = document.createElement("input");
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(frame, form);
  // A download leaves the frame as it is, and nothing tells when it has begun; a refusal is shown in the frame.
  frame.addEventListener("load", () => {
    if (frame.contentDocument?.URL === "about:blank") return;
    onRefused(reasonIn(frame));
    frame.remove();
  });
  form.submit();
  form.remove();
}

/** @param {HTMLIFrameElement} frame */
function reasonIn(frame) {
  // The browser's own page about what went wrong cannot be read.
  if (!frame.contentDocument) return text.errors.unreachable;
  try {
    const { error_details: details } = JSON.parse(frame.contentDocument.body.textContent ?? "");
    return String(details ?? text.errors.refused);
  } catch {
    return text.errors.refused;
  }
}
