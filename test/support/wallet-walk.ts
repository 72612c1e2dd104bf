/**
 * A wallet against a model of it, over random walks with reorganisations, double spends and restarts.
 *
 * The model knows blocks, waiting transactions and the account's scripts, and adds up; it has neither
 * index nor store.
 */

import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../src/lib/bytes.ts";
import type { BlockHash, Txid } from "../../src/primitives/hash-id.ts";
import { isCoinbase, outpointKey, type Transaction } from "../../src/primitives/transaction.ts";
import { deriveAccount } from "../../src/wallet/master-key.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import type { PreparedPayment } from "../../src/wallet/wallet-payments.ts";
import { WalletSecret } from "../../src/wallet/wallet-secret.ts";
import { signPayment } from "./payments.ts";
import { SeededRandom } from "./random.ts";
import { entropyOf, MATURITY, paymentOf, readAll, WalletWorld } from "./wallet-world.ts";

/** Steps after which the node ends and comes back. */
const RESTART_EVERY = 40;

/** Scripts of each branch that the model knows. */
const DERIVED = 400;

interface ModelCoin {
  readonly value: number;
  readonly script: string;
  readonly height: number | undefined;
  readonly isMined: boolean;
}

/** What one wallet has, by blocks and mempool alone. */
class Model {
  readonly #scripts = new Set<string>();
  readonly #blocks = new Map<BlockHash, readonly Transaction[]>();
  /** Every transaction that ever touched the wallet while it waited, or in an abandoned block. */
  readonly #seen = new Map<Txid, Transaction>();
  #listened: WalletWorld | undefined;

  constructor(number: number) {
    const account = deriveAccount(new WalletSecret(entropyOf(number)), "wpkh", 0);
    for (const branch of [0, 1] as const) {
      for (let index = 0; index < DERIVED; index++) {
        this.#scripts.add(toHex(account.scriptAt(branch, index)));
      }
    }
  }

  /** Follows what comes and goes at the node of `world`. */
  listen(world: WalletWorld): void {
    this.#listened = world;
    const { mempool, chain } = world.node;
    mempool.events.on("transaction-accepted", ({ entry: { tx } }) => {
      const spends = tx.inputs.some(({ prevout }) => this.isOurs(mempool.findOutput(prevout)));
      if (spends || tx.outputs.some((output) => this.isOurs(output))) this.#seen.set(tx.txid, tx);
    });
    chain.events.on("block-disconnected", ({ block }) => {
      for (const tx of block.transactions) {
        if (tx.outputs.some((output) => this.isOurs(output))) this.#seen.set(tx.txid, tx);
      }
    });
  }

  isOurs(output: { readonly scriptPubKey: Uint8Array } | undefined): boolean {
    return output !== undefined && this.#scripts.has(toHex(output.scriptPubKey));
  }

  check(wallet: Wallet): void {
    const { node } = this.#listened!;
    const { chain, mempool } = node;
    const coins = new Map<string, ModelCoin>();
    const outputs = new Map<string, ModelCoin>();
    const spenders = new Map<string, Txid>();
    const placed = new Set<Txid>();
    const apply = (tx: Transaction, height: number | undefined): number => {
      let delta = 0;
      placed.add(tx.txid);
      for (const { prevout } of isCoinbase(tx) ? [] : tx.inputs) {
        const key = outpointKey(prevout);
        const coin = coins.get(key)!;
        coins.delete(key);
        spenders.set(key, tx.txid);
        if (this.#scripts.has(coin.script)) delta -= coin.value;
      }
      for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
        const script = toHex(scriptPubKey);
        const coin = { value, script, height, isMined: isCoinbase(tx) };
        coins.set(outpointKey({ txid: tx.txid, vout }), coin);
        outputs.set(outpointKey({ txid: tx.txid, vout }), coin);
        if (this.#scripts.has(script)) delta += value;
      }
      return delta;
    };

    const expectedRows: [Txid, number, number][] = [];
    let confirmed = 0;
    for (let height = 1; height <= chain.tip.height; height++) {
      for (const tx of this.#blockAt(height)) {
        const delta = apply(tx, height);
        const touches =
          tx.outputs.some((output) => this.isOurs(output)) ||
          tx.inputs.some(({ prevout }) => {
            const made = outputs.get(outpointKey(prevout));
            return made !== undefined && this.#scripts.has(made.script);
          });
        if (!touches) continue;
        confirmed += delta;
        expectedRows.unshift([tx.txid, delta, confirmed]);
      }
    }
    const ours = () => [...coins].filter(([, coin]) => this.#scripts.has(coin.script));
    const confirmedCoins = ours();
    const immature = confirmedCoins
      .filter(([, { isMined, height }]) => isMined && chain.tip.height - height! + 1 < MATURITY)
      .reduce((sum, [, { value }]) => sum + value, 0);
    let pending = 0;
    const pendingAmounts = new Map<Txid, number>();
    for (const { tx } of mempool.entries()) {
      const delta = apply(tx, undefined);
      pending += delta;
      if (this.#seen.has(tx.txid)) pendingAmounts.set(tx.txid, delta);
    }

    const balance = wallet.ledger.balance();
    expect(balance).toMatchObject({ confirmed, pending, immature, total: confirmed + pending });

    const listed = readAll((page) => wallet.ledger.listCoins(page), 7);
    const unspent = listed.filter(({ hold }) => hold !== "spent");
    expect(new Set(unspent.map(({ outpoint }) => outpointKey(outpoint)))).toEqual(
      new Set(ours().map(([key]) => key)),
    );
    expect(sumOf(unspent)).toBe(balance.total);
    expect(sumOf(listed.filter(({ hold }) => hold === undefined))).toBe(balance.spendable);
    expect(sumOf(listed.filter(({ height }) => height !== undefined))).toBe(confirmed);

    const history = readAll((page) => wallet.ledger.listHistory(page), 7);
    const confirmedRows = history.filter(({ status }) => status === "confirmed");
    expect(confirmedRows.map((row) => [row.txid, row.amount, row.balance!])).toEqual(expectedRows);
    const pendingRows = history.filter(({ status }) => status === "pending");
    expect(new Map(pendingRows.map(({ txid, amount }) => [txid, amount]))).toEqual(pendingAmounts);
    this.#checkLost(history, placed, spenders);
    expect(new Set(history.map(({ txid }) => txid)).size).toBe(history.length);
    checkMaximum(wallet, balance.spendable);
  }

  #checkLost(
    history: readonly { readonly txid: Txid; readonly status: string }[],
    placed: ReadonlySet<Txid>,
    spenders: ReadonlyMap<string, Txid>,
  ): void {
    const lossOf = (tx: Transaction): string => {
      if (isCoinbase(tx)) return "orphaned";
      const isConflicted = tx.inputs.some(({ prevout }) => {
        if (spenders.has(outpointKey(prevout))) return true;
        const parent = placed.has(prevout.txid) ? undefined : this.#seen.get(prevout.txid);
        return parent !== undefined && lossOf(parent) !== "dropped";
      });
      return isConflicted ? "conflicted" : "dropped";
    };
    const lost = [...this.#seen.values()].filter(({ txid }) => !placed.has(txid));
    const shown = history.filter(({ status }) => !["confirmed", "pending"].includes(status));
    expect(new Map(shown.map(({ txid, status }) => [txid, status]))).toEqual(
      new Map(lost.map((tx) => [tx.txid, lossOf(tx)])),
    );
  }

  #blockAt(height: number): readonly Transaction[] {
    const { chain } = this.#listened!.node;
    const entry = chain.index.findActive(height)!;
    const known = this.#blocks.get(entry.hash) ?? chain.getBlock(entry).transactions;
    this.#blocks.set(entry.hash, known);
    return known;
  }
}

/** All that can be spent is what a payment of all of it spends. */
function checkMaximum({ payments }: Wallet, spendable: number): void {
  if (spendable < 100_000) return;
  const all = payments.prepare({ ...paymentOf(Uint8Array.of(0x51), "max"), isForced: true });
  expect(all.inputs.reduce((sum, { value }) => sum + value, 0)).toBe(spendable);
  payments.cancel(all.id);
}

function sumOf(coins: readonly { readonly value: number }[]): number {
  return coins.reduce((sum, { value }) => sum + value, 0);
}

/** Walks `count` steps drawn from `seed`, and fails at the first after which wallet and model differ. */
export async function walkWallet(seed: number, count: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "cairn-walk-"));
  try {
    await walk(directory, new SeededRandom(seed), count);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function walk(directory: string, random: SeededRandom, count: number): Promise<void> {
  let world = await WalletWorld.start({ directory });
  const model = new Model(1);
  let wallet = await world.make("walker");
  model.listen(world);
  const open: PreparedPayment[] = [];
  await world.mine(MATURITY + 30);
  const steps: Record<string, number> = {};

  const acts: Record<string, () => Promise<void> | void> = {
    receive: () => {
      const script = wallet.receiveAddress(random.oneIn(3) && canShowMore(wallet)).script;
      world.pay([{ value: 200_000 + random.below(9_000_000), scriptPubKey: script }]);
    },
    send: async () => {
      const amount = 50_000 + random.below(2_000_000);
      if (wallet.ledger.balance().spendable < amount + 50_000) return;
      const isOwn = random.oneIn(4);
      const script = isOwn ? wallet.receiveAddress(false).script : world.key.scriptPubKey;
      await world.send(wallet, paymentOf(script, amount));
    },
    prepare: () => {
      if (wallet.ledger.balance().spendable < 200_000) return;
      open.push(wallet.payments.prepare(paymentOf(world.key.scriptPubKey, 60_000)));
    },
    settle: async () => {
      const draft = open.shift();
      if (draft === undefined) return;
      if (random.oneIn(2)) wallet.payments.cancel(draft.id);
      else await world.confirm(wallet, draft).catch(expectRefusal);
    },
    mine: async () => {
      await world.mine(1, random.oneIn(4) ? wallet.receiveAddress(false).script : undefined);
    },
    mineSome: async () => {
      // Parents without their children: what these spend is confirmed while they wait.
      const waiting = [...world.node.mempool.entries()].map(({ tx }) => tx);
      world.mineOn(world.node.chain.tip.hash, waiting.slice(0, random.below(waiting.length + 1)));
      await world.settled();
    },
    reorganise: async () => {
      const depth = 1 + random.below(5);
      const { chain } = world.node;
      const abandoned: Transaction[] = [];
      for (let height = chain.tip.height - depth + 1; height <= chain.tip.height; height++) {
        const block = chain.getBlock(chain.index.findActive(height)!);
        abandoned.push(...block.transactions.filter((tx) => !isCoinbase(tx)));
      }
      const doubles = random.oneIn(2) ? doubleSpends(world, abandoned, depth) : [];
      await world.reorganise(depth, doubles);
    },
    restart: async () => {
      await world[Symbol.asyncDispose]();
      world = await WalletWorld.start({ directory });
      wallet = world.node.wallets.get("walker");
      model.listen(world);
      await world.settled();
    },
  };
  const weights = {
    receive: 6,
    send: 6,
    prepare: 2,
    settle: 2,
    mine: 3,
    mineSome: 2,
    reorganise: 2,
  };
  const bag = Object.entries(weights).flatMap(([name, weight]) => Array(weight).fill(name));
  for (let step = 1; step <= count; step++) {
    const name: string = step % RESTART_EVERY === 0 ? "restart" : random.pick(bag);
    steps[name] = (steps[name] ?? 0) + 1;
    try {
      // Not more than a chain of unconfirmed payments may have.
      if (world.node.mempool.count > 15) await acts.mine!();
      await acts[name]!();
      await world.settled();
      model.check(wallet);
    } catch (cause) {
      await world[Symbol.asyncDispose]();
      throw new Error(`step ${step} (${name}), seed ${random.seed}: ${String(cause)}`, { cause });
    }
  }
  await world[Symbol.asyncDispose]();
  expect(Object.keys(steps).length).toBe(8);
}

/** Payments of the stranger's coins below the fork that abandoned ones spent, elsewhere. */
function doubleSpends(
  world: WalletWorld,
  abandoned: readonly Transaction[],
  depth: number,
): Transaction[] {
  const { chain, mempool } = world.node;
  const forkHeight = chain.tip.height - depth;
  return abandoned.slice(0, 2).flatMap((tx) => {
    const [input] = tx.inputs;
    const row = world.node.explorer.findTransaction(input!.prevout.txid);
    if (tx.inputs.length !== 1 || row === undefined || row.height > forkHeight) return [];
    if (row.position !== 0 || row.height > forkHeight + 1 - MATURITY + 1) return [];
    if (mempool.find(tx.txid) !== undefined) return [];
    const output = world.node.explorer.findOutput(input!.prevout)!;
    const address = world.node.explorer.listOutputs(tx.txid, { limit: 5 });
    if (address.rows.length === 0 || output.value < 100_000) return [];
    if (!isStrangers(world, tx)) return [];
    const coin = { outpoint: input!.prevout, value: output.value };
    const scriptPubKey = world.key.scriptPubKey;
    return [signPayment(world.key, [coin], [{ value: output.value - 5_000, scriptPubKey }])];
  });
}

function isStrangers(world: WalletWorld, { inputs }: Transaction): boolean {
  const { chain } = world.node;
  const row = world.node.explorer.findTransaction(inputs[0]!.prevout.txid)!;
  const made = chain.getBlock(chain.index.findActive(row.height)!).transactions[row.position]!;
  const script = made.outputs[inputs[0]!.prevout.vout]!.scriptPubKey;
  return toHex(script) === toHex(world.key.scriptPubKey);
}

function canShowMore(wallet: Wallet): boolean {
  wallet.addresses.refresh();
  return wallet.addresses.nextIndex(0) !== undefined;
}

/** What a reorganisation has undone cannot be spent any more. */
function expectRefusal(error: unknown): void {
  const { code } = error as { code?: string };
  expect(["missing-output", "draft-not-open", "bad-txns-inputs-missingorspent"]).toContain(
    code ?? String(error),
  );
}
