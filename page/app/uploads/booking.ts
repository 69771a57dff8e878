/** How many upload services are booked, and when to ask for more or give them back. Pure. */

const RETRY_MS = 500;
export const MAX_SERVICES = 8;

export type BookingEffect = { do: "book"; amount: number } | { do: "clear-booking" } | { do: "wake"; at: number };

export class Booking {
  /** Services that are ours. */
  amount = 0;
  /** Services that we last asked for. */
  #desired = 0;
  #clearNotBefore = 0;
  /** Whether an answer is on its way; meanwhile nobody knows how many there are. */
  isAsking = false;

  settled(amount: number) {
    this.isAsking = false;
    this.amount = amount;
  }

  failed() {
    this.isAsking = false;
    this.#desired = 0;
  }

  changed(change: number) {
    this.amount = Math.max(0, this.amount + change);
  }

  /** Nothing is booked any more: given back, or lost with the connection. */
  ended() {
    this.failed();
    this.amount = 0;
  }

  clearingRefused(now: number) {
    this.isAsking = false;
    this.#clearNotBefore = now + RETRY_MS;
  }

  /** @param uploads that could run at the same time */
  next(uploads: number, now: number): BookingEffect | null {
    if (this.isAsking) return null;
    const wanted = Math.min(MAX_SERVICES, uploads);
    if (wanted > this.#desired) {
      this.isAsking = true;
      this.#desired = wanted;
      return { do: "book", amount: wanted };
    }
    if (wanted > 0 || this.#desired === 0) return null;
    if (now < this.#clearNotBefore) return { do: "wake", at: this.#clearNotBefore };
    this.isAsking = true;
    return { do: "clear-booking" };
  }
}
