/** Addresses of content, for showing and downloading: good for this page alone (`content-access.js`). */

import type { FileItem } from "../../types/state.js";
import type { Connection } from "../protocol/connection.js";
import type { ContentAccess } from "./content-access.js";
import { Disconnected, messageOf } from "../protocol/errors.js";
import { newUuid } from "../protocol/frames.js";
import { BoundedMap } from "../state/bounded-map.js";
import { formatPath } from "../state/paths.js";
import { text } from "../text/text.js";

/** Thumbnails of which it is remembered that they were asked for: many more than fit on a screen. */
const KNOWN_THUMBNAILS = 2_000;

export class Links {
  /** Files for whose thumbnails the manager was asked, by file and version. */
  #thumbnails = new BoundedMap<string, Promise<void>>(KNOWN_THUMBNAILS);
  #connection;
  #access;
  #token;

  constructor(connection: Connection, access: ContentAccess, token: () => Promise<string>) {
    this.#connection = connection;
    this.#access = access;
    this.#token = token;
  }

  /** What one user may open is not the next one's. */
  forget() {
    this.#access.forget();
    this.#thumbnails.clear();
  }

  /** The address of a file. Rejects with `HttpError`. */
  async content(file: FileItem): Promise<string> {
    return `${await this.#access.path()}/${file.id}?v=${encodeURIComponent(file.updatedAt ?? "")}`;
  }

  /** The address of a small picture of the file. Rejects with `Refused` and `HttpError`. */
  async thumbnail(file: FileItem): Promise<string> {
    // Some services make the picture only now.
    await remembered(this.#thumbnails, `${file.key}@${file.updatedAt}`, async () => {
      await this.#connection.request("c2s:thumbnail-request", { id: file.id });
    });
    return this.view(file, "thumbnail");
  }

  /**
   * The address of what processing has made from the file. Rejects with `HttpError`.
   * @param name one of those that there are (`Overview.processed`)
   */
  async view(file: FileItem, name: string): Promise<string> {
    return `${await this.#access.path()}/${file.id}/${name}?v=${encodeURIComponent(file.updatedAt ?? "")}`;
  }

  /** Earlier content of a file. Rejects with `HttpError` and `Disconnected`. */
  async downloadVersion(file: FileItem, versionId: number) {
    if (!this.#connection.isOnline) throw new Disconnected(text.errors.offline);
    save(`${await this.#access.path()}/${file.id}?version=${versionId}`, file.name);
  }

  /** Rejects with `HttpError` and `Disconnected`. */
  async download(file: FileItem) {
    // Otherwise the browser calls the download failed, and nobody knows why.
    if (!this.#connection.isOnline) throw new Disconnected(text.errors.offline);
    save(await this.content(file), file.name);
  }

  /**
   * A folder, or some of the files and folders in it, as one zip file.
   * @param names none for the whole folder
   */
  async downloadArchive(path: readonly string[], names: readonly string[], onRefused: (reason: string) => void) {
    if (!this.#connection.isOnline) return onRefused(text.errors.offline);
    const token = await this.#token().catch((error) => void onRefused(messageOf(error)));
    if (token === undefined) return;
    submit("/bulk-download", [["auth", token], ["path", formatPath(path)], ...names.map((name) => ["name", name])], onRefused);
  }
}

/** What was asked for once is not asked for again, unless it failed. */
function remembered(known: BoundedMap<string, Promise<void>>, key: string, ask: () => Promise<void>) {
  const before = known.get(key);
  if (before) return before;
  const asked = ask();
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  return asked;
}

/** Lets the browser download it as usual, with its own progress and folder. */
function save(href: string, name: string) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

/**
 * Lets the browser download the answer to a form. A form holds any number of names, and keeps the token out of addresses.
 * @param fields names and values
 */
function submit(route: string, fields: readonly (readonly string[])[], onRefused: (reason: string) => void) {
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

function reasonIn(frame: HTMLIFrameElement) {
  // The browser's own page about what went wrong cannot be read.
  if (!frame.contentDocument) return text.errors.unreachable;
  try {
    const { error_details: details } = JSON.parse(frame.contentDocument.body.textContent ?? "");
    return String(details ?? text.errors.refused);
  } catch {
    return text.errors.refused;
  }
}
