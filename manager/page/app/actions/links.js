/** Addresses of content: for showing, downloading and sharing. */

/** @import { FileItem } from "../../types/state.js" */
/** @import { Connection } from "../protocol/connection.js" */
/** @import { Store } from "../state/store.js" */
import { formatPath } from "../state/paths.js";
import { text } from "../text/text.js";

/** Managers, and the proxies before them, take addresses of about 8,000 characters. */
const MAX_ADDRESS = 6_000;

export class Links {
  /** Signed links that were asked for, by file and version. @type {Map<string, Promise<string>>} */
  #signed = new Map();
  /** @type {Map<string, Promise<string>>} */
  #thumbnails = new Map();
  #store;
  #connection;

  /**
   * @param {Store} store
   * @param {Connection} connection
   */
  constructor(store, connection) {
    this.#store = store;
    this.#connection = connection;
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

  /** @param {readonly FileItem[]} files */
  async download(files) {
    for (const file of files) save(await this.signed(file), file.name);
  }

  /**
   * A folder as one zip file.
   * @param {readonly string[]} path
   */
  downloadFolder(path) {
    save(this.#archive(path), archiveName(path));
  }

  /**
   * Some of the files and folders in a folder as one zip file.
   * @param {readonly string[]} path
   * @param {readonly string[]} names
   * @returns {boolean} false when they are too many for one address
   */
  downloadSelection(path, names) {
    const address = this.#archive(path, names);
    if (address.length > MAX_ADDRESS) return false;
    save(address, archiveName(path));
    return true;
  }

  /**
   * @param {readonly string[]} path
   * @param {readonly string[]} [names]
   */
  #archive(path, names = []) {
    const token = this.#store.state.session.token ?? "";
    const parameters = new URLSearchParams({ path: formatPath(path), auth: token });
    for (const name of names) parameters.append("name", name);
    return `/bulk-download?${parameters}`;
  }
}

/** @param {readonly string[]} path */
function archiveName(path) {
  return `${path.at(-1) ?? text.app.name}.zip`;
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
