/**
 * What of the consensus catalogue is about coins and amounts, at every door.
 *
 * C-03 to C-08 and C-23: each row breaks one rule by as little as can be, and its twin at the limit
 * must be taken.
 */

import { describe, expect, test } from "bun:test";
import { findNetwork } from "../../src/consensus/networks.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { encodeBlock } from "../../src/primitives/block.ts";
import {
  encodeTransaction,
  makeTransaction,
  NULL_OUTPOINT,
  SEQUENCE_FINAL,
  type Transaction,
  type TxInput,
} from "../../src/primitives/transaction.ts";
import { pushData } from "../../src/script/script.ts";
import {
  ANYONE,
  ANYONE_BY_WITNESS,
  type BlockPlan,
  type Branch,
  coinbaseParts,
  coinOf,
  QUICK,
  REGTEST,
  type SpendableCoin,
  spend,
  withParams,
} from "../support/chain-builder.ts";
import { type DoorCase, Doors, fundedCoins, testAtAllDoors } from "../support/doors.ts";

/** Sats: more than the mempool asks of any payment here. */
const FEE = 10_000;

/** A payment that the mempool takes. */
const pay = (...coins: readonly SpendableCoin[]) =>
  spend(coins, { fee: FEE, script: ANYONE_BY_WITNESS });

/** A payment of `coins` to outputs of these values, whatever they add up to. */
function payOut(coins: readonly SpendableCoin[], values: readonly number[]): Transaction {
  const outputs = values.map((value) => ({ value, scriptPubKey: ANYONE_BY_WITNESS }));
  return spend(coins, { parts: { outputs } });
}

/** Two blocks, each with the transactions given. */
function blocksOf(
  branch: Branch,
  bad: readonly Transaction[],
  good: readonly Transaction[],
): { bad: ReturnType<Branch["make"]>; good: ReturnType<Branch["make"]> } {
  return { bad: branch.make({ transactions: bad }), good: branch.make({ transactions: good }) };
}

describe("outputs spent twice", () => {
  testAtAllDoors(QUICK, [
    {
      name: "C-03: one transaction spends a coin twice",
      code: "bad-txns-inputs-duplicate",
      stage: "body",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        const [bad, good] = [pay(a!, a!), pay(a!, b!)];
        const transaction = { bad, code: "bad-txns-inputs-duplicate", good };
        return { ...blocksOf(branch, [bad], [good]), transaction };
      },
    },
    {
      name: "C-03: two transactions of a block spend a coin",
      code: "bad-txns-inputs-missingorspent",
      stage: "coins",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        return blocksOf(branch, [pay(a!), pay(a!, b!)], [pay(a!), pay(b!)]);
      },
    },
    {
      name: "C-03: two transactions spend what was made in their own block",
      code: "bad-txns-inputs-missingorspent",
      stage: "coins",
      make(branch) {
        const [a] = fundedCoins(branch, 1);
        const made = spend([a!], { count: 2, script: ANYONE_BY_WITNESS });
        const [first, second] = [coinOf(made, 0), coinOf(made, 1)];
        return blocksOf(
          branch,
          [made, pay(first), pay(first, second)],
          [made, pay(first), pay(second)],
        );
      },
    },
    {
      name: "C-03: a block spends what an earlier one spent",
      code: "bad-txns-inputs-missingorspent",
      stage: "coins",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        branch.mine({ transactions: [pay(a!)] });
        const [bad, good] = [spend([a!], { fee: 2 * FEE }), pay(b!)];
        return {
          ...blocksOf(branch, [bad], [good]),
          transaction: { bad: payOut([a!], [a!.value - 2 * FEE]), code: "missing-inputs", good },
        };
      },
    },
  ]);
});

/** Little money, so that all of it can be in one transaction: 80 coins. */
const LITTLE_MONEY = withParams(QUICK, { maxMoney: 8_000_000_000 });
const MOST = LITTLE_MONEY.params.maxMoney;

/** Grows by what makes coins of 50 and 30. */
function allMoney(branch: Branch): SpendableCoin[] {
  branch.mine(3);
  const outputs = [3_000_000_000, 2_000_000_000].map((value) => ({
    value,
    scriptPubKey: ANYONE_BY_WITNESS,
  }));
  const split = spend([branch.coinbaseCoin(branch.height - 1)], { parts: { outputs } });
  branch.mine({ transactions: [split] });
  return [branch.coinbaseCoin(branch.height - 3), coinOf(split, 0)];
}

describe("amounts out of range", () => {
  const row = (
    name: string,
    code: DoorCase["code"],
    stage: DoorCase["stage"],
    [bad, good]: readonly [readonly number[], readonly number[]],
  ): DoorCase => ({
    name,
    code,
    stage,
    make(branch) {
      const coins = allMoney(branch);
      const wrong = payOut(coins, bad);
      const blocks = blocksOf(branch, [wrong], [payOut(coins, good)]);
      return { ...blocks, transaction: { bad: wrong, code } };
    },
  });

  testAtAllDoors(LITTLE_MONEY, [
    row(
      "C-04: outputs of all money there is and a sat more",
      "bad-txns-txouttotal-toolarge",
      "body",
      [
        [MOST, 1],
        [MOST - 1, 1],
      ],
    ),
    row("C-04: one output of a sat more than all money", "bad-txns-vout-toolarge", "body", [
      [MOST + 1],
      [MOST],
    ]),
    row("C-04: an output of minus one sat", "bad-txns-vout-negative", "body", [
      [-1, MOST],
      [0, MOST],
    ]),
    row(
      "C-04: the least number that 64 bits hold and a double does",
      "bad-txns-vout-negative",
      "body",
      [[Number.MIN_SAFE_INTEGER], [0]],
    ),
    {
      name: "C-04: a sat more than was spent",
      code: "bad-txns-in-belowout",
      stage: "coins",
      make(branch) {
        const [, thirty] = allMoney(branch);
        const bad = payOut([thirty!], [thirty!.value - 1_000, 1_001]);
        const blocks = blocksOf(branch, [bad], [payOut([thirty!], [thirty!.value - 1_000, 1_000])]);
        return { ...blocks, transaction: { bad, code: "bad-txns-in-belowout" } };
      },
    },
    {
      name: "C-04: inputs of more than all money there is",
      code: "bad-txns-inputvalues-outofrange",
      stage: "coins",
      make(branch) {
        const [fifty, thirty] = allMoney(branch);
        const other = branch.coinbaseCoin(branch.height - 1);
        const bad = payOut([fifty!, other], [1_000]);
        const blocks = blocksOf(branch, [bad], [payOut([fifty!, thirty!], [1_000])]);
        return { ...blocks, transaction: { bad, code: "bad-txns-inputvalues-outofrange" } };
      },
    },
  ]);

  test("C-04: sums that wrapped around in 64 bits never become a transaction", async () => {
    await using doors = await Doors.open(QUICK);
    const tx = spend([doors.branch.coinbaseCoin(1)], { count: 2 });
    const hex = toHex(encodeTransaction(tx));
    const values = tx.outputs.map(({ value }) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
      return toHex(bytes);
    });
    const block = toHex(encodeBlock(doors.branch.make({ transactions: [tx] })));
    for (const value of ["ffffffffffffff7f", "0000000000000080", "0000000000002000"]) {
      const forge = (text: string) => text.replaceAll(values[0]!, value);
      expect(forge(hex)).not.toBe(hex);
      expect(await doors.post("/api/transactions", { hex: forge(hex) })).toEqual([
        400,
        "tx-decode-failed",
      ]);
      expect(await doors.post("/api/mining/submit", { hex: forge(block) })).toEqual([
        400,
        "block-decode-failed",
      ]);
    }
  });
});

/** Grows by plain blocks so that the next one has a height of `place` in a period of `interval`. */
function mineToPlace(branch: Branch, interval: number, place: number): void {
  while ((branch.height + 1) % interval !== place) branch.mine(1);
}

describe("what a coinbase takes", () => {
  const HALVING = 20;
  const atPlace = (name: string, place: number): DoorCase => ({
    name,
    code: "bad-cb-amount",
    stage: "coins",
    make(branch) {
      mineToPlace(branch, HALVING, place);
      return { bad: branch.make({ fees: 1 }), good: branch.make() };
    },
  });

  testAtAllDoors(withParams(QUICK, { halvingInterval: HALVING }), [
    {
      name: "C-05: a sat more than subsidy and fees; one less is its miner's loss",
      code: "bad-cb-amount",
      stage: "coins",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        const transactions = [pay(a!), pay(b!)];
        return {
          bad: branch.make({ transactions, fees: 2 * FEE + 1 }),
          good: branch.make({ transactions, fees: 2 * FEE - 1 }),
        };
      },
    },
    {
      name: "C-05: a sat more than subsidy and fees; all of them may be taken",
      code: "bad-cb-amount",
      stage: "coins",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        const transactions = [pay(a!), pay(b!)];
        return {
          bad: branch.make({ transactions, fees: 2 * FEE + 1 }),
          good: branch.make({ transactions, fees: 2 * FEE }),
        };
      },
    },
    atPlace("C-05: a sat too much in the last block before a halving", HALVING - 1),
    atPlace("C-05: a sat too much in the block that halves", 0),
    atPlace("C-05: a sat too much in the first block after it", 1),
    {
      name: "C-05: the subsidy of the period before",
      code: "bad-cb-amount",
      stage: "coins",
      make(branch) {
        mineToPlace(branch, HALVING, 0);
        const { params } = branch.network;
        const before = subsidyAt(branch.height, params);
        const fees = before - subsidyAt(branch.height + 1, params);
        return { bad: branch.make({ fees }), good: branch.make() };
      },
    },
  ]);
});

describe("what a coinbase takes when nothing is left", () => {
  const NETWORK = withParams(QUICK, { halvingInterval: 1 });

  testAtAllDoors(
    NETWORK,
    [31, 33, 35, 63, 65].map((height) => ({
      name: `C-05: one sat too much after ${height} halvings`,
      code: "bad-cb-amount",
      stage: "coins",
      make(branch) {
        while (branch.height + 1 < height) branch.mine(1);
        expect(branch.height + 1).toBe(height);
        return { bad: branch.make({ fees: 1 }), good: branch.make() };
      },
    })),
  );

  test("C-05: the 64th halving, and any other beyond the 32nd, leaves nothing", () => {
    for (const height of [33, 63, 64, 65, 66, 128, 1_000_000]) {
      expect(subsidyAt(height, NETWORK.params)).toBe(0);
    }
  });
});

describe("the height in a coinbase", () => {
  const row = (name: string, plan: (branch: Branch) => BlockPlan): DoorCase => ({
    name,
    code: "bad-cb-height",
    stage: "body",
    make: (branch) => ({ bad: branch.make(plan(branch)), good: branch.make() }),
  });
  const scriptOf = (scriptSig: Uint8Array): BlockPlan => ({
    coinbase: {
      inputs: [{ prevout: NULL_OUTPOINT, scriptSig, sequence: SEQUENCE_FINAL, witness: [] }],
    },
  });

  testAtAllDoors(QUICK, [
    row("C-06: the coinbase of the block before once more", ({ tip }) => ({
      body: [tip.transactions[0]!],
    })),
    row("C-06: one height too high", ({ height }) => ({
      body: [makeTransaction(coinbaseParts(height + 2, [{ value: 0, scriptPubKey: ANYONE }]))],
    })),
    row("C-06: no height at all", () => scriptOf(pushData(new Uint8Array(8).fill(7)))),
    row("C-06: the right height, in more bytes than it needs", ({ height }) =>
      scriptOf(Uint8Array.of(2, height + 1, 0, 0)),
    ),
  ]);
});

describe("a coinbase's age", () => {
  testAtAllDoors(REGTEST, [
    {
      name: "C-07: 99 blocks deep it may not be spent, 100 and 101 deep it may",
      code: "bad-txns-premature-spend-of-coinbase",
      stage: "coins",
      make(branch) {
        const coinbaseOutputs = [{ value: 5_000_000_000, scriptPubKey: ANYONE_BY_WITNESS }];
        branch.mine({ coinbaseOutputs }, { coinbaseOutputs }, { coinbaseOutputs });
        const youngest = branch.height;
        branch.mine(98);
        const coinAt = (depth: number) => branch.coinbaseCoin(branch.height + 1 - depth);
        expect(coinAt(99)).toEqual(branch.coinbaseCoin(youngest));
        const [bad, good] = [pay(coinAt(99)), pay(coinAt(100), coinAt(101))];
        return {
          ...blocksOf(branch, [bad], [good]),
          transaction: { bad, code: "bad-txns-premature-spend-of-coinbase", good },
          next: { transactions: [bad] },
        };
      },
    },
  ]);
});

describe("the places of coinbases", () => {
  const nothing = { prevout: NULL_OUTPOINT, scriptSig: ANYONE, sequence: 0, witness: [] };
  const row = (
    name: string,
    code: DoorCase["code"],
    stage: DoorCase["stage"],
    body: (branch: Branch, coinbase: Transaction, payment: Transaction) => readonly Transaction[],
  ): DoorCase => ({
    name,
    code,
    stage,
    make(branch) {
      const [coin] = fundedCoins(branch, 1);
      const payment = pay(coin!);
      const good = branch.make({ transactions: [payment] });
      const plain = branch.make().transactions[0]!;
      return { bad: branch.make({ body: body(branch, plain, payment) }), good };
    },
  });
  const withInputs = (tx: Transaction, ...inputs: TxInput[]) =>
    makeTransaction({ ...tx, inputs: [...tx.inputs, ...inputs] });
  const withScript = (tx: Transaction, length: number) => {
    const { scriptSig } = tx.inputs[0]!;
    const longer = new Uint8Array(length);
    longer.set(scriptSig);
    return makeTransaction({ ...tx, inputs: [{ ...tx.inputs[0]!, scriptSig: longer }] });
  };

  testAtAllDoors(QUICK, [
    row("C-08: no transaction at all", "bad-blk-length", "body", () => []),
    row("C-08: a payment and no coinbase", "bad-cb-missing", "header", (_, __, payment) => [
      payment,
    ]),
    row("C-08: a coinbase behind a payment", "bad-cb-missing", "header", (_, coinbase, payment) => [
      payment,
      coinbase,
    ]),
    row("C-08: two coinbases", "bad-cb-multiple", "body", (branch, coinbase) => [
      coinbase,
      branch.make().transactions[0]!,
    ]),
    row("C-08: a coinbase that spends something too", "bad-cb-missing", "header", (_, coinbase) => [
      withInputs(coinbase, { ...nothing, prevout: { txid: coinbase.txid, vout: 0 } }),
    ]),
    {
      name: "C-08: a payment that names no output",
      code: "bad-txns-prevout-null",
      stage: "body",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        const [bad, good] = [withInputs(pay(a!), nothing), pay(a!, b!)];
        return {
          ...blocksOf(branch, [bad], [good]),
          transaction: { bad, code: "bad-txns-prevout-null", good },
        };
      },
    },
    {
      name: "C-08: a coinbase script of 101 bytes; 100 are allowed",
      code: "bad-cb-length",
      stage: "body",
      make(branch) {
        const [coinbase] = branch.make().transactions;
        return {
          bad: branch.make({ body: [withScript(coinbase!, 101)] }),
          good: branch.make({ body: [withScript(coinbase!, 100)] }),
          transaction: { bad: coinbase!, code: "coinbase" },
        };
      },
    },
  ]);
});

describe("the order in a block", () => {
  const row = (
    name: string,
    code: DoorCase["code"],
    stage: DoorCase["stage"],
    order: (a: Transaction, b: Transaction, c: Transaction) => readonly Transaction[],
  ): DoorCase => ({
    name,
    code,
    stage,
    make(branch) {
      const [x, y] = fundedCoins(branch, 2);
      const first = pay(x!);
      const second = pay(coinOf(first));
      const third = pay(y!);
      return blocksOf(branch, order(first, second, third), [first, second, third]);
    },
  });

  testAtAllDoors(QUICK, [
    row(
      "C-23: what a later transaction makes is spent",
      "bad-txns-inputs-missingorspent",
      "coins",
      (first, second, third) => [second, first, third],
    ),
    row(
      "C-23: what a later transaction makes is spent, others between",
      "bad-txns-inputs-missingorspent",
      "coins",
      (first, second, third) => [third, second, first],
    ),
    row("C-23: a transaction twice", "bad-txns-inputs-missingorspent", "coins", (first, second) => [
      first,
      second,
      first,
    ]),
    row(
      "C-23: a transaction twice, side by side under one root",
      "bad-txns-duplicate",
      "header",
      (first, _, third) => [first, third, third],
    ),
    {
      name: "C-23: the coinbase of the same block is spent",
      code: "bad-txns-premature-spend-of-coinbase",
      stage: "coins",
      make(branch) {
        const { transactions } = branch.make();
        const body = [...transactions, spend([coinOf(transactions[0]!)])];
        return { bad: branch.make({ body }), good: branch.make() };
      },
    },
  ]);
});

test("C-04: the networks themselves have all money below 2^53", () => {
  for (const name of ["cairn", "regtest"]) {
    expect(Number.isSafeInteger(findNetwork(name).params.maxMoney)).toBe(true);
  }
});
