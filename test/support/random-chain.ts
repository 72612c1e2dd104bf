/**
 * Chains and trees of valid blocks made of chance: payments within the block and across blocks, to
 * scripts of many kinds, coinbases with many outputs or too little taken, times that move the target.
 *
 * Recipes are drawn by fast-check and hold no hash, so that a failing case can be made smaller. Each
 * chain carries the ledger of its coins.
 */

import fc from "fast-check";
import { earliestTime } from "../../src/consensus/check-header.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import type { Network } from "../../src/consensus/params.ts";
import { hash160, sha256 } from "../../src/crypto/hash.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { scriptOf } from "../../src/primitives/address.ts";
import type { Block } from "../../src/primitives/block.ts";
import {
  makeTransaction,
  SEQUENCE_FINAL,
  type Transaction,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { pushLiteral } from "../../src/script/script.ts";
import { nullDataScript } from "../../src/script/standard.ts";
import {
  ANYONE,
  ANYONE_BY_WITNESS,
  type BlockPlan,
  Branch,
  REGTEST,
  withParams,
} from "./chain-builder.ts";
import { Ledger, type LedgerCoin } from "./ledger.ts";

/** Regtest with coinbases that may be spent two blocks later, and a halving every seven blocks. */
export const BRISK = withParams(REGTEST, { coinbaseMaturity: 2, halvingInterval: 7 });

/** The product's own rules with a retarget every four blocks, so that branches differ in work. */
export const RETARGETING = withParams(findNetwork("cairn", 1), {
  coinbaseMaturity: 2,
  halvingInterval: 7,
  minTransactionSize: 0,
  retarget: { interval: 4, spacingSeconds: 10, timewarpGraceSeconds: 120 },
});

/** Kinds of output: by what spends them, or that nothing does. */
export const OUTPUT_KINDS = [
  "bare",
  "witness",
  "script-hash",
  "nested",
  "data",
  "oversized",
] as const;

/** One of OUTPUT_KINDS. */
export type OutputKind = (typeof OUTPUT_KINDS)[number];

const NESTED_PROGRAM = ANYONE_BY_WITNESS;

/** What pays to each kind. Anybody may spend all but the last two. */
const SCRIPTS: Record<OutputKind, Uint8Array> = {
  bare: ANYONE,
  witness: ANYONE_BY_WITNESS,
  "script-hash": scriptHashOf(ANYONE),
  nested: scriptHashOf(NESTED_PROGRAM),
  data: nullDataScript(sha256(ANYONE)),
  oversized: new Uint8Array(10_001).fill(0x51),
};

/** How the kinds that can be spent are spent. */
const KEYS = new Map<string, { scriptSig: Uint8Array; witness: Uint8Array[] }>([
  [toHex(SCRIPTS.bare), { scriptSig: new Uint8Array(0), witness: [] }],
  [toHex(SCRIPTS.witness), { scriptSig: new Uint8Array(0), witness: [ANYONE] }],
  [toHex(SCRIPTS["script-hash"]), { scriptSig: pushLiteral(ANYONE), witness: [] }],
  [toHex(SCRIPTS.nested), { scriptSig: pushLiteral(NESTED_PROGRAM), witness: [ANYONE] }],
]);

function scriptHashOf(script: Uint8Array): Uint8Array {
  return scriptOf({ type: "p2sh", witnessVersion: undefined, program: hash160(script) });
}

/** A payment: which of the newest coins, to what, and what is left to the miner. */
export interface PaymentRecipe {
  readonly coins: readonly number[];
  readonly outputs: readonly OutputKind[];
  readonly fee: number;
  readonly version: number;
  readonly sequence: number;
}

/** A block: its payments, its coinbase, what that leaves, and how long it took. */
export interface BlockRecipe {
  readonly payments: readonly PaymentRecipe[];
  readonly coinbase: readonly OutputKind[];
  readonly unclaimed: number;
  readonly seconds: number;
}

const ANY_KIND = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("bare", "witness", "script-hash", "nested") },
  { weight: 2, arbitrary: fc.constant("data") },
  { weight: 1, arbitrary: fc.constant("oversized") },
) as fc.Arbitrary<OutputKind>;

const ANY_PAYMENT: fc.Arbitrary<PaymentRecipe> = fc.record({
  coins: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
  outputs: fc.array(ANY_KIND, { minLength: 1, maxLength: 4 }),
  fee: fc.constantFrom(0, 1, 999, 10 ** 12),
  version: fc.constantFrom(1, 2),
  // Final; one that is not; a relative lock of no block and of one.
  sequence: fc.constantFrom(SEQUENCE_FINAL, 0xfffffffd, 0, 1),
});

/** Any recipe of a block; `most` payments at most. */
export function anyBlockRecipe(most = 5): fc.Arbitrary<BlockRecipe> {
  return fc.record({
    payments: fc.array(ANY_PAYMENT, { maxLength: most }),
    coinbase: fc.oneof(
      { weight: 4, arbitrary: fc.array(ANY_KIND, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.array(ANY_KIND, { minLength: 30, maxLength: 60 }) },
    ),
    unclaimed: fc.constantFrom(0, 0, 1, 123_456, 10 ** 12),
    seconds: fc.constantFrom(-200, 0, 1, 10, 60),
  });
}

/** A chain that grows by recipes, with the ledger of its coins. */
export class RandomChain {
  readonly branch: Branch;
  readonly ledger: Ledger;

  constructor(network: Network, branch = new Branch(network), ledger = new Ledger(network.params)) {
    this.branch = branch;
    this.ledger = ledger;
  }

  get tip(): Block {
    return this.branch.tip;
  }

  /** A chain of its own that goes on from here. */
  fork(): RandomChain {
    return new RandomChain(this.branch.network, this.branch.fork(), this.ledger.fork());
  }

  /** Grows by the block that `recipe` gives here, and returns it. */
  grow(recipe: BlockRecipe): Block {
    return this.add(this.branch.make(this.plan(recipe)));
  }

  /** Grows by `block`, which must be valid here, and returns it. */
  add(block: Block): Block {
    this.branch.append(block);
    this.ledger.apply(block);
    return block;
  }

  /** The plan of the block that `recipe` gives here. */
  plan({ payments, coinbase, unclaimed, seconds }: BlockRecipe): BlockPlan {
    const pool = this.#spendable();
    const transactions: Transaction[] = [];
    let fees = 0;
    for (const payment of payments) {
      const coins = takeCoins(pool, payment.coins);
      if (coins.length === 0) break;
      const value = coins.reduce((sum, coin) => sum + coin.value, 0);
      const fee = Math.min(payment.fee, value);
      const tx = this.#pay(coins, value - fee, payment);
      fees += fee;
      transactions.push(tx);
      pool.push(...this.#coinsOf(tx));
    }

    const { context, network } = this.branch;
    const allowed = this.ledger.subsidy(this.ledger.height + 1) + fees;
    const time = Math.max(earliestTime(context, network.params), context.time + seconds);
    return {
      transactions,
      coinbaseOutputs: shareOut(allowed - Math.min(unclaimed, allowed), coinbase),
      header: { time },
    };
  }

  /** Coins that the next block may spend, the newest last. */
  #spendable(): LedgerCoin[] {
    const { coinbaseMaturity } = this.branch.network.params;
    const height = this.ledger.height + 1;
    return [...this.ledger.coins.values()].filter(
      (coin) =>
        KEYS.has(toHex(coin.scriptPubKey)) &&
        (!coin.isCoinbase || height - coin.height >= coinbaseMaturity),
    );
  }

  #pay(coins: readonly LedgerCoin[], value: number, recipe: PaymentRecipe): Transaction {
    const height = this.ledger.height + 1;
    return makeTransaction({
      version: recipe.version,
      inputs: coins.map((coin) => ({
        prevout: coin.outpoint,
        ...keyOf(coin),
        // A lock of one block is closed for what the block itself makes.
        sequence: recipe.sequence === 1 && coin.height === height ? 0 : recipe.sequence,
      })),
      outputs: shareOut(value, recipe.outputs),
      lockTime: 0,
    });
  }

  #coinsOf({ txid, outputs }: Transaction): LedgerCoin[] {
    const height = this.ledger.height + 1;
    return outputs
      .map((output, vout) => ({ ...output, outpoint: { txid, vout }, height, isCoinbase: false }))
      .filter((coin) => KEYS.has(toHex(coin.scriptPubKey)));
  }
}

/** Takes some of the ten newest coins out of `pool`. */
function takeCoins(pool: LedgerCoin[], choices: readonly number[]): LedgerCoin[] {
  const taken: LedgerCoin[] = [];
  for (const choice of choices) {
    if (pool.length === 0) break;
    const at = pool.length - 1 - (choice % Math.min(10, pool.length));
    taken.push(...pool.splice(at, 1));
  }
  return taken;
}

function keyOf({ scriptPubKey }: LedgerCoin): { scriptSig: Uint8Array; witness: Uint8Array[] } {
  const key = KEYS.get(toHex(scriptPubKey));
  if (key === undefined) throw new Error("nothing spends this coin");
  return key;
}

/** Outputs of these kinds that share `value`; the last takes what cannot be divided. */
function shareOut(value: number, kinds: readonly OutputKind[]): TxOutput[] {
  const share = Math.floor(value / kinds.length);
  return kinds.map((kind, index) => ({
    value: index === kinds.length - 1 ? value - share * (kinds.length - 1) : share,
    scriptPubKey: SCRIPTS[kind],
  }));
}

/** A tree of valid blocks: where each hangs, and how it is made. */
export interface TreeRecipe {
  readonly trunk: readonly BlockRecipe[];
  readonly blocks: readonly { readonly parent: number; readonly recipe: BlockRecipe }[];
}

/** Any recipe of a tree of `trunk` blocks in a row and up to `most` that hang anywhere on it. */
export function anyTreeRecipe(trunk: number, most: number): fc.Arbitrary<TreeRecipe> {
  const block = fc.record({ parent: fc.nat(5), recipe: anyBlockRecipe(3) });
  return fc.record({
    trunk: fc.array(anyBlockRecipe(2), { minLength: trunk, maxLength: trunk }),
    blocks: fc.array(block, { minLength: 1, maxLength: most, size: "max" }),
  });
}

/** A block of a tree, with the chain that ends in it. */
export interface TreeBlock {
  readonly block: Block;
  readonly chain: RandomChain;
  /** Hashes expected for this chain, computed by the definition. */
  readonly work: bigint;
}

/** Makes the tree of `recipe`: its blocks in order, parents before children. */
export function growTree(network: Network, recipe: TreeRecipe): TreeBlock[] {
  const tree: TreeBlock[] = [];
  const grow = (parent: TreeBlock | undefined, blockRecipe: BlockRecipe) => {
    const chain = parent?.chain.fork() ?? new RandomChain(network);
    const block = chain.grow(blockRecipe);
    const before = parent?.work ?? workOf(network.genesis);
    tree.push({ block, chain, work: before + workOf(block) });
  };
  for (const blockRecipe of recipe.trunk) grow(tree.at(-1), blockRecipe);
  // Counted from the newest, so that branches grow long.
  for (const { parent, recipe: blockRecipe } of recipe.blocks) {
    grow(tree[tree.length - 1 - (parent % tree.length)], blockRecipe);
  }
  return tree;
}

/** 2^256 / (target + 1), from the compact form. */
function workOf({ header: { bits } }: Block): bigint {
  const exponent = BigInt(bits >>> 24);
  const target = (BigInt(bits & 0x7fffff) << (8n * exponent)) >> 24n;
  return 2n ** 256n / (target + 1n);
}
