/** Open questions about names that are taken, and the answers that hold for all of a booking. Pure. */

/** @import { OverwriteAction } from "../../types/wire.js" */
/** @import { Entry } from "./entry.js" */

export class Conflicts {
  /** @type {Entry[]} */
  open = [];
  #booking = 0;
  /** By booking: what was answered under one says nothing about the files of another. @type {Map<number, OverwriteAction>} */
  #forAll = new Map();

  /** @param {Entry} entry whose upload begins, under the present booking */
  begin(entry) {
    entry.booking = this.#booking;
  }

  /** @param {Entry} entry whose name is taken */
  ask(entry) {
    // A question that crossed the answer for all of them was settled by it.
    const standing = this.#forAll.get(entry.booking);
    if (standing) return settle(entry, standing);
    entry.state = "deciding";
    // Those of another booking are asked again after an answer for all.
    if (!this.open.includes(entry)) this.open.push(entry);
  }

  /**
   * @param {string} uploadId
   * @param {OverwriteAction} action
   * @param {boolean} forAll
   */
  decide(uploadId, action, forAll) {
    const answered = this.open.find((entry) => entry.uploadId === uploadId);
    if (!answered) return;
    const settled = this.open.filter((entry) => entry === answered || (forAll && entry.booking === answered.booking));
    this.open = this.open.filter((entry) => !settled.includes(entry));
    if (forAll) this.#forAll.set(answered.booking, action);
    for (const entry of settled) settle(entry, action);
  }

  /**
   * How many other questions an answer for all to this one settles.
   * @param {Entry} entry
   */
  settledWith(entry) {
    return this.open.filter((each) => each !== entry && each.booking === entry.booking).length;
  }

  /** @param {Entry} entry whose upload is over */
  drop(entry) {
    this.open = this.open.filter((each) => each !== entry);
  }

  /**
   * Whether an upload that ended without success was skipped on purpose.
   * @param {Entry} entry
   */
  isSkipped(entry) {
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

/**
 * @param {Entry} entry
 * @param {OverwriteAction} action
 */
function settle(entry, action) {
  entry.state = "storing";
  entry.isSkipping = action === "skip";
}
