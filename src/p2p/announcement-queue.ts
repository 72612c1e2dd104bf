/**
 * What is to be announced to many peers: one list for all of them, and for each its place in it.
 *
 * The order is that of arrival, so nothing is ever sorted, and a peer costs one number however much
 * it has still to be told (M-10). Does not know what is announced, nor to whom.
 */

/** The place of one peer in a queue. */
export class QueueReader {
  /** Counts all that ever came; only the queue writes it. */
  position: number;

  constructor(position: number) {
    this.position = position;
  }
}

/** Items that were all read are dropped when there are as many of them as others, and this many. */
const LEAST_DROPPED = 1_024;

/** Keeps what some reader has not read yet, at most `capacity` items: the oldest go first. */
export class AnnouncementQueue<T> {
  readonly #capacity: number;
  readonly #readers = new Set<QueueReader>();
  #items: T[] = [];
  /** Position of the first item. */
  #start = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Items held, some of them read by all. */
  get size(): number {
    return this.#items.length;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** Adds a reader of all that comes from now on. */
  open(): QueueReader {
    const reader = new QueueReader(this.#start + this.#items.length);
    this.#readers.add(reader);
    return reader;
  }

  /** Takes `reader` out; it may have been closed before. */
  close(reader: QueueReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#drop(this.#items.length);
  }

  /** Adds `item` for every reader. Whoever is `capacity` behind never gets the oldest. */
  push(item: T): void {
    if (this.#readers.size === 0) {
      this.#start += 1;
      return;
    }
    this.#items.push(item);
    // A part at once, so that dropping costs next to nothing for each item.
    if (this.#items.length > this.#capacity) this.#drop(Math.ceil(this.#capacity / 16));
  }

  /** How many items `reader` has not taken. */
  backlog(reader: QueueReader): number {
    return this.#start + this.#items.length - Math.max(reader.position, this.#start);
  }

  /** Returns the next item for `reader`, in the order of arrival; undefined if it has had all. */
  take(reader: QueueReader): T | undefined {
    const index = Math.max(reader.position - this.#start, 0);
    if (index >= this.#items.length) return undefined;
    reader.position = this.#start + index + 1;
    return this.#items[index];
  }

  /** Drops what every reader has taken, if it is worth the while. For after some `take`. */
  trim(): void {
    let least = this.#start + this.#items.length;
    for (const { position } of this.#readers) least = Math.min(least, position);
    const count = least - this.#start;
    if (count >= LEAST_DROPPED ? count * 2 >= this.#items.length : count === this.#items.length) {
      this.#drop(count);
    }
  }

  #drop(count: number): void {
    if (count <= 0) return;
    this.#items = count === this.#items.length ? [] : this.#items.slice(count);
    this.#start += count;
  }
}
