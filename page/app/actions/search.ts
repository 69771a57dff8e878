/**
 * Finds files and folders by any part of their names: in the folder that is open and below it first, then everywhere.
 *
 * The manager has no answer for that, so the folders are read one after the other, and what was read is kept until
 * something changes. That has a limit, which people are told.
 */

import type { Hit, Item } from "../../types/state.js";
import type { Connection } from "../protocol/connection.js";
import type { Store } from "../state/store.js";
import { messageOf } from "../protocol/errors.js";
import { BoundedMap } from "../state/bounded-map.js";
import { itemsOf } from "../state/listing.js";
import { matches } from "../state/matching.js";
import { formatPath } from "../state/paths.js";
import { afterQuiet } from "./timing.js";

const QUIET_MS = 200;
const CHANGED_QUIET_MS = 1_500;
export const MOST_HITS = 200;
/** Pages of folders that are read for one search: some 40 000 names. */
export const MOST_PAGES = 400;
const PAGES_AT_ONCE = 4;
/** Those of one search, and of the one before. */
const MOST_KEPT = 2 * MOST_PAGES;

type Folder = { path: readonly string[]; items: readonly Item[] };
type Page = { items: readonly Item[]; isLast: boolean };

export class Search {
  /** Counts the searches; what an earlier one finds is dropped. */
  #turn = 0;
  #pages = new BoundedMap<string, Promise<Page>>(MOST_KEPT);
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

  /** What was read is another user's, or of another time. */
  forget() {
    this.#pages.clear();
    this.#turn += 1;
  }

  online() {
    this.#changed();
  }

  #changed() {
    this.#pages.clear();
    if (this.#store.state.search) this.#startAgain();
  }

  #follow() {
    const { route, search } = this.#store.state;
    const query = route.query?.trim() || null;
    if (query === (search?.query ?? null)) return;
    this.#turn += 1;
    const shown = query && { query, hits: search?.hits ?? [], isRunning: true, isCut: false, problem: null };
    this.#store.set({ search: shown || null });
    if (query) this.#startSoon();
  }

  async #start() {
    const { search, route } = this.#store.state;
    if (!search || !this.#connection.isOnline) return;
    const turn = ++this.#turn;
    const hits: Hit[] = [];
    const tell = (news: { isRunning: boolean; isCut?: boolean; problem?: string }) => {
      if (turn !== this.#turn) return false;
      this.#store.set({ search: { query: search.query, hits: [...hits], isCut: false, problem: null, ...news } });
      return true;
    };
    let pages = 0;
    try {
      for await (const folder of this.#walk(route.path)) {
        pages += 1;
        const found = folder.items.filter((item) => matches(item.name, search.query));
        hits.push(...found.slice(0, MOST_HITS - hits.length).map((item) => ({ path: folder.path, item })));
        const isCut = hits.length === MOST_HITS || pages === MOST_PAGES;
        if (isCut) return void tell({ isRunning: false, isCut });
        if (found.length > 0 && !tell({ isRunning: true })) return;
        if (turn !== this.#turn) return;
      }
      tell({ isRunning: false });
    } catch (error) {
      tell({ isRunning: false, problem: messageOf(error) });
    }
  }

  /** Page by page: a folder and all below it, and then everything else. */
  async *#walk(base: readonly string[]): AsyncGenerator<Folder> {
    const seen = new Set<string>();
    for (const start of base.length > 0 ? [base, []] : [base]) {
      const queue: (readonly string[])[] = [start];
      while (queue.length > 0) {
        const paths = queue.splice(0, PAGES_AT_ONCE).filter((path) => !seen.has(formatPath(path)));
        for (const path of paths) seen.add(formatPath(path));
        for await (const page of this.#pagesOf(paths)) {
          yield page;
          for (const item of page.items) if (item.kind === "folder") queue.push([...page.path, item.name]);
        }
      }
    }
  }

  /** All pages of several folders, whose first ones are asked for at the same time. */
  async *#pagesOf(paths: readonly (readonly string[])[]): AsyncGenerator<Folder> {
    const kinds = ["subfolders", "files"] as const;
    const asked = paths.flatMap((path) => kinds.map((kind) => ({ path, kind, page: this.#page(path, kind, 0) })));
    // One that fails is told when its turn comes.
    for (const { page } of asked) page.catch(() => {});
    for (const { path, kind, page } of asked) {
      let { items, isLast } = await page;
      yield { path, items };
      for (let number = 1; !isLast; number += 1) {
        ({ items, isLast } = await this.#page(path, kind, number));
        yield { path, items };
      }
    }
  }

  #page(path: readonly string[], kind: "subfolders" | "files", page: number): Promise<Page> {
    const key = `${kind}/${page}${formatPath(path)}`;
    const known = this.#pages.get(key) ?? this.#ask(path, kind, page);
    this.#pages.set(key, known);
    known.catch(() => this.#pages.delete(key));
    return known;
  }

  async #ask(path: readonly string[], type: "subfolders" | "files", page: number): Promise<Page> {
    const asked = { path: formatPath(path), type, page, sort_by: "name" as const, ascending_sort: true };
    const items = itemsOf(await this.#connection.request("c2s:list-request", asked));
    return { items, isLast: items.length < this.#store.state.listing.pageSize };
  }
}
