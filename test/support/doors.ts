/**
 * Every door by which a block or a transaction can enter, tried with the same bytes.
 *
 * Four nodes follow one branch: one is asked directly, one finds the block on a side branch that
 * gets more work, one hears of it before its parent, one is a whole node asked over HTTP. A broken
 * block must meet the same rule at each, leave no trace in coins or tip, also after a restart, and
 * keep no honest block out. Which rules there are is the business of the tests.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Network } from "../../src/consensus/params.ts";
import type { RuleCode } from "../../src/consensus/rule-error.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { SYSTEM_CLOCK } from "../../src/node/system-clock.ts";
import { type Block, encodeBlock } from "../../src/primitives/block.ts";
import { encodeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import {
  ANYONE_BY_WITNESS,
  type BlockPlan,
  Branch,
  coinOf,
  coinsAfter,
  type Outcome,
  openNodeDatabase,
  type SpendableCoin,
  spend,
  TestNode,
} from "./chain-builder.ts";
import { type RunningApi, type RunningNode, startTestApi, startTestNode } from "./test-node.ts";

/**
 * When a rule is seen to be broken, and what is remembered of it.
 *
 * "header": before the body, or by a body that need not be the header's: nothing is remembered.
 * "body": without coins: the hash is remembered until the process ends.
 * "coins": when it is connected: the block is stored and marked.
 */
export type Stage = "header" | "body" | "coins";

/** A transaction that the mempool must refuse, and one at the limit that it must take. */
export interface TransactionTrial {
  readonly bad: Transaction;
  readonly code: string;
  readonly good?: Transaction;
}

/** Two blocks after the tip of the branch: one breaks a rule, its twin only just does not. */
export interface BlockTrial {
  readonly bad: Block;
  readonly good: Block;
  /** Offered to the mempool first. */
  readonly transaction?: TransactionTrial;
  /** What every clock shows meanwhile, in seconds; else long after any block. */
  readonly nowSeconds?: number;
  /** The plan of the block after the good one. */
  readonly next?: BlockPlan;
}

/** One row of a catalogue's table. `make` may first grow the branch by what it needs. */
export interface DoorCase {
  /** Begins with the catalogue's ID. */
  readonly name: string;
  readonly code: RuleCode;
  readonly stage: Stage;
  make(branch: Branch): BlockTrial;
}

interface Refused {
  readonly bad: Block;
  /** A plain block after it. */
  readonly child: Block | undefined;
  readonly code: RuleCode;
  readonly stage: Stage;
}

/** Seconds after genesis that clocks show, unless a trial says otherwise. */
const LATE_SECONDS = 100_000_000;

/** A clock that stands still but for its timers. */
class DoorClock implements Clock {
  nowSeconds: number;

  constructor(nowSeconds: number) {
    this.nowSeconds = nowSeconds;
  }

  now(): number {
    return this.nowSeconds * 1000;
  }

  monotonic(): number {
    return SYSTEM_CLOCK.monotonic();
  }

  after(milliseconds: number, run: () => void): () => void {
    return SYSTEM_CLOCK.after(milliseconds, run);
  }
}

/** A chain in a file, which can be closed and opened again. */
class FileNode {
  readonly #network: Network;
  readonly #path: string;
  #node: TestNode;
  #openedAt: readonly string[];

  constructor(network: Network, path: string) {
    this.#network = network;
    this.#path = path;
    this.#node = new TestNode(network, openNodeDatabase(network, path));
    this.#openedAt = this.#node.state().active;
  }

  get chain(): TestNode {
    return this.#node;
  }

  /** Ends and starts again; fails unless tip, coins and statuses are what they were. */
  restart(): void {
    const before = this.#node.state();
    this.close();
    this.#node = new TestNode(this.#network, openNodeDatabase(this.#network, this.#path));
    this.#openedAt = this.#node.state().active;
    expect(this.#node.state()).toEqual(before);
  }

  /** Fails unless what was announced since the start leads from the chain then to that of now. */
  expectBalanced(): void {
    const active = [...this.#openedAt];
    for (const [kind, hash] of this.#node.events) {
      if (kind === "+") active.push(hash);
      else expect(active.pop()).toBe(hash);
    }
    expect(active).toEqual([...this.#node.state().active]);
  }

  close(): void {
    this.#node.close();
  }
}

/** All doors of one network, open until the end of the scope that declares them. */
export class Doors implements AsyncDisposable {
  /** What all nodes agree on; grows with every trial. */
  readonly branch: Branch;
  readonly #folder: string;
  readonly #direct: FileNode;
  readonly #reorg: FileNode;
  readonly #early: FileNode;
  readonly #refused: Refused[] = [];
  readonly #clock: DoorClock;
  #running: RunningNode;
  #api: RunningApi;

  private constructor(branch: Branch, folder: string, clock: DoorClock, door: HttpDoor) {
    const file = (name: string) => new FileNode(branch.network, join(folder, `${name}.db`));
    this.branch = branch;
    this.#folder = folder;
    this.#direct = file("direct");
    this.#reorg = file("reorg");
    this.#early = file("early");
    this.#clock = clock;
    this.#running = door.running;
    this.#api = door.api;
  }

  /** Opens all doors of nodes that know nothing yet; the branch has one block. */
  static async open(network: Network): Promise<Doors> {
    const folder = mkdtempSync(join(tmpdir(), "cairn-test-"));
    const clock = new DoorClock(lateSeconds(network));
    const door = await openHttpDoor(network, folder, clock);
    return new Doors(new Branch(network).mine(1), folder, clock, door);
  }

  /** Takes `trial` of the case through every door, and lets the branch grow by its good block. */
  async try({ code, stage, make }: Omit<DoorCase, "name">): Promise<void> {
    const trial = make(this.branch);
    for (const block of this.branch.blocks) this.#give(block);
    if (trial.nowSeconds !== undefined) this.#turnClocks(trial.nowSeconds);
    if (trial.transaction !== undefined) await this.#tryTransaction(trial.transaction);

    const { bad, good } = trial;
    // A false body's child is the honest block's child too.
    const child = bad.hash === good.hash ? undefined : this.#childOf(bad, good, stage);
    const refused = { bad, child, code, stage };
    this.#tryDirectly(refused);
    await this.#tryOverHttp(refused);
    this.#tryOnSideBranch(refused, good);
    this.#tryBeforeParent(refused);
    this.#refused.push(refused);

    const rivalHeight = this.#reorg.chain.height;
    expect(this.#direct.chain.offer(good)).toBe("connected");
    expect(this.#early.chain.offer(good)).toBe("connected");
    expect(await this.#postBlock(good)).toEqual([200, "connected"]);
    expect(this.#reorg.chain.offer(good)).toBe("side-branch");
    this.#turnClocks(lateSeconds(this.branch.network));
    this.branch.append(good).mine(trial.next ?? {});
    for (const block of this.branch.after(rivalHeight - 1)) this.#give(block);
    this.#expectAgreement();
    this.#reorg.expectBalanced();
  }

  /** Starts all nodes again: what was refused is refused, and all still agree. */
  async restart(): Promise<void> {
    const { network } = this.branch;
    for (const node of [this.#direct, this.#reorg, this.#early]) node.restart();
    await this.#api[Symbol.asyncDispose]();
    await this.#running[Symbol.asyncDispose]();
    const door = await openHttpDoor(network, this.#folder, this.#clock);
    this.#running = door.running;
    this.#api = door.api;
    this.#expectAgreement();

    for (const { bad, code, stage } of this.#refused) {
      const nodes = [this.#direct, this.#reorg, this.#early];
      const outcomes: string[] = nodes.map(({ chain }) => chain.offer(bad));
      const [, overHttp] = await this.#postBlock(bad);
      const expected = this.#verdictAgain(bad, code, stage);
      expect([...outcomes, overHttp]).toEqual(new Array(4).fill(expected));
    }
    this.#expectAgreement();
  }

  /** What is said of a block when all that was not stored is forgotten. */
  #verdictAgain(bad: Block, code: RuleCode, stage: Stage): string {
    if (stage === "coins") return "duplicate-invalid";
    // The honest body came after the false one.
    if (this.branch.blocks.some(({ hash }) => hash === bad.hash)) return "duplicate";
    return code === "time-too-new" ? "side-branch" : code;
  }

  /** Posts `body` and returns the status and the code, or what became of it. */
  async post(path: string, body: object): Promise<readonly [status: number, word: string]> {
    const response = await this.#api.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { code?: string; status: string | number };
    return [response.status, answer.code ?? String(answer.status)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
    await this.#running[Symbol.asyncDispose]();
    for (const node of [this.#direct, this.#reorg, this.#early]) node.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A plain block after `bad`; of a bad header it need not inherit what is wrong. */
  #childOf(bad: Block, { header }: Block, stage: Stage): Block {
    const plan = stage === "header" ? { header: { bits: header.bits } } : {};
    return this.branch.fork().append(bad).mine(plan).tip;
  }

  #tryDirectly({ bad, child, code, stage }: Refused): void {
    const { chain } = this.#direct;
    const before = snapshot(chain);
    const announced = chain.events.length;
    expect(chain.offer(bad)).toBe(code);
    expect(chain.offer(bad)).toBe(stage === "header" ? code : "duplicate-invalid");
    expect(chain.events).toHaveLength(announced);
    expect(snapshot(chain)).toEqual(before);

    this.#direct.restart();
    const again = this.#direct.chain;
    this.#setClock(again);
    expect(again.offer(bad)).toBe(stage === "coins" ? "duplicate-invalid" : code);
    if (child !== undefined) expect(again.offer(child)).toBe(outcomeOfChild(stage));
    expect(snapshot(again)).toEqual(before);
  }

  async #tryOverHttp({ bad, child, code, stage }: Refused): Promise<void> {
    const { chain } = this.#running.node;
    const before = [chain.tip.hash, toHex(chain.coins.digest())];
    expect(await this.#postBlock(bad)).toEqual([422, code]);
    if (child !== undefined) {
      const word = outcomeOfChild(stage);
      expect(await this.#postBlock(child)).toEqual([word === "orphan" ? 200 : 422, word]);
    }
    expect([chain.tip.hash, toHex(chain.coins.digest())]).toEqual(before);
  }

  /** The block is the rival of one that came first; its child gives it more work. */
  #tryOnSideBranch({ bad, child, code, stage }: Refused, { header }: Block): void {
    const { chain } = this.#reorg;
    const rival = this.branch.fork().mine({ header: { time: header.time } });
    expect(chain.offer(rival.tip)).toBe("connected");
    const before = snapshot(chain);
    expect(chain.offer(bad)).toBe(stage === "coins" ? "side-branch" : code);
    if (child !== undefined) {
      expect(chain.offer(child)).toBe(stage === "coins" ? code : outcomeOfChild(stage));
    }
    expect(snapshot(chain)).toEqual(before);
    this.#reorg.expectBalanced();

    this.#reorg.restart();
    this.#setClock(this.#reorg.chain);
    expect(snapshot(this.#reorg.chain)).toEqual(before);
    expect(this.#reorg.chain.offer(bad)).toBe(stage === "coins" ? "duplicate-invalid" : code);
  }

  /** The block comes before its parent, and is judged when that comes. */
  #tryBeforeParent({ bad, code, stage }: Refused): void {
    const { chain } = this.#early;
    const first = chain.offer(bad);
    if (first !== "orphan") expect(first).toBe(code);
    if (stage === "coins") expect(first).toBe("orphan");
    expect(chain.offer(this.branch.tip)).toBe("connected");
    expect(snapshot(chain)).toEqual(snapshot(this.#direct.chain));
    expect(chain.offer(bad)).toBe(stage === "header" ? code : "duplicate-invalid");
    this.#early.restart();
    this.#setClock(this.#early.chain);
    expect(this.#early.chain.offer(bad)).toBe(stage === "coins" ? "duplicate-invalid" : code);
  }

  async #tryTransaction({ bad, code, good }: TransactionTrial): Promise<void> {
    const { mempool } = this.#running.node;
    const count = mempool.count;
    expect(await this.#postTransaction(bad)).toEqual([422, code]);
    expect(mempool.count).toBe(count);
    if (good === undefined) return;
    expect(await this.#postTransaction(good)).toEqual([201, "accepted"]);
    expect(await this.#postTransaction(bad)).toEqual([422, expect.any(String)]);
    expect(mempool.has(good.txid)).toBe(true);
  }

  #postBlock(block: Block): Promise<readonly [number, string]> {
    return this.post("/api/mining/submit", { hex: toHex(encodeBlock(block)) });
  }

  #postTransaction(tx: Transaction): Promise<readonly [number, string]> {
    return this.post("/api/transactions", { hex: toHex(encodeTransaction(tx)) });
  }

  /** Gives a block of the branch to all that lack it; the early node stays one block behind. */
  #give(block: Block): void {
    const nodes = [this.#direct, this.#reorg];
    if (block !== this.branch.tip) nodes.push(this.#early);
    for (const { chain } of nodes) {
      if (chain.statusOf(block) === undefined) chain.offer(block);
    }
    const { node } = this.#running;
    if (node.chain.index.find(block.hash) === undefined) node.submitBlock(block);
  }

  #expectAgreement(): void {
    const { node } = this.#running;
    const expected = [this.branch.tip.hash, toHex(node.chain.coins.digest())];
    expect(node.chain.tip.hash).toBe(this.branch.tip.hash);
    for (const { chain } of [this.#direct, this.#reorg]) expect(snapshot(chain)).toEqual(expected);
    const model = coinsAfter(this.branch.blocks);
    const value = [...model.values()].reduce((sum, coin) => sum + coin.value, 0);
    expect(node.chain.coins.totals()).toEqual({ count: model.size, value });
    expect(this.#early.chain.tipHash).toBe(this.branch.at(this.branch.height - 1).hash);
  }

  #turnClocks(seconds: number): void {
    this.#clock.nowSeconds = seconds;
    for (const { chain } of [this.#direct, this.#reorg, this.#early]) this.#setClock(chain);
  }

  #setClock(chain: TestNode): void {
    chain.nowSeconds = this.#clock.nowSeconds;
  }
}

function outcomeOfChild(stage: Stage): Outcome {
  return stage === "header" ? "orphan" : "bad-prevblk";
}

function snapshot(chain: TestNode): string[] {
  return [chain.tipHash, chain.digest()];
}

function lateSeconds({ genesis }: Network): number {
  return genesis.header.time + LATE_SECONDS;
}

/** Tries `cases` in order at all doors of `network`, then all of them again after a restart. */
export function testAtAllDoors(network: Network, cases: readonly DoorCase[]): void {
  let doors: Doors;
  beforeAll(async () => {
    doors = await Doors.open(network);
  });
  afterAll(async () => {
    await doors[Symbol.asyncDispose]();
  });

  test.each(cases.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    await doors.try(row);
  });

  test(`every verdict is the same after a restart (${cases.length} in all)`, async () => {
    await doors.restart();
  });
}

/** Grows by what makes `count` coins that the mempool lets anybody spend, and returns them. */
export function fundedCoins(branch: Branch, count: number): SpendableCoin[] {
  branch.mine(2);
  const coin = branch.coinbaseCoin(branch.height - 1);
  const split = spend([coin], { count, script: ANYONE_BY_WITNESS });
  branch.mine({ transactions: [split] });
  return split.outputs.map((_, vout) => coinOf(split, vout));
}

interface HttpDoor {
  readonly running: RunningNode;
  readonly api: RunningApi;
}

async function openHttpDoor(network: Network, folder: string, clock: Clock): Promise<HttpDoor> {
  const running = await startTestNode({ network, directory: join(folder, "node"), clock });
  return { running, api: await startTestApi(running.node) };
}
