/**
 * Catching up, with a source that moves between two reads, and a follower that only takes notes.
 */

import { describe, expect, test } from "bun:test";
import {
  type BlockSource,
  catchUp,
  type FollowedBlock,
  type Follower,
  type FollowerTip,
} from "../../../src/index/follower.ts";
import { makeBlock } from "../../../src/primitives/block.ts";
import { type BlockHash, ZERO_HASH } from "../../../src/primitives/hash-id.ts";

class NotingFollower implements Follower {
  readonly notes: string[] = [];
  readonly #connected: FollowedBlock[] = [];

  get tip(): FollowerTip | undefined {
    return this.#connected.at(-1);
  }

  connect(block: FollowedBlock): void {
    expect(block.block.header.prevBlockHash).toBe(this.tip?.hash ?? ZERO_HASH);
    this.#connected.push(block);
    this.notes.push(`+${block.id}`);
  }

  disconnect(block: FollowedBlock): void {
    expect(block.hash).toBe(this.tip!.hash);
    this.#connected.pop();
    this.notes.push(`-${block.id}`);
  }

  reset(): void {
    this.#connected.length = 0;
    this.notes.push("reset");
  }

  transaction<T>(work: () => T): T {
    this.notes.push("(");
    const result = work();
    this.notes.push(")");
    return result;
  }
}

/** Blocks by number, and which of them are active. `onRead` runs before every read. */
class FakeSource implements BlockSource {
  readonly blocks: FollowedBlock[] = [];
  active: FollowedBlock[] = [];
  onRead = () => {};

  add(parent?: FollowedBlock): FollowedBlock {
    const header = {
      version: 1,
      prevBlockHash: parent?.hash ?? ZERO_HASH,
      merkleRoot: ZERO_HASH,
      time: 0,
      bits: 0,
      nonce: this.blocks.length,
    };
    const block = makeBlock(header, []);
    const height = parent === undefined ? 0 : parent.height + 1;
    const rest = { size: 100, weight: 400, receivedAt: 0, spentCoins: [] };
    const followed = { id: this.blocks.length, hash: block.hash, height, block, ...rest };
    this.blocks.push(followed);
    return followed;
  }

  findActive(height: number) {
    this.onRead();
    return this.active[height];
  }

  findActiveHash(height: number) {
    this.onRead();
    return this.active[height]?.hash;
  }

  find(hash: BlockHash) {
    return this.blocks.find((block) => block.hash === hash);
  }
}

/** Blocks 0 1 2 3 of the active branch, and 4 5 that branch off after 1. */
function forked() {
  const source = new FakeSource();
  const genesis = source.add();
  const one = source.add(genesis);
  const two = source.add(one);
  const three = source.add(two);
  const four = source.add(one);
  const five = source.add(four);
  source.active = [genesis, one, two, three];
  const branch = [genesis, one, four, five];
  return { source, branch, follower: new NotingFollower() };
}

const ALL = { blocks: 100, bytes: 1_000_000 };

describe("catchUp", () => {
  test("does nothing while the chain is empty", () => {
    const follower = new NotingFollower();
    expect(catchUp(new FakeSource(), follower, ALL)).toBe("caught-up");
    expect(follower.notes).toEqual(["(", ")"]);
  });

  test("connects upward to the tip in one transaction", () => {
    const { source, follower } = forked();
    expect(catchUp(source, follower, ALL)).toBe("caught-up");
    expect(follower.notes.join("")).toBe("(+0+1+2+3)");
  });

  test("stops where the budget of blocks or bytes ends, and goes on from there", () => {
    const { source, follower } = forked();
    expect(catchUp(source, follower, { blocks: 3, bytes: 1_000 })).toBe("behind");
    expect(catchUp(source, follower, { blocks: 3, bytes: 1 })).toBe("behind");
    expect(catchUp(source, follower, ALL)).toBe("caught-up");
    expect(follower.notes.join("")).toBe("(+0+1+2)(+3)()");
  });

  test("leaves an abandoned branch before it takes the new one", () => {
    const { source, branch, follower } = forked();
    catchUp(source, follower, ALL);
    source.active = branch;
    follower.notes.length = 0;
    expect(catchUp(source, follower, ALL)).toBe("caught-up");
    expect(follower.notes.join("")).toBe("(-3-2+4+5)");
  });

  test("follows to a shorter chain", () => {
    const { source, branch, follower } = forked();
    catchUp(source, follower, ALL);
    source.active = branch.slice(0, 3);
    follower.notes.length = 0;
    catchUp(source, follower, ALL);
    expect(follower.notes.join("")).toBe("(-3-2+4)");
  });

  test.each([1, 2, 3, 4, 5, 6, 7])("is right though the chain moves before read %i", (at) => {
    const { source, branch, follower } = forked();
    let reads = 0;
    source.onRead = () => {
      reads += 1;
      if (reads === at) source.active = branch;
    };
    catchUp(source, follower, ALL);
    expect(catchUp(source, follower, ALL)).toBe("caught-up");
    expect(follower.tip?.hash).toBe(source.active.at(-1)!.hash);
  });

  test("starts again when the source does not know its tip", () => {
    const { source, follower } = forked();
    catchUp(source, follower, ALL);
    const other = new FakeSource();
    const genesis = other.add();
    other.active = [genesis, other.add(genesis)];
    follower.notes.length = 0;
    expect(catchUp(other, follower, ALL)).toBe("caught-up");
    expect(follower.notes.join("")).toBe("reset(+0+1)");
  });
});
