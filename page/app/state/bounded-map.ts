/** What is remembered, up to a limit. */

/** A `Map` that forgets what was used longest ago once it holds more than a limit. */
export class BoundedMap<Key, Value> {
  #entries = new Map<Key, Value>();
  #limit;

  /** @param limit entries that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size() {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: Key, value: Value) {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: Key) {
    this.#entries.delete(key);
  }

  clear() {
    this.#entries.clear();
  }
}
