/**
 * What of the consensus catalogue is about which blocks come, when, how often and in which order.
 *
 * C-01, C-11, C-25 and C-26, over HTTP and directly at once. That one node finds the best branch
 * whatever the order is also in test/unit/chain/orphan-blocks.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { toHex } from "../../src/lib/bytes.ts";
import { type Block, encodeBlock } from "../../src/primitives/block.ts";
import { Branch, chainOf, QUICK, TestNode, withParams } from "../support/chain-builder.ts";
import {
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

/** Where the product's own files are. */
const SOURCE = join(import.meta.dir, "..", "..", "src");

let running: RunningNode;
let api: RunningApi;
let connected: string[];

/** A network on which the target moves every five blocks, from the easiest there is. */
const MOVING = withParams(QUICK, {
  retarget: { interval: 5, spacingSeconds: 10, timewarpGraceSeconds: 120 },
});

beforeAll(async () => {
  running = await startTestNode({ network: MOVING });
  api = await startTestApi(running.node);
  connected = [];
  running.node.chain.events.on("block-connected", ({ entry }) => connected.push(entry.hash));
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

/** Submits `block` over HTTP; returns what became of it, or the code of the rule it breaks. */
async function post(block: Block): Promise<string> {
  const response = await api.fetch("/api/mining/submit", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ hex: toHex(encodeBlock(block)) }),
  });
  const { status, code } = (await response.json()) as { status: string; code?: string };
  return code ?? status;
}

/** Submits `block` without HTTP. */
function submit(block: Block): string {
  const verdict = running.node.submitBlock(block);
  return verdict.status === "invalid" ? verdict.error.code : verdict.status;
}

/** Work of blocks by the definition of the compact form: 2^256 over the target and one. */
function workOf(blocks: readonly Block[]): bigint {
  return blocks.reduce((sum, { header: { bits } }) => {
    const target = BigInt(bits % 0x1000000) * 256n ** BigInt(Math.floor(bits / 0x1000000) - 3);
    return sum + 2n ** 256n / (target + 1n);
  }, 0n);
}

function grow(branch: Branch, spacing: number, count: number): Branch {
  for (let index = 0; index < count; index++) {
    branch.mine({ header: { time: branch.context.time + spacing } });
  }
  return branch;
}

describe("the chain with the most work", () => {
  // Quick blocks until each is worth a hundred of the easiest, and ten of those.
  const short = new Branch(MOVING).mine(1);
  while (workOf([short.tip]) < 200n) grow(short, 1, 1);
  grow(short, 10, 9);
  const long = grow(
    new Branch(MOVING).mine({ header: { time: MOVING.genesis.header.time + 7 } }),
    60,
    899,
  );

  test("is the short one here", () => {
    expect(long.height).toBe(900);
    expect(short.height).toBeLessThan(40);
    expect(workOf([short.tip])).toBeGreaterThanOrEqual(100n * workOf([long.tip]));
    expect(workOf(short.blocks)).toBeGreaterThan(workOf(long.blocks));
  });

  test("C-01: 900 easy blocks do not win over ten that are a hundred times as hard", async () => {
    const reorgs: number[] = [];
    running.node.chain.events.on("reorg", ({ disconnected }) => reorgs.push(disconnected.length));
    for (const block of short.blocks) expect(await post(block)).toBe("connected");
    for (const [index, block] of long.blocks.entries()) {
      expect(index % 100 === 0 ? await post(block) : submit(block)).toBe("side-branch");
    }
    expect(running.node.chain.tip.hash).toBe(short.tip.hash);
    expect(reorgs).toEqual([]);
  });

  test("C-01: the ten win over 900 that came first, wherever they are mixed, and after a restart", () => {
    const orders = [
      [...long.blocks, ...short.blocks],
      [...long.blocks.slice(0, 500), ...short.blocks, ...long.blocks.slice(500)],
      [...short.blocks.toReversed(), ...long.blocks],
    ];
    for (const order of orders) {
      const node = new TestNode(MOVING);
      node.offerAll(order);
      expect(node.tipHash).toBe(short.tip.hash);
      expect(node.chain.tip.chainwork).toBe(workOf([MOVING.genesis, ...short.blocks]));
      expect(node.restartedCopy().state()).toEqual(node.state());
    }
  });

  test("C-01: of any tree, the tip after each block is the first one with the most work", () => {
    const step = fc.record({
      parent: fc.nat(),
      spacing: fc.constantFrom(1, 3, 10, 40, 200),
      count: fc.integer({ min: 1, max: 6 }),
    });
    const property = fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
      const branches = [new Branch(MOVING).mine(1)];
      const node = new TestNode(MOVING).follow(branches[0]!);
      let best = { hash: branches[0]!.tip.hash as string, work: workOf([branches[0]!.tip]) };
      for (const { parent, spacing, count } of steps) {
        const from = branches[parent % branches.length]!;
        const branch = from.fork(parent % Math.min(4, from.height));
        const below = branch.height;
        branches.push(grow(branch, spacing, count));
        for (let height = below + 1; height <= branch.height; height++) {
          node.offer(branch.at(height));
          const work = workOf(branch.blocks.slice(0, height));
          if (work > best.work) best = { hash: branch.at(height).hash, work };
          expect(node.tipHash).toBe(best.hash);
        }
      }
      expect(node.restartedCopy().tipHash).toBe(best.hash);
    });
    fc.assert(property, { seed: 0xc01, numRuns: 150 });
  });
});

describe("one block from several sides", () => {
  test("C-26: is connected once, in any of 100 interleavings of HTTP and direct calls", async () => {
    let next = 0;
    const branch = new Branch(MOVING);
    for (let height = 1; height <= running.node.chain.tip.height; height++) {
      branch.append(running.node.chain.getBlock(running.node.chain.index.findActive(height)!));
    }
    const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      next += 1;
      connected.length = 0;
      const blocks = grow(branch, 10, 3).after(branch.height - 3);
      const outcomes: (readonly [hash: string, outcome: string])[] = [];
      const note = async (block: Block, outcome: string | Promise<string>) => {
        outcomes.push([block.hash, await outcome]);
      };
      // The same three blocks come twice by each way; nothing says in which order.
      const deliveries = blocks.flatMap((block) => [
        scheduler.schedule(Promise.resolve("http")).then(() => note(block, post(block))),
        scheduler.schedule(Promise.resolve("direct")).then(() => note(block, submit(block))),
        scheduler.schedule(Promise.resolve("direct")).then(() => note(block, submit(block))),
        scheduler.schedule(Promise.resolve("http")).then(() => note(block, post(block))),
      ]);
      await scheduler.waitAll();
      await Promise.all(deliveries);

      expect(connected).toEqual(blocks.map(({ hash }) => hash));
      expect(running.node.chain.tip.hash).toBe(branch.tip.hash);
      for (const { hash } of blocks) {
        const own = outcomes.filter(([other]) => other === hash).map(([, outcome]) => outcome);
        expect(own).toHaveLength(4);
        // One call took it, now or as an orphan; all others heard that it is known.
        expect(own.filter((outcome) => outcome !== "duplicate")).toHaveLength(1);
      }
    });
    await fc.assert(property, { seed: 0xc26, numRuns: 100 });
    expect(next).toBe(100);
  });

  test("C-26: an invalid one is judged once and remembered, from whatever side it comes", async () => {
    const { chain } = running.node;
    const branch = new Branch(MOVING);
    for (let height = 1; height <= chain.tip.height; height++) {
      branch.append(chain.getBlock(chain.index.findActive(height)!));
    }
    const bad = branch.make({ fees: 1 });
    const outcomes = await Promise.all([post(bad), post(bad), post(bad), post(bad)]);
    expect(outcomes.toSorted()).toEqual([
      "bad-cb-amount",
      ...new Array(3).fill("duplicate-invalid"),
    ]);
    expect(submit(bad)).toBe("duplicate-invalid");
    expect(chain.tip.hash).toBe(branch.tip.hash);
  });
});

describe("ancestors", () => {
  test("C-25: a child of an invalid block is invalid, a child of an unknown one only waits", () => {
    const trunk = chainOf(4, QUICK);
    for (const plan of [{ fees: 1 }, { coinbase: { outputs: [] } }]) {
      const node = new TestNode(QUICK).follow(trunk);
      const bad = trunk.fork().mine(plan).mine(2);
      const unknown = trunk.fork().mine(3);
      node.offer(bad.at(5));
      expect(node.offer(bad.at(6))).toBe("bad-prevblk");
      expect(node.offer(bad.at(7))).toBe("bad-prevblk");
      expect(node.offer(unknown.at(7))).toBe("orphan");
      expect(node.offer(unknown.at(5))).toBe("connected");
      expect(node.offer(unknown.at(6))).toBe("connected");
      expect(node.tipHash).toBe(unknown.tip.hash);
    }
  });
});

describe("the clock", () => {
  test("C-11: times that others claim do not move it: the same block is too new, and the same in time", async () => {
    const branch = chainOf(12, QUICK);
    const node = new TestNode(QUICK).follow(branch);
    const limit = QUICK.params.maxFutureSeconds;
    node.nowSeconds = branch.context.time;
    const before = node.state();
    const year = 365 * 24 * 60 * 60;
    const claims = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff];
    claims.push(node.nowSeconds + year, node.nowSeconds - year, node.nowSeconds + limit + 1);
    for (let round = 0; round < 200; round++) {
      const time = claims[round % claims.length]!;
      const claim = branch.make({ header: { time } });
      expect(node.offer(claim)).toBe(time > node.nowSeconds ? "time-too-new" : "time-too-old");
    }
    expect(node.state()).toEqual(before);

    const late = branch.make({ header: { time: node.nowSeconds + limit + 1 } });
    const inTime = branch.make({ header: { time: node.nowSeconds + limit } });
    expect(node.offer(late)).toBe("time-too-new");
    expect(node.offer(inTime)).toBe("connected");
    node.nowSeconds += 1;
    expect(node.offer(late)).toBe("side-branch");
  });

  test("C-11: no file of the product but one asks the machine for the time of day", async () => {
    const readers: string[] = [];
    for await (const path of new Bun.Glob("**/*.ts").scan(SOURCE)) {
      const text = await Bun.file(join(SOURCE, path)).text();
      if (/\bDate\.now\(|\bnew Date\(\s*\)|\bperformance\.timeOrigin\b/.test(text))
        readers.push(path.replaceAll("\\", "/"));
    }
    expect(readers).toEqual(["node/system-clock.ts"]);
  });
});
