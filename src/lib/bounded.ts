/**
 * Collections that others can fill, each with a bound and a rule for what goes first.
 *
 * The rule here is the simplest: the oldest goes. Where something must outlive the bound, another
 * structure is needed.
 */

/** A set that forgets its oldest member when it holds more than `capacity`. */
export class BoundedSet<T> {
  readonly #members = new Set<T>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  /** Adds `member`, as the newest even if it was there. */
  add(member: T): void {
    this.#members.delete(member);
    this.#members.add(member);
    if (this.#members.size > this.#capacity) {
      for (const oldest of this.#members) {
        this.#members.delete(oldest);
        break;
      }
    }
  }
}
