/** Searches as somebody types, page by page. Only the newest search counts. */

import type { Hit } from "../../types/state.js";
import type { SearchResult } from "../../types/wire.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import { messageOf } from "../protocol/errors.js";
import { fileItem, folderItem } from "../state/listing.js";
import { parsePath } from "../state/paths.js";
import { searchRequest } from "../state/search.js";
import { afterQuiet } from "./timing.js";

const QUIET_MS = 150;
const CHANGED_QUIET_MS = 1_500;

export class Search {
  /** Counts the searches; what an earlier one finds is dropped. */
  #turn = 0;
  /** What is searched for: the same again is no other search. */
  #key: string | null = null;
  #store;
  #connection;
  #startSoon;
  #startAgain;

  constructor(store: Store, connection: Connection) {
    this.#store = store;
    this.#connection = connection;
    this.#startSoon = afterQuiet(() => void this.#start(), QUIET_MS);
    this.#startAgain = afterQuiet(() => void this.#start(), CHANGED_QUIET_MS);
    store.watch(() => this.#follow());
    for (const event of ["s2c:file-modify", "s2c:folder-modify"] as const) connection.on(event, () => this.#changed());
  }

  /** What was found is another user's, or of another time. */
  forget() {
    this.#turn += 1;
  }

  online() {
    this.#changed();
  }

  /** Asks for the next page, behind what is shown. */
  async more() {
    const { search } = this.#store.state;
    if (search?.next && !search.isRunning) await this.#ask(search.next, search.hits);
  }

  #changed() {
    if (this.#store.state.search) this.#startAgain();
  }

  #follow() {
    const { route, search } = this.#store.state;
    const key = route.query === null ? null : JSON.stringify([route.query.trim(), route.filter, route.path]);
    if (key === this.#key) return;
    this.#key = key;
    this.#turn += 1;
    const query = route.query?.trim() ?? "";
    const shown = { query, hits: search?.hits ?? [], isRunning: true, next: null, problem: null };
    this.#store.set({ search: key === null ? null : shown });
    if (key !== null) this.#startSoon();
  }

  async #start() {
    if (this.#store.state.search && this.#connection.isOnline) await this.#ask(null, []);
  }

  async #ask(after: string | null, before: readonly Hit[]) {
    const { route } = this.#store.state;
    const query = route.query?.trim() ?? "";
    const turn = ++this.#turn;
    this.#store.set(({ search }) => ({ search: search && { ...search, isRunning: true } }));
    const asked = searchRequest(query, route.filter, route.path, Date.now());
    try {
      const { results, next } = await this.#connection.request("c2s:search-request", after ? { ...asked, after } : asked);
      if (turn !== this.#turn) return;
      const hits = [...before, ...results.map(hitOf).filter((hit) => !isAmong(before, hit))];
      this.#store.set({ search: { query, hits, isRunning: false, next, problem: null } });
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#store.set({ search: { query, hits: before, isRunning: false, next: null, problem: messageOf(error) } });
    }
  }
}

function hitOf({ path, file, folder, match }: SearchResult): Hit {
  const item = file ? fileItem(file) : folderItem(folder);
  return { path: parsePath(path), item, isByText: match === "text" };
}

/** What changes while pages are read may come twice. */
function isAmong(hits: readonly Hit[], { item }: Hit) {
  return hits.some((hit) => hit.item.key === item.key);
}
