/**
 * A binary heap whose members know their place in it, so that one can be moved or taken out in
 * logarithmic time after its rank has changed.
 *
 * A member can be in one heap at a time. What comes first is the owner's business.
 */

/** What a member keeps for its heap: its place, or -1 outside of one. Only the heap writes it. */
export interface HeapMember {
  heapIndex: number;
}

/** Keeps at the top the member that `isBefore` puts before all others. */
export class Heap<T extends HeapMember> {
  readonly #members: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean, members: Iterable<T> = []) {
    this.#isBefore = isBefore;
    for (const member of members) this.#place(member, this.#members.length);
    for (let index = (this.#members.length >>> 1) - 1; index >= 0; index--) {
      this.#sink(this.#at(index), index);
    }
  }

  get size(): number {
    return this.#members.length;
  }

  /** Returns the first member, or undefined of an empty heap. */
  peek(): T | undefined {
    return this.#members[0];
  }

  /** Takes out and returns the first member. */
  pop(): T | undefined {
    const first = this.#members[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Adds `member`, which must be in no heap. */
  add(member: T): void {
    this.#rise(member, this.#members.length);
  }

  /** Moves `member`, which must be in this heap, to where its rank belongs by now. */
  update(member: T): void {
    const index = member.heapIndex;
    this.#rise(member, index);
    if (member.heapIndex === index) this.#sink(member, index);
  }

  /** Takes out `member`, which must be in this heap. */
  remove(member: T): void {
    const last = this.#members.pop();
    const index = member.heapIndex;
    member.heapIndex = -1;
    if (last === undefined || last === member) return;
    this.#place(last, index);
    this.update(last);
  }

  /** Puts `member` at the free place `index`, or nearer to the top. */
  #rise(member: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >>> 1;
      const parent = this.#at(parentIndex);
      if (!this.#isBefore(member, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(member, index);
  }

  /** Puts `member` at the free place `index`, or farther from the top. */
  #sink(member: T, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= this.#members.length) break;
      let child = this.#at(childIndex);
      const right = this.#members[childIndex + 1];
      if (right !== undefined && this.#isBefore(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (!this.#isBefore(child, member)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(member, index);
  }

  #at(index: number): T {
    return this.#members[index] as T;
  }

  #place(member: T, index: number): void {
    this.#members[index] = member;
    member.heapIndex = index;
  }
}
