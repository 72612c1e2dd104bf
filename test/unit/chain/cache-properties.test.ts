/**
 * C-20: no verdict depends on what happens to be in memory. The same blocks, valid and invalid, go to
 * nodes whose caches are warm, cold, tiny or shared; all of them must come to the same verdicts and
 * the same coins.
 */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { Chain } from "../../../src/chain/chain.ts";
import { OrphanBlocks } from "../../../src/chain/orphan-blocks.ts";
import { ScriptVerifier } from "../../../src/chain/script-verifier.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { equalBytes, toHex } from "../../../src/lib/bytes.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { Mempool } from "../../../src/mempool/mempool.ts";
import type { Block } from "../../../src/primitives/block.ts";
import {
  hasWitness,
  makeTransaction,
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS, STANDARD_FLAGS } from "../../../src/script/flags.ts";
import { type ChainDatabase, closeChainDatabase } from "../../../src/storage/database.ts";
import {
  type BlockPlan,
  type Outcome,
  openNodeDatabase,
  temporaryFolder,
} from "../../support/chain-builder.ts";
import type { LedgerCoin } from "../../support/ledger.ts";
import { ROOMY_POLICY } from "../../support/mempool-harness.ts";
import { paymentKey, signPayment } from "../../support/payments.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import {
  anyBlockRecipe,
  type BlockRecipe,
  BRISK,
  RandomChain,
} from "../../support/random-chain.ts";

const KEY = paymentKey();

/** How a block that follows the same parent as a valid one is wrong. */
const FAULTS = ["none", "greedy", "wrong-witness", "spends-twice", "spends-nothing"] as const;

/** A valid block, and one beside it that is wrong. */
interface Step {
  readonly recipe: BlockRecipe;
  readonly fault: (typeof FAULTS)[number];
  /** True if the wrong one comes first. */
  readonly isFaultFirst: boolean;
}

const ANY_STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    recipe: anyBlockRecipe(3),
    fault: fc.constantFrom(...FAULTS),
    isFaultFirst: fc.boolean(),
  }),
  { minLength: 4, maxLength: 9, size: "max" },
);

/** What the nodes are told: blocks in order, and what is known of their transactions beforehand. */
interface Story {
  readonly blocks: readonly Block[];
  /** The last of the valid ones, and the digest of the coins after it. */
  readonly tip: Block;
  readonly digest: string;
  /** Every valid payment with the outputs that it spends. */
  readonly payments: readonly (readonly [Transaction, readonly TxOutput[]])[];
}

function tell(steps: readonly Step[]): Story {
  const chain = new RandomChain(BRISK);
  const blocks: Block[] = [];
  const payments: [Transaction, TxOutput[]][] = [];
  const outputs = new Map<string, TxOutput>();
  for (const { recipe, fault, isFaultFirst } of steps) {
    const plan = withSignatures(chain, chain.plan(recipe));
    const wrong = fault === "none" ? [] : [chain.branch.make(spoil(plan, fault))];
    const right = chain.add(chain.branch.make(plan));
    blocks.push(...(isFaultFirst ? [...wrong, right] : [right, ...wrong]));
    for (const tx of right.transactions) {
      const spent = tx.inputs.map(({ prevout }) => outputs.get(outpointKey(prevout)));
      if (!spent.includes(undefined)) payments.push([tx, spent as TxOutput[]]);
      for (const [vout, output] of tx.outputs.entries()) {
        outputs.set(outpointKey({ txid: tx.txid, vout }), output);
      }
    }
  }
  return { blocks, tip: chain.tip, digest: chain.ledger.digest(), payments };
}

/** Has the coinbase pay a key too, and spends, signed, what earlier ones paid it. */
function withSignatures({ ledger }: RandomChain, plan: BlockPlan): BlockPlan {
  const [first, ...rest] = plan.coinbaseOutputs ?? [];
  const half = Math.floor((first?.value ?? 0) / 2);
  const coinbaseOutputs = [
    { ...first!, value: first!.value - half },
    ...rest,
    { value: half, scriptPubKey: KEY.scriptPubKey },
  ];
  const height = ledger.height + 1;
  const coins = [...ledger.coins.values()].filter(
    ({ scriptPubKey, isCoinbase, height: made }) =>
      equalBytes(scriptPubKey, KEY.scriptPubKey) && (!isCoinbase || height - made >= 2),
  );
  const signed = coins.slice(0, 2).map((coin: LedgerCoin) => {
    const output = { value: coin.value, scriptPubKey: KEY.scriptPubKey };
    return signPayment(KEY, [coin], [output]);
  });
  return { ...plan, coinbaseOutputs, transactions: [...(plan.transactions ?? []), ...signed] };
}

function spoil(plan: BlockPlan, fault: Step["fault"]): BlockPlan {
  const transactions = plan.transactions ?? [];
  const target = transactions.findLast(hasWitness);
  const [last] = transactions.slice(-1);
  if (fault === "wrong-witness" && target !== undefined) {
    // The same txid as the valid one's, which a memory by txid would take it for (M-07).
    const wrong = { ...target.inputs[0]!, witness: [Uint8Array.of(1), Uint8Array.of(0x51, 0x51)] };
    const spoilt = makeTransaction({ ...target, inputs: [wrong, ...target.inputs.slice(1)] });
    return { ...plan, transactions: transactions.map((tx) => (tx === target ? spoilt : tx)) };
  }
  if (fault === "spends-twice" && last !== undefined) {
    return { ...plan, transactions: [...transactions, last] };
  }
  if (fault === "spends-nothing" && last !== undefined) {
    const prevout = { txid: last.txid, vout: 1_000 };
    const wrong = makeTransaction({ ...last, inputs: [{ ...last.inputs[0]!, prevout }] });
    return { ...plan, transactions: [...transactions, wrong] };
  }
  const [first, ...rest] = plan.coinbaseOutputs ?? [];
  return { ...plan, coinbaseOutputs: [{ ...first!, value: first!.value + 10 ** 13 }, ...rest] };
}

/** What a node has in memory. */
interface Memory {
  readonly scripts?: ScriptVerifier;
  readonly database?: ChainDatabase;
  readonly orphans?: OrphanBlocks;
}

/** What came of a story. */
interface Ending {
  readonly outcomes: readonly Outcome[];
  readonly tip: string;
  readonly digest: string;
  readonly statuses: readonly (readonly [string, number])[];
}

function newVerifier(): ScriptVerifier {
  return new ScriptVerifier(PORTABLE_SIGNATURES);
}

/** Opens a chain that has `memory`, hands it to `use`, and closes it. */
function withChain<T>(memory: Memory, use: (chain: Chain) => T): T {
  const database = memory.database ?? openNodeDatabase(BRISK);
  const chain = new Chain({
    network: BRISK,
    database,
    scripts: memory.scripts ?? newVerifier(),
    now: () => (BRISK.genesis.header.time + 100_000_000) * 1000,
    log: SILENT_LOGGER,
  });
  if (memory.orphans !== undefined) Object.assign(chain, { orphans: memory.orphans });
  try {
    return use(chain);
  } finally {
    closeChainDatabase(database);
  }
}

function offer(chain: Chain, block: Block): Outcome {
  const verdict = chain.submitBlock(block);
  return verdict.status === "invalid" ? verdict.error.code : verdict.status;
}

function endingOf(chain: Chain, outcomes: readonly Outcome[]): Ending {
  return {
    outcomes,
    tip: chain.tip.hash,
    digest: toHex(chain.coins.digest()),
    statuses: [...chain.index.entries()].map(({ hash, status }) => [hash, status] as const),
  };
}

/** What becomes of `blocks` in a node with this memory. */
function endingWith(blocks: readonly Block[], memory: Memory = {}): Ending {
  return withChain(memory, (chain) =>
    endingOf(
      chain,
      blocks.map((block) => offer(chain, block)),
    ),
  );
}

describe("verdicts and coins", () => {
  test(
    "C-20: are the same whether the scripts' memory is cold, warm, or another node's",
    () => {
      const codes = new Set<string>();
      fc.assert(
        fc.property(ANY_STEPS, (steps) => {
          const story = tell(steps);
          const cold = endingWith(story.blocks);
          expect([cold.tip, cold.digest]).toEqual([story.tip.hash, story.digest]);

          for (const flags of [MANDATORY_FLAGS, STANDARD_FLAGS]) {
            const warm = newVerifier();
            // Some pay with scripts that relay does not take: those stay cold.
            for (const [tx, spent] of story.payments) tryScripts(warm, tx, spent, flags);
            expect(endingWith(story.blocks, { scripts: warm })).toEqual(cold);
            expect(endingWith(story.blocks, { scripts: warm })).toEqual(cold);
          }
          for (const outcome of cold.outcomes) codes.add(outcome);
        }),
        runs(20),
      );
      // A wrong block is found out only if it is tried: each kind was, in some story.
      for (const code of ["script-verify-failed", "bad-cb-amount", "connected", "side-branch"]) {
        expect([...codes]).toContain(code);
      }
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-20: are the same whether the coins are in memory or read from the disk page by page",
    () => {
      using folder = temporaryFolder();
      let serial = 0;
      fc.assert(
        fc.property(ANY_STEPS, fc.constantFrom(0, 1, 4, 1_000), (steps, pages) => {
          const { blocks } = tell(steps);
          serial += 1;
          const database = openNodeDatabase(BRISK, join(folder.path, `${serial}.db`));
          // Nobody pulls the plug here, so that it need not wait for the disk.
          database.run("PRAGMA synchronous = OFF");
          database.run(`PRAGMA cache_size = ${pages}`);
          expect(endingWith(blocks, { database })).toEqual(endingWith(blocks));
        }),
        runs(12),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-20: are the same whether the mempool has seen the transactions or not",
    () => {
      let accepted = 0;
      fc.assert(
        fc.property(ANY_STEPS, (steps) => {
          const { blocks } = tell(steps);
          const scripts = newVerifier();
          const ending = withChain({ scripts }, (chain) => {
            const mempool = mempoolOf(chain, scripts);
            mempool.events.on("transaction-accepted", () => {
              accepted += 1;
            });
            const outcomes = blocks.map((block) => {
              for (const tx of block.transactions) mempool.submit(tx, { keepOrphan: true });
              mempool.reconsiderOrphans();
              return offer(chain, block);
            });
            return endingOf(chain, outcomes);
          });
          expect(ending).toEqual(endingWith(blocks));
        }),
        runs(15),
      );
      expect(accepted).toBeGreaterThan(20);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-20: end the same whatever room there is for orphans, once the blocks came again",
    () => {
      const keys = fc.array(fc.nat(), { minLength: 20, maxLength: 20 });
      fc.assert(
        fc.property(ANY_STEPS, keys, fc.constantFrom(0, 500, 5_000), (steps, order, most) => {
          const { blocks, tip, digest } = tell(steps);
          const shuffled = blocks
            .map((block, index) => ({ block, key: order[index % order.length]! }))
            .sort((a, b) => a.key - b.key)
            .map(({ block }) => block);
          const orphans = new OrphanBlocks(most);
          const ending = withChain({ orphans }, (chain) => {
            const outcomes = [...shuffled, ...blocks].map((block) => {
              const outcome = offer(chain, block);
              expect(orphans.bytes).toBeLessThanOrEqual(most);
              return outcome;
            });
            return endingOf(chain, outcomes);
          });
          expect([ending.tip, ending.digest]).toEqual([tip.hash, digest]);
          const roomy = endingWith([...shuffled, ...blocks]);
          expect([ending.tip, ending.digest]).toEqual([roomy.tip, roomy.digest]);
        }),
        runs(20),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

function tryScripts(
  scripts: ScriptVerifier,
  tx: Transaction,
  spent: readonly TxOutput[],
  flags: number,
): void {
  try {
    scripts.check(tx, spent, flags);
  } catch (error) {
    expect(flags).toBe(STANDARD_FLAGS);
    expect(error).toHaveProperty("code", "script-verify-failed");
  }
}

function mempoolOf(chain: Chain, scripts: ScriptVerifier): Mempool {
  const mempool = new Mempool({
    chain,
    scripts,
    policy: { ...ROOMY_POLICY, minRelayFeerate: 0 },
    now: () => 1,
    log: SILENT_LOGGER,
  });
  chain.events.on("block-connected", ({ block }) => mempool.blockConnected(block));
  chain.events.on("block-disconnected", ({ block }) => mempool.blockDisconnected(block));
  chain.events.on("tip-changed", () => mempool.settle());
  return mempool;
}
