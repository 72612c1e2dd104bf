/**
 * Templates are valid under our own rules, whatever is in the mempool, at any height, whoever is
 * paid; and with the nonce found, the block connects.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Chain } from "../../../src/chain/chain.ts";
import { ScriptVerifier } from "../../../src/chain/script-verifier.ts";
import { medianTimePast } from "../../../src/consensus/difficulty.ts";
import type { Network } from "../../../src/consensus/params.ts";
import { compactToTarget } from "../../../src/consensus/target.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { Logger, SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { Mempool } from "../../../src/mempool/mempool.ts";
import { selectTransactions } from "../../../src/mempool/select-transactions.ts";
import {
  MAX_MINER_TAG_LENGTH,
  makeCandidate,
  makeMinedBlock,
} from "../../../src/mining/block-template.ts";
import { TemplateBuilder } from "../../../src/mining/template-builder.ts";
import { blockWeight } from "../../../src/primitives/block.ts";
import { hashHeader } from "../../../src/primitives/block-header.ts";
import { SEQUENCE_FINAL, type Transaction } from "../../../src/primitives/transaction.ts";
import { Opcode } from "../../../src/script/opcodes.ts";
import { countSigops } from "../../../src/script/sigops.ts";
import { nullDataScript } from "../../../src/script/standard.ts";
import { closeChainDatabase } from "../../../src/storage/database.ts";
import { ANY_SCRIPT } from "../../support/arbitraries.ts";
import { type Branch, chainOf, openNodeDatabase, withParams } from "../../support/chain-builder.ts";
import { ROOMY_POLICY } from "../../support/mempool-harness.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import { BRISK, RETARGETING } from "../../support/random-chain.ts";
import {
  STANDARD_KINDS,
  type StandardCoin,
  type StandardKind,
  spendStandard,
  standardScript,
} from "../../support/standard-spends.ts";

/** Networks by what is scarce in a block of theirs. */
const NETWORKS = {
  nothing: withParams(BRISK, { halvingInterval: 150 }),
  weight: withParams(BRISK, { halvingInterval: 150, maxBlockWeight: 5_600 }),
  sigops: withParams(BRISK, { halvingInterval: 150, maxBlockSigopCost: 412 }),
  hashes: withParams(RETARGETING, { halvingInterval: 150, maxFutureSeconds: 7_200 }),
} as const;

const ANY_SCARCITY = fc.constantFrom("nothing", "weight", "sigops", "hashes");

/** Coins that a trunk's coinbases pay, each of another kind. */
const TRUNK_OUTPUTS = STANDARD_KINDS.map((kind) => ({
  value: 400_000_000,
  scriptPubKey: standardScript(kind, 1),
}));

/** A transaction to be made of what there is. */
interface PaymentRecipe {
  readonly coins: readonly number[];
  readonly kinds: readonly StandardKind[];
  readonly carriesData: boolean;
  /** Of those of its outputs that are locked: a height that is long past, or blocks. */
  readonly lock: number;
  readonly fee: number;
  readonly version: number;
  /** Relative to the next height, if it is a height. */
  readonly lockTime: "none" | "past" | "now" | "next" | "time-past" | "time-now";
  readonly sequence: number;
}

const ANY_PAYMENT: fc.Arbitrary<PaymentRecipe> = fc.record({
  coins: fc.array(fc.nat(24), { minLength: 1, maxLength: 3 }),
  kinds: fc.array(fc.constantFrom(...STANDARD_KINDS), { minLength: 1, maxLength: 4 }),
  carriesData: fc.boolean(),
  lock: fc.nat(2),
  fee: fc.constantFrom(2_000, 5_000, 40_000, 1_000_000),
  version: fc.constantFrom(1, 2, 2, 3),
  lockTime: fc.constantFrom(
    ...(["none", "none", "none", "past", "past", "now", "next", "time-past", "time-now"] as const),
  ),
  sequence: fc.constantFrom(
    ...[SEQUENCE_FINAL, 0xfffffffd, 0xfffffffd, 0xfffffffd, 0, 0, 1, 2, 0x00400000],
  ),
});

/** Whom a block pays, and what its miner calls itself. */
const ANY_MINER = fc.record({
  payoutScript: fc.oneof(
    fc.constantFrom(...STANDARD_KINDS).map((kind) => standardScript(kind)),
    // The room left for a coinbase bounds what it may pay: its bytes, and its signature operations.
    fc.constantFrom(new Uint8Array(5).fill(Opcode.OP_CHECKMULTISIG), new Uint8Array(500)),
    fc.uint8Array({ maxLength: 500, size: "max" }).filter(fitsCoinbase),
    ANY_SCRIPT.filter(fitsCoinbase),
  ),
  tag: printable(MAX_MINER_TAG_LENGTH),
  stream: printable(12),
  extranonce: fc.maxSafeInteger().map(Math.abs),
});

function fitsCoinbase(script: Uint8Array): boolean {
  return script.length <= 500 && 4 * countSigops(script, false) <= 400;
}

function printable(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ maxLength }).map((text) => text.replace(/[^\x20-\x7e]/g, "~"));
}

const ANY_ROUND = fc.record({
  payments: fc.array(ANY_PAYMENT, { maxLength: 16, size: "max" }),
  miner: ANY_MINER,
  seconds: fc.integer({ min: 1, max: 60 }),
});

/** A chain, its mempool, and its template builder, under a clock turned by hand. */
class Mine {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly builder: TemplateBuilder;
  readonly complaints: string[] = [];
  readonly coins: StandardCoin[] = [];
  readonly #database;
  nowSeconds: number;

  constructor(trunk: Branch) {
    const { network } = trunk;
    this.nowSeconds = trunk.tip.header.time + 1_000;
    this.#database = openNodeDatabase(network);
    const now = () => this.nowSeconds * 1_000;
    const scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
    this.chain = new Chain({ network, database: this.#database, scripts, now, log: SILENT_LOGGER });
    this.mempool = new Mempool({
      chain: this.chain,
      scripts,
      policy: ROOMY_POLICY,
      now,
      log: SILENT_LOGGER,
    });
    this.chain.events.on("block-connected", ({ block }) => this.mempool.blockConnected(block));
    this.chain.events.on("tip-changed", () => this.mempool.settle());
    this.builder = new TemplateBuilder({
      chain: this.chain,
      select: (limits) => selectTransactions(this.mempool, limits),
      now,
      log: new Logger({
        sink: ({ message }) => this.complaints.push(message),
        level: "debug",
        category: "test",
      }),
    });
    for (const block of trunk.blocks) {
      expect(this.chain.submitBlock(block).status).toBe("connected");
      const [coinbase] = block.transactions;
      if (coinbase!.outputs.length > 1) this.#remember(coinbase!, STANDARD_KINDS, 1);
    }
  }

  /** Puts what `recipe` gives into the mempool; true if it was accepted. */
  submit(recipe: PaymentRecipe): boolean {
    const tx = this.#make(recipe);
    const isAccepted = this.mempool.submit(tx).status === "accepted";
    if (isAccepted) this.#remember(tx, recipe.kinds, recipe.lock);
    return isAccepted;
  }

  close(): void {
    closeChainDatabase(this.#database);
  }

  #make({ coins, kinds, carriesData, lock, fee, version, lockTime, sequence }: PaymentRecipe) {
    const { tip } = this.chain;
    const chosen = new Set(
      coins.map((choice) => this.coins[this.coins.length - 1 - (choice % this.coins.length)]!),
    );
    const value = [...chosen].reduce((sum, coin) => sum + coin.value, 0) - fee;
    const share = Math.max(0, Math.floor(value / kinds.length));
    const outputs = kinds.map((kind) => ({
      value: share,
      scriptPubKey: standardScript(kind, lock),
    }));
    const data = { value: 0, scriptPubKey: nullDataScript(Uint8Array.of(1, 2, 3)) };
    return spendStandard([...chosen], {
      version,
      sequence,
      lockTime: {
        none: 0,
        past: tip.height - 1,
        now: tip.height,
        next: tip.height + 1,
        "time-past": medianTimePast(tip) - 1,
        "time-now": medianTimePast(tip),
      }[lockTime],
      outputs: carriesData ? [...outputs, data] : outputs,
    });
  }

  #remember({ txid, outputs }: Transaction, kinds: readonly StandardKind[], lock: number): void {
    for (const [vout, kind] of kinds.entries()) {
      const coin = { outpoint: { txid, vout }, value: outputs[vout]!.value, kind, lock };
      this.coins.push(coin);
    }
  }
}

/** The first nonce that meets the header's own target. */
function findNonce(header: Parameters<typeof hashHeader>[0]): number {
  const target = compactToTarget(header.bits)!;
  let nonce = 0;
  while (BigInt(`0x${hashHeader({ ...header, nonce })}`) > target) nonce += 1;
  return nonce;
}

/** A chain of `height` blocks whose coinbases pay coins of every kind. */
function trunkOf(network: Network, height: number): Branch {
  const plain = chainOf(Math.max(0, height - 4), network);
  for (let left = Math.min(4, height); left > 0; left--) {
    plain.mine({ coinbaseOutputs: TRUNK_OUTPUTS });
  }
  return plain;
}

describe("a template", () => {
  test(
    "is valid whatever the mempool holds, whoever is paid, and connects once its nonce is found",
    () => {
      const mined = new Map<StandardKind, number>();
      let full = 0;
      const heights = fc.constantFrom(4, 13, 14, 15, 16, 124, 125, 126, 127);
      const rounds = fc.array(ANY_ROUND, { minLength: 1, maxLength: 3 });
      fc.assert(
        fc.property(ANY_SCARCITY, heights, rounds, (scarce, height, all) => {
          const network = NETWORKS[scarce];
          const mine = new Mine(trunkOf(network, height));
          for (const { payments, miner, seconds } of all) {
            for (const payment of payments) mine.submit(payment);
            mine.nowSeconds += seconds;
            const template = mine.builder.build();
            expect(mine.complaints).toEqual([]);

            const candidate = makeCandidate(template, miner);
            const block = makeMinedBlock(candidate, findNonce(candidate.header));
            mine.chain.checkNextBlock(block);
            const kinds = kindsSpent(mine, template.transactions);
            const verdict = mine.chain.submitBlock(block);
            expect(verdict).toMatchObject({ status: "connected" });
            expect(mine.chain.tip.height).toBe(template.height);
            expect(blockWeight(block.transactions)).toBeLessThanOrEqual(
              network.params.maxBlockWeight,
            );

            for (const kind of kinds) mined.set(kind, (mined.get(kind) ?? 0) + 1);
            for (const { txid } of template.transactions)
              expect(mine.mempool.has(txid)).toBe(false);
            if (template.transactions.length > 0 && mine.mempool.count > 0) full += 1;
          }
          mine.close();
        }),
        runs(40),
      );
      // Blocks were not empty, and some had no room for all that waited.
      expect(mined.size).toBeGreaterThan(STANDARD_KINDS.length / 2);
      expect(full).toBeGreaterThan(0);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("takes coins of every standard kind, locked ones too", () => {
    const mine = new Mine(trunkOf(NETWORKS.nothing, 6));
    const payments = STANDARD_KINDS.map((kind) => mine.coins.find((coin) => coin.kind === kind)!);
    for (const coin of payments) {
      const outputs = [{ value: coin.value - 1_000, scriptPubKey: standardScript("keyhash") }];
      const tx = spendStandard([coin], { version: 2, lockTime: 1, sequence: 1, outputs });
      expect([coin.kind, mine.mempool.submit(tx).status]).toEqual([coin.kind, "accepted"]);
    }
    mine.nowSeconds += 1;
    const template = mine.builder.build();
    expect(template.transactions.length).toBe(STANDARD_KINDS.length);
    expect(template.totalFees).toBe(1_000 * STANDARD_KINDS.length);
    const miner = { payoutScript: standardScript("keyhash"), tag: "", stream: "", extranonce: 0 };
    const candidate = makeCandidate(template, miner);
    const verdict = mine.chain.submitBlock(makeMinedBlock(candidate, findNonce(candidate.header)));
    expect(verdict.status).toBe("connected");
    mine.close();
  });
});

function kindsSpent({ coins }: Mine, transactions: readonly Transaction[]): StandardKind[] {
  const kinds = new Map(
    coins.map(({ outpoint, kind }) => [`${outpoint.txid}:${outpoint.vout}`, kind]),
  );
  return transactions
    .flatMap(({ inputs }) => inputs)
    .map(({ prevout }) => kinds.get(`${prevout.txid}:${prevout.vout}`)!);
}
