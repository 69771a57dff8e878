/** Open questions about names that are taken, and the answer that holds for all of them. Pure. */

/** @import { OverwriteAction } from "../../types/wire.js" */
/** @import { Entry } from "./entry.js" */

export class Conflicts {
  /** @type {Entry[]} */
  open = [];
  /** @type {OverwriteAction | null} */
  #forAll = null;

  /** @param {Entry} entry whose name is taken */
  ask(entry) {
    // A question that crossed the answer for all of them was settled by it.
    if (this.#forAll) return settle(entry, this.#forAll);
    entry.state = "deciding";
    this.open.push(entry);
  }

  /**
   * @param {string} uploadId
   * @param {OverwriteAction} action
   * @param {boolean} forAll
   */
  decide(uploadId, action, forAll) {
    const settled = this.open.filter((entry) => forAll || entry.uploadId === uploadId);
    this.open = this.open.filter((entry) => !settled.includes(entry));
    if (forAll) this.#forAll = action;
    for (const entry of settled) settle(entry, action);
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
    return entry.isSkipping || (entry.state === "storing" && this.#forAll === "skip");
  }

  /**
   * The answer for all holds until the booking is cleared, and for every upload of that booking.
   * @param {Iterable<Entry>} unfinished
   */
  bookingEnded(unfinished) {
    for (const entry of unfinished) {
      if (entry.state === "storing" && this.#forAll) settle(entry, this.#forAll);
    }
    this.#forAll = null;
  }

  connectionLost() {
    this.open = [];
    this.#forAll = null;
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
