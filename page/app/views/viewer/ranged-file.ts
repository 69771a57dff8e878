/** A stored file, of which only the parts are fetched that are needed, within a budget. */

export type Budget = { bytes: number; requests: number };

/** More would have to be read than one wants to. */
export class BudgetSpent extends Error {}

/** What is fetched at least, since what stands next to each other is read one after the other. */
const LEAST_FETCHED = 128 * 1024;

export class RangedFile {
  #address;
  #size;
  #left: Budget;
  #signal;
  #window = { offset: 0, bytes: new Uint8Array(0) };

  /** @param size of the file, in bytes */
  constructor(address: string, size: number, budget: Budget, signal: AbortSignal) {
    this.#address = address;
    this.#size = size;
    this.#left = { ...budget };
    this.#signal = signal;
  }

  async getLength() {
    return this.#size;
  }

  /**
   * Some bytes, fewer at the end of the file. Rejects with `BudgetSpent`, and when the file cannot be read.
   * @param length bytes
   */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = Math.min(offset + length, this.#size);
    if (end <= offset) return new Uint8Array(0);
    const { offset: first, bytes } = this.#window;
    if (offset < first || end > first + bytes.length) await this.#fetch(offset, end - offset);
    const start = offset - this.#window.offset;
    return this.#window.bytes.subarray(start, start + end - offset);
  }

  async #fetch(offset: number, length: number) {
    const wanted = Math.min(Math.max(length, LEAST_FETCHED), this.#size - offset);
    if (this.#left.requests < 1 || this.#left.bytes < wanted) throw new BudgetSpent();
    this.#left.requests -= 1;
    this.#left.bytes -= wanted;
    this.#window = { offset, bytes: await fetchPart(this.#address, offset, wanted, this.#signal) };
  }
}

/** Part of a stored file. Rejects when it is not what was asked for. */
export async function fetchPart(address: string, offset: number, length: number, signal: AbortSignal) {
  const response = await fetch(address, { headers: { Range: `bytes=${offset}-${offset + length - 1}` }, signal });
  // Anything else could be the whole file, of any size.
  if (response.status !== 206) throw new Error(`the manager answers ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length !== length) throw new Error("the answer is cut off");
  return bytes;
}
