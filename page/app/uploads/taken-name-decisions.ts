/**
 * What becomes of uploads whose names are taken: that is found out before anything is sent, and asked by the manager when a
 * name was taken meanwhile. Pure.
 */

import type { OverwriteAction } from "../../types/wire.js";
import type { Item } from "../../types/state.js";
import type { Entry } from "./entry.js";
import type { Lineup } from "./lineup.js";
import { Conflicts, versionOf } from "./conflicts.js";
import { NameChecks, type NameCheck } from "./name-checks.js";

export interface DecisionListener {
  isOnline: () => boolean;
  /** called before anything of the file is sent */
  skip: (entry: Entry) => void;
  /** called with what the manager is to do with an upload that is stored */
  answer: (uploadId: string, action: OverwriteAction) => void;
}

export class TakenNameDecisions {
  readonly conflicts = new Conflicts();
  readonly checks = new NameChecks();
  #lineup;
  #listener;

  constructor(lineup: Lineup, listener: DecisionListener) {
    this.#lineup = lineup;
    this.#listener = listener;
  }

  get isWorking() {
    return this.checks.isWorking || this.conflicts.count > 0;
  }

  /** @param taken what has which name in the folder of the check; null when nobody can say */
  checked(check: NameCheck, taken: ReadonlyMap<string, Item> | null) {
    this.checks.ended(check);
    for (const entry of check.entries) {
      if (entry.state !== "waiting") continue;
      if (taken === null && !this.#listener.isOnline()) this.checks.add(entry);
      else this.#nameChecked(entry, taken?.get(entry.source.name) ?? null);
    }
  }

  /**
   * The folder of a check is missing, and so is everything in it.
   * @param missing the outermost folder around it that is missing
   */
  folderMissing(check: NameCheck, missing: string) {
    this.checked(check, new Map());
    for (const entry of this.checks.takeWithin(missing)) this.#nameChecked(entry, null);
  }

  #nameChecked(entry: Entry, existing: Item | null) {
    entry.existing = existing;
    if (!existing) return this.#lineup.wait(entry);
    const standing = this.conflicts.ask(entry);
    if (standing) this.#settleBefore(entry, standing);
  }

  /**
   * The manager asks, once all of the file is stored.
   * @param folder in which the name is taken
   * @param existing what has it; null when nobody can say
   */
  askedByManager(uploadId: string, folder: string, existing: Item | null) {
    const entry = this.#lineup.find(uploadId);
    if (!entry || entry.isOver) return;
    entry.folder = folder;
    entry.existing = existing;
    const { answer } = entry;
    // It was given about one thing, and once.
    const isAnswered = answer && (answer.action === "rename" || answer.about === versionOf(existing));
    entry.answer = null;
    const action = isAnswered ? answer.action : this.conflicts.ask(entry);
    if (action) this.#settleAfter(entry, action);
  }

  /** @param id of the entry that is asked about */
  decide(id: number, action: OverwriteAction, forAll: boolean) {
    for (const entry of this.conflicts.decide(id, action, forAll)) {
      if (entry.uploadId === null) this.#settleBefore(entry, action);
      else this.#settleAfter(entry, action);
    }
  }

  /** @param entry about which nothing is to be found out or asked any more */
  drop(entry: Entry) {
    this.checks.drop(entry);
    this.conflicts.drop(entry);
  }

  /** Before anything of it is sent. */
  #settleBefore(entry: Entry, action: OverwriteAction) {
    if (action === "skip") return this.#listener.skip(entry);
    entry.answer = { action, about: versionOf(entry.existing) };
    if (entry.size === 0) entry.number = 1;
    entry.state = "waiting";
    this.#lineup.wait(entry);
  }

  /** After all of it was sent. */
  #settleAfter(entry: Entry, action: OverwriteAction) {
    entry.state = "storing";
    entry.isSkipping = action === "skip";
    if (entry.uploadId) this.#listener.answer(entry.uploadId, action);
  }
}
