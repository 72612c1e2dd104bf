/**
 * Headers ahead of their blocks: which are taken, what is said of the others, and what stays.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BLOCK_STATUS, BlockIndex } from "../../../src/chain/block-index.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import type { Network } from "../../../src/consensus/params.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import type { KnownHeader } from "../../../src/p2p/header-entries.ts";
import {
  commonAncestor,
  HeaderTree,
  MAX_HEADERS_AHEAD,
  MAX_TREE_HEADERS,
} from "../../../src/p2p/header-tree.ts";
import type { BlockHeader } from "../../../src/primitives/block-header.ts";
import { REGTEST } from "../../support/chain-builder.ts";
import { genesisIndex, HeaderChain } from "../../support/header-chain.ts";

const CAIRN = findNetwork("cairn", 1);
const NO_LIMITS = { ahead: MAX_HEADERS_AHEAD, total: MAX_TREE_HEADERS };
const BROKEN = new RuleError("bad-cb-amount", "too much");
const [ALICE, BOB, CAROL] = [1, 2, 3] as const;

/** A tree over `index`, by a clock that a test may turn. */
function start(network: Network = REGTEST, index = genesisIndex(network), limits = NO_LIMITS) {
  const time = { now: (network.genesis.header.time + 100_000_000) * 1000 };
  const tree = new HeaderTree({ index, params: network.params, now: () => time.now, limits });
  return { tree, index, time };
}

/** The verdict's status, or the code of the rule that was broken. */
function outcome(tree: HeaderTree, headers: readonly BlockHeader[], peer: number = ALICE): string {
  const verdict = tree.accept(headers, peer);
  return verdict.status === "invalid" ? verdict.error.code : verdict.status;
}

describe("accept", () => {
  test("takes a chain in as many parts as it comes, and knows its work", () => {
    const { tree, index } = start();
    const chain = new HeaderChain(REGTEST).mine(50);
    for (let from = 1; from <= 50; from += 10) {
      const verdict = tree.accept(chain.slice(from, from + 9), ALICE);
      expect(verdict).toMatchObject({ status: "accepted", newCount: 10, displaced: [] });
    }
    chain.store(index);
    const best = tree.bestOf(ALICE)!;
    expect(best.hash).toBe(chain.tipHash);
    expect(best.height).toBe(50);
    expect(best.chainwork).toBe(index.find(chain.tipHash)!.chainwork);
  });

  test("P-02: what it has already is no news, however often it comes", () => {
    const { tree } = start();
    const chain = new HeaderChain(REGTEST).mine(20);
    tree.accept(chain.slice(1), ALICE);
    for (let time = 0; time < 100; time++) {
      expect(tree.accept(chain.slice(1), BOB)).toMatchObject({ status: "accepted", newCount: 0 });
    }
    expect(tree.size).toBe(20);
    expect(tree.accept([], ALICE)).toMatchObject({ status: "accepted", last: undefined });
  });

  test("P-02: headers that follow nothing known say what is missing, and leave nothing", () => {
    const { tree } = start();
    const chain = new HeaderChain(REGTEST).mine(20);
    expect(tree.accept(chain.slice(5), ALICE)).toEqual({
      status: "unconnected",
      missingParent: chain.hashAt(4),
    });
    expect([tree.size, tree.peerCount]).toEqual([0, 0]);
  });

  test("P-02: headers in the wrong order, twice or with a gap are disordered", () => {
    const chain = new HeaderChain(REGTEST).mine(9);
    const [one, two, three] = chain.slice(1, 3) as [BlockHeader, BlockHeader, BlockHeader];
    for (const headers of [[one, one], [one, three], [one, two, one], chain.slice(1).reverse()]) {
      const { tree } = start();
      expect(["disordered", "unconnected"]).toContain(outcome(tree, headers));
    }
    expect(outcome(start().tree, [one, three])).toBe("disordered");
  });

  test("P-01: looks at the work before anything else", () => {
    const { tree } = start();
    const chain = new HeaderChain(REGTEST).mine(3);
    const orphan = { ...chain.at(3), bits: 0x1d00ffff };
    expect(outcome(tree, [orphan])).toBe("high-hash");
    expect(outcome(tree, [{ ...chain.at(1), bits: 0 }])).toBe("high-hash");
    expect(tree.size).toBe(0);
  });

  test("checks bits over retargets whose periods are half stored and half not", () => {
    const chain = new HeaderChain(CAIRN).mine(150, 8).mine(100, 25).mine(170, 6);
    const bits = new Set([1, 100, 200, 300, 400].map((height) => chain.at(height).bits));
    expect(bits.size).toBe(5);
    const index = genesisIndex(CAIRN);
    chain.store(index, 150);
    expect(outcome(start(CAIRN, index).tree, chain.slice(151))).toBe("accepted");

    for (const height of [200, 300, 400]) {
      const lazy = chain.fork(height - 1, 7);
      lazy.append(lazy.make({ bits: chain.at(height - 1).bits }));
      const { tree } = start(CAIRN, index);
      expect(outcome(tree, lazy.slice(151))).toBe("bad-diffbits");
      expect(tree.bestOf(ALICE)!.height).toBe(height - 1);
    }
  });

  test("C-10: takes the median over stored and unstored headers alike", () => {
    const chain = new HeaderChain(REGTEST).mine(10);
    const index = genesisIndex(REGTEST);
    chain.store(index, 5);
    const median = chain.at(5).time;
    for (const [time, expected] of [
      [median, "time-too-old"],
      [median + 1, "accepted"],
    ] as const) {
      const next = chain.fork(10, 1);
      next.append(next.make({ time }));
      expect(outcome(start(REGTEST, index).tree, next.slice(6))).toBe(expected);
    }
  });

  test("C-11: a header ahead of our clock is for later, those before it are taken", () => {
    const { tree, time } = start(CAIRN);
    const chain = new HeaderChain(CAIRN).mine(5);
    chain.append(chain.make({ time: time.now / 1000 + 121 }));
    expect(tree.accept(chain.slice(1), ALICE)).toEqual({ status: "later", hash: chain.tipHash });
    expect(tree.bestOf(ALICE)!.height).toBe(5);
    time.now += 1_000;
    expect(outcome(tree, chain.slice(6))).toBe("accepted");
  });

  test("takes no descendant of an invalid block, however far from it", () => {
    const chain = new HeaderChain(REGTEST).mine(10);
    const index = genesisIndex(REGTEST);
    chain.store(index, 3);
    index.find(chain.hashAt(3))!.status = BLOCK_STATUS.invalid;
    const { tree } = start(REGTEST, index);
    expect(outcome(tree, chain.slice(3))).toBe("duplicate-invalid");
    expect(outcome(tree, chain.slice(4))).toBe("bad-prevblk");
    expect(outcome(tree, chain.slice(5))).toBe("bad-prevblk");
    expect(tree.size).toBe(0);
  });
});

describe("bestOf", () => {
  test("C-01: goes by work and not by height", () => {
    const { tree } = start(CAIRN);
    const cheap = new HeaderChain(CAIRN, 1).mine(230, 40);
    const dear = new HeaderChain(CAIRN, 2).mine(210, 5);
    for (const [first, second] of [
      [cheap, dear],
      [dear, cheap],
    ] as const) {
      tree.accept(first.slice(1), ALICE);
      tree.accept(second.slice(1), ALICE);
      expect(tree.bestOf(ALICE)!.hash).toBe(dear.tipHash);
      tree.removePeer(ALICE);
    }
  });

  test("of equal work is the latest", () => {
    const { tree } = start();
    const [first, second] = [1, 2].map((salt) => new HeaderChain(REGTEST, salt).mine(5));
    tree.accept(first!.slice(1), ALICE);
    tree.accept(second!.slice(1), ALICE);
    expect(tree.bestOf(ALICE)!.hash).toBe(second!.tipHash);
  });
});

describe("bounds", () => {
  test("P-01: a chain is kept as far ahead as the limit, and goes on as blocks are stored", () => {
    const { tree, index } = start(REGTEST, genesisIndex(REGTEST), { ahead: 100, total: 1_000 });
    const chain = new HeaderChain(REGTEST).mine(250);
    expect(tree.accept(chain.slice(1), ALICE)).toMatchObject({
      status: "too-many",
      last: { height: 100 },
    });
    expect(outcome(tree, chain.slice(101))).toBe("too-many");
    expect(tree.size).toBe(100);

    for (let height = 1; height <= 60; height++) {
      chain.store(index, height);
      tree.stored(chain.hashAt(height));
    }
    expect(tree.size).toBe(40);
    expect(tree.accept(chain.slice(101), ALICE)).toMatchObject({
      status: "too-many",
      last: { height: 160 },
    });
  });

  test("P-01: 45,000 cheap headers that fork at genesis leave 20,000 at most of each fork", () => {
    const main = new HeaderChain(REGTEST).mine(100);
    const { tree } = start(REGTEST, main.activate(new BlockIndex()));
    for (const salt of [1, 2]) {
      const fork = new HeaderChain(REGTEST, salt).mine(22_500);
      let verdict = "accepted";
      for (let from = 1; verdict === "accepted"; from += 2_000) {
        verdict = outcome(tree, fork.slice(from, from + 1_999));
      }
      expect(verdict).toBe("too-many");
      expect(outcome(tree, fork.slice(20_100))).toBe("unconnected");
    }
    expect(tree.size).toBeLessThanOrEqual(2 * MAX_HEADERS_AHEAD);
    tree.removePeer(ALICE);
    expect([tree.size, tree.peerCount]).toEqual([0, 0]);
  }, 30_000);

  test("an honest branch from 2,300 blocks back with more work is followed", () => {
    const main = new HeaderChain(REGTEST).mine(2_300);
    const index = main.activate(new BlockIndex());
    const branch = new HeaderChain(REGTEST, 1).mine(2_400);
    const { tree } = start(REGTEST, index);
    expect(outcome(tree, main.slice(2_290))).toBe("accepted");
    expect(tree.bestOf(ALICE)!.height).toBe(2_300);
    expect(outcome(tree, branch.slice(1, 2_000))).toBe("accepted");
    // Less work so far, and yet it must not be lost.
    expect(tree.bestOf(ALICE)!.hash).toBe(main.tipHash);
    expect(outcome(tree, branch.slice(2_001))).toBe("accepted");
    const best = tree.bestOf(ALICE)!;
    expect(best.hash).toBe(branch.tipHash);
    expect(best.chainwork > index.tip.chainwork).toBe(true);
    expect(tree.unstored(best, 1_024).map(({ height }) => height)).toEqual(
      Array.from({ length: 1_024 }, (_, offset) => offset + 1),
    );
  });

  test("P-01: where there is no room, chains with less work for their length make it", () => {
    const limits = { ahead: 300, total: 400 };
    const { tree } = start(CAIRN, genesisIndex(CAIRN), limits);
    const cheap = [1, 2].map((salt) => new HeaderChain(CAIRN, salt).mine(200, 40));
    const dear = new HeaderChain(CAIRN, 3).mine(220, 5);
    expect(outcome(tree, cheap[0]!.slice(1), ALICE)).toBe("accepted");
    expect(outcome(tree, cheap[1]!.slice(1), BOB)).toBe("accepted");
    expect(tree.size).toBe(400);

    const verdict = tree.accept(dear.slice(1), CAROL);
    expect(verdict).toMatchObject({ status: "accepted", newCount: 220 });
    expect(tree.size).toBeLessThanOrEqual(400);
    expect(tree.best()!.hash).toBe(dear.tipHash);

    const displaced = verdict.status === "accepted" ? verdict.displaced : [];
    expect(displaced.length).toBe(2);
    for (const peer of displaced) expect(tree.bestOf(peer)).toBeUndefined();
    expect(outcome(tree, cheap[0]!.slice(1), ALICE)).toBe("too-many");
    expect(tree.bestOf(CAROL)!.hash).toBe(dear.tipHash);
  });
});

describe("room", () => {
  test("of chains with as much work for their length, the longest makes it", () => {
    const { tree } = start(REGTEST, genesisIndex(REGTEST), { ahead: 20, total: 30 });
    const chains = [1, 2, 3].map((salt) => new HeaderChain(REGTEST, salt));
    tree.accept(chains[0]!.mine(12).slice(1), ALICE);
    tree.accept(chains[1]!.mine(18).slice(1), BOB);
    const verdict = tree.accept(chains[2]!.mine(5).slice(1), CAROL);
    expect(verdict).toMatchObject({ status: "accepted", displaced: [BOB] });
    expect(tree.bestOf(ALICE)!.height).toBe(12);
    expect(tree.bestOf(BOB)).toBeUndefined();
    expect(tree.size).toBe(17);
  });

  test("is never made by the very chain that asks for it", () => {
    const { tree } = start(REGTEST, genesisIndex(REGTEST), { ahead: 20, total: 30 });
    const shared = new HeaderChain(REGTEST, 1).mine(20);
    const other = new HeaderChain(REGTEST, 2).mine(10);
    tree.accept(shared.slice(1, 18), ALICE);
    tree.accept(other.slice(1), BOB);
    tree.accept(shared.slice(1, 20), ALICE);
    // Hers is the longest and has to go, yet it is what he builds on.
    const verdict = tree.accept([...shared.slice(18, 20), shared.make()], CAROL);
    expect(["accepted", "too-many"]).toContain(verdict.status);
    const best = tree.bestOf(CAROL)!;
    expect(tree.unstored(best, 100).every((header) => tree.find(header.hash) === header)).toBe(
      true,
    );
    expect(tree.size).toBeLessThanOrEqual(30);
  });

  test("what a peer sends once more is kept, also beside a better chain of its own", () => {
    const { tree } = start();
    const [long, short] = [9, 4].map((count) => new HeaderChain(REGTEST, count).mine(count));
    tree.accept(long!.slice(1), ALICE);
    for (let time = 0; time < 3; time++) {
      tree.accept(short!.slice(1), ALICE);
      expect(tree.size).toBe(13);
      expect(tree.find(short!.tipHash)).toBeDefined();
    }
  });
});

describe("stored", () => {
  test("finds by itself what was stored before it, and told nobody", () => {
    const { tree, index } = start();
    const chain = new HeaderChain(REGTEST).mine(10);
    tree.accept(chain.slice(1), ALICE);
    chain.store(index);
    tree.stored(chain.tipHash);
    expect(tree.size).toBe(0);
    expect(tree.bestOf(ALICE)).toBe(index.find(chain.tipHash)!);
  });

  test("hands a peer's best header over to the index, and keeps what follows", () => {
    const { tree, index } = start();
    const chain = new HeaderChain(REGTEST).mine(10);
    tree.accept(chain.slice(1), ALICE);
    chain.store(index, 7);
    // Blocks that had waited for the first come with it.
    tree.stored(chain.hashAt(1));
    expect(tree.size).toBe(3);
    expect(tree.unstored(tree.bestOf(ALICE)!, 100).map(({ height }) => height)).toEqual([8, 9, 10]);
    chain.store(index);
    tree.stored(chain.hashAt(8));
    expect(tree.size).toBe(0);
    expect(tree.bestOf(ALICE)).toBe(index.find(chain.tipHash)!);
  });

  test("leaves side branches of what was stored", () => {
    const { tree, index } = start();
    const chain = new HeaderChain(REGTEST).mine(10);
    const side = chain.fork(5, 1).mine(3);
    tree.accept(chain.slice(1), ALICE);
    tree.accept(side.slice(1), BOB);
    chain.store(index);
    tree.stored(chain.hashAt(1));
    expect(tree.size).toBe(3);
    expect(tree.bestOf(BOB)!.hash).toBe(side.tipHash);
    expect(commonAncestor(tree.bestOf(ALICE)!, tree.bestOf(BOB)!).height).toBe(5);
  });
});

describe("reject", () => {
  test("removes an invalid block's header with all that follow, and says whose they were", () => {
    const { tree } = start();
    const chain = new HeaderChain(REGTEST).mine(10);
    const side = chain.fork(2, 1).mine(3);
    tree.accept(chain.slice(1), ALICE);
    tree.accept(side.slice(1), BOB);
    expect(tree.reject(chain.hashAt(4), BROKEN)).toEqual([ALICE]);
    expect(tree.bestOf(ALICE)).toBeUndefined();
    expect(tree.best()!.hash).toBe(side.tipHash);
    expect(tree.size).toBe(5);
    expect(outcome(tree, chain.slice(1), ALICE)).toBe("duplicate-invalid");
    expect(outcome(tree, chain.slice(5), ALICE)).toBe("bad-prevblk");
  });

  test("removes what follows a stored block that turned out invalid later", () => {
    const { tree, index } = start();
    const chain = new HeaderChain(REGTEST).mine(10);
    tree.accept(chain.slice(1), ALICE);
    chain.store(index, 5);
    tree.stored(chain.hashAt(1));
    index.find(chain.hashAt(4))!.status = BLOCK_STATUS.invalid;
    index.find(chain.hashAt(5))!.status = BLOCK_STATUS.invalidAncestor;
    expect(tree.reject(chain.hashAt(4), BROKEN)).toEqual([ALICE]);
    expect(tree.size).toBe(0);
  });

  test.each([
    "bad-txnmrklroot",
    "bad-txns-duplicate",
    "unexpected-witness",
    "time-too-new",
  ] as const)("P-08: holds nothing against a header for %s", (code) => {
    const { tree } = start();
    const chain = new HeaderChain(REGTEST).mine(5);
    tree.accept(chain.slice(1), ALICE);
    expect(tree.reject(chain.hashAt(2), new RuleError(code, ""))).toEqual([]);
    expect(tree.size).toBe(5);
    expect(outcome(tree, chain.slice(1), BOB)).toBe("accepted");
  });
});

describe("removePeer", () => {
  test("P-38: leaves what another peer has shown too, and nothing else", () => {
    const { tree } = start();
    const chain = new HeaderChain(REGTEST).mine(10);
    tree.accept(chain.slice(1), ALICE);
    tree.accept(chain.slice(1, 6), BOB);
    tree.removePeer(ALICE);
    expect(tree.size).toBe(6);
    tree.removePeer(BOB);
    tree.removePeer(BOB);
    expect([tree.size, tree.peerCount]).toEqual([0, 0]);
  });
});

describe("siblings", () => {
  test("may go in any order, and none is lost from sight", () => {
    const trunk = new HeaderChain(REGTEST).mine(3);
    const forks = [1, 2, 3, 4, 5].map((salt) => trunk.fork(2, salt).mine(2));
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
        fc.nat({ max: 5 }),
        (order, goneCount) => {
          const { tree } = start();
          for (const [peer, fork] of forks.entries()) tree.accept(fork.slice(1), peer);
          for (const [count, peer] of order.entries()) {
            if (count < goneCount) tree.removePeer(peer);
          }
          expect(tree.size).toBe(goneCount === 5 ? 0 : 2 + 2 * (5 - goneCount));
          const losers = tree.reject(trunk.hashAt(1), BROKEN);
          expect(losers.length).toBe(5 - goneCount);
          expect(tree.size).toBe(0);
        },
      ),
    );
  });
});

/** Chains that share more or less, for steps in any order. */
const TRUNK = new HeaderChain(REGTEST).mine(12);
const CHAINS = [
  TRUNK,
  TRUNK.fork(4, 1).mine(10),
  TRUNK.fork(9, 2).mine(6),
  TRUNK.fork(0, 3).mine(15),
  TRUNK.fork(4, 4).mine(3),
];

const ANY_STEP = fc.record({
  act: fc.constantFrom("send", "send", "send", "send", "store", "reject", "leave"),
  peer: fc.integer({ min: 1, max: 4 }),
  chain: fc.nat({ max: CHAINS.length - 1 }),
  from: fc.integer({ min: 1, max: 15 }),
  count: fc.integer({ min: 1, max: 15 }),
});

const ANY_STEPS = fc.array(ANY_STEP, { maxLength: 60 });

/** All headers above the index on the way to any of `tips`. */
function unstoredBelow(tips: Iterable<KnownHeader>, index: BlockIndex): Set<string> {
  const hashes = new Set<string>();
  for (const tip of tips) {
    let header: KnownHeader | undefined = tip;
    while (header !== undefined && index.find(header.hash) === undefined) {
      hashes.add(header.hash);
      header = header.parent;
    }
  }
  return hashes;
}

describe("HeaderTree", () => {
  test("property 13: bounds hold after any steps, every chain reaches the index, nothing is left", () => {
    fc.assert(
      fc.property(ANY_STEPS, (steps) => {
        const limits = { ahead: 8, total: 15 };
        const { tree, index } = start(REGTEST, genesisIndex(REGTEST), limits);
        for (const { act, peer, chain: which, from, count } of steps) {
          const chain = CHAINS[which]!;
          const height = Math.min(from, chain.height);
          if (act === "send") tree.accept(chain.slice(from, from + count - 1), peer);
          if (act === "leave") tree.removePeer(peer);
          if (act === "store") {
            chain.store(index, height);
            for (let below = 1; below <= height; below++) tree.stored(chain.hashAt(below));
          }
          if (act === "reject" && index.find(chain.hashAt(height)) === undefined) {
            tree.reject(chain.hashAt(height), BROKEN);
          }

          expect(tree.size).toBeLessThanOrEqual(limits.total);
          for (const someone of [1, 2, 3, 4]) {
            const best = tree.bestOf(someone);
            if (best === undefined) continue;
            expect(tree.find(best.hash)).toBe(best);
            expect(tree.unstored(best, 100).length).toBeLessThanOrEqual(limits.ahead);
          }
        }
        for (const someone of [1, 2, 3, 4]) tree.removePeer(someone);
        expect([tree.size, tree.peerCount]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps exactly what leads to each peer's best header and to its last, with room for all", () => {
    fc.assert(
      fc.property(ANY_STEPS, (steps) => {
        const { tree, index } = start();
        const last = new Map<number, KnownHeader>();
        const best = new Map<number, KnownHeader>();
        for (const { act, peer, chain: which, from, count } of steps) {
          const chain = CHAINS[which]!;
          if (act === "send") {
            const verdict = tree.accept(chain.slice(from, from + count - 1), peer);
            const shown = verdict.status === "accepted" ? verdict.last : undefined;
            const before = best.get(peer);
            if (shown !== undefined) {
              last.set(peer, shown);
              if (before === undefined || shown.chainwork >= before.chainwork)
                best.set(peer, shown);
            }
          }
          if (act === "store") {
            const height = Math.min(from, chain.height);
            chain.store(index, height);
            for (let below = 1; below <= height; below++) tree.stored(chain.hashAt(below));
          }
          if (act === "leave") {
            tree.removePeer(peer);
            last.delete(peer);
            best.delete(peer);
          }
          for (const [someone, header] of best) {
            expect(tree.bestOf(someone)?.hash).toBe(header.hash);
          }
          const needed = unstoredBelow([...last.values(), ...best.values()], index);
          expect(tree.size).toBe(needed.size);
          for (const hash of needed) expect(tree.find(hash as KnownHeader["hash"])).toBeDefined();
        }
      }),
      { numRuns: 300 },
    );
  });
});
