/**
 * Collections that others can fill, each with a bound and a rule for what goes first.
 *
 * The rule here is the simplest: the oldest goes. Where something must outlive the bound, another
 * structure is needed.
 */

/** A map that forgets its oldest key when it holds more than `capacity`. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Keys held. */
  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Forgets `key`; false if it was not there. */
  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** All keys with their values, the oldest first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  /** Sets the value of `key`, which is then the newest even if it was there. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#capacity) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
  }
}

/** A set that forgets its oldest member when it holds more than `capacity`. */
export class BoundedSet<T> {
  readonly #members: BoundedMap<T, true>;

  constructor(capacity: number) {
    this.#members = new BoundedMap(capacity);
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  /** Adds `member`, as the newest even if it was there. */
  add(member: T): void {
    this.#members.set(member, true);
  }
}
