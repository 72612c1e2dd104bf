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

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
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
