/** Open questions about names that are taken, and the answers that hold for all of a booking. Pure. */

import type { OverwriteAction } from "../../types/wire.js";
import type { Entry } from "./entry.js";

export class Conflicts {
  open: Entry[] = [];
  #booking = 0;
  /** By booking: what was answered under one says nothing about the files of another. */
  #forAll = new Map<number, OverwriteAction>();

  /** @param entry whose upload begins, under the present booking */
  begin(entry: Entry) {
    entry.booking = this.#booking;
  }

  /** @param entry whose name is taken */
  ask(entry: Entry) {
    // A question that crossed the answer for all of them was settled by it.
    const standing = this.#forAll.get(entry.booking);
    if (standing) return settle(entry, standing);
    entry.state = "deciding";
    // Those of another booking are asked again after an answer for all.
    if (!this.open.includes(entry)) this.open.push(entry);
  }

  decide(uploadId: string, action: OverwriteAction, forAll: boolean) {
    const answered = this.open.find((entry) => entry.uploadId === uploadId);
    if (!answered) return;
    const settled = this.open.filter((entry) => entry === answered || (forAll && entry.booking === answered.booking));
    this.open = this.open.filter((entry) => !settled.includes(entry));
    if (forAll) this.#forAll.set(answered.booking, action);
    for (const entry of settled) settle(entry, action);
  }

  /** How many other questions an answer for all to this one settles. */
  settledWith(entry: Entry) {
    return this.open.filter((each) => each !== entry && each.booking === entry.booking).length;
  }

  /** @param entry whose upload is over */
  drop(entry: Entry) {
    this.open = this.open.filter((each) => each !== entry);
  }

  /** Whether an upload that ended without success was skipped on purpose. */
  isSkipped(entry: Entry) {
    return entry.isSkipping || (entry.state === "storing" && this.#forAll.get(entry.booking) === "skip");
  }

  /** What begins from now on is of another booking. */
  bookingEnded() {
    this.#booking += 1;
  }

  connectionLost() {
    this.open = [];
    this.#forAll.clear();
  }
}

function settle(entry: Entry, action: OverwriteAction) {
  entry.state = "storing";
  entry.isSkipping = action === "skip";
}
