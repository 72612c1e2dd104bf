/**
 * What of the consensus catalogue is about headers, time, and bodies that are not the header's, at
 * every door.
 *
 * C-02, C-09, C-10, C-12, C-14, C-19 and C-24. The retarget is tried with periods of 20 blocks; its
 * figures for 100 are in test/unit/consensus/difficulty.test.ts.
 */

import { describe, expect } from "bun:test";
import { medianTimePast, nextBits } from "../../src/consensus/difficulty.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { compactToTarget } from "../../src/consensus/target.ts";
import { type Block, makeBlock } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import {
  hasWitness,
  makeTransaction,
  SEQUENCE_FINAL,
  type Transaction,
} from "../../src/primitives/transaction.ts";
import {
  ANYONE_BY_WITNESS,
  type Branch,
  NOBODY,
  QUICK,
  type SpendableCoin,
  spend,
  withParams,
} from "../support/chain-builder.ts";
import { type DoorCase, fundedCoins, type Stage, testAtAllDoors } from "../support/doors.ts";

const FEE = 10_000;

/** Cairn's own rules at the lowest difficulty, with short periods. */
const CAIRN = findNetwork("cairn", 1);
const PERIOD = 20;
const SHORT_PERIODS = withParams(CAIRN, {
  coinbaseMaturity: 2,
  retarget: { interval: PERIOD, spacingSeconds: 10, timewarpGraceSeconds: 120 },
});

/** A row of two headers with plain bodies. */
function headerRow(
  name: string,
  code: DoorCase["code"],
  make: (branch: Branch) => readonly [bad: Partial<BlockHeader>, good: Partial<BlockHeader>],
): DoorCase {
  return {
    name,
    code,
    stage: "header",
    make(branch) {
      const [bad, good] = make(branch);
      return { bad: branch.make({ header: bad }), good: branch.make({ header: good }) };
    },
  };
}

/** Grows by blocks of one spacing until the next has its `place` in a period. */
function mineToPlace(branch: Branch, place: number, spacing: number): void {
  while ((branch.height + 1) % PERIOD !== place) mineAfter(branch, spacing);
}

function mineAfter(branch: Branch, spacing: number): void {
  branch.mine({ header: { time: branch.context.time + spacing } });
}

describe("bits and times where the target follows the hash rate", () => {
  const bitsRow = (name: string, place: number, spacing: number): DoorCase =>
    headerRow(name, "bad-diffbits", (branch) => {
      mineToPlace(branch, place, spacing);
      const bits = nextBits(branch.context, SHORT_PERIODS.params);
      const others = place === 0 ? branch.context.bits : bits - 1;
      expect(others).not.toBe(bits);
      return [{ bits: others }, { bits }];
    });

  testAtAllDoors(
    SHORT_PERIODS,
    [
      bitsRow("C-09: other bits in the last block of a period", PERIOD - 1, 6),
      bitsRow("C-09: the old bits in the first block of a period", 0, 15),
      bitsRow("C-09: other bits in the second block of a period", 1, 6),
      bitsRow("C-09: the old bits in the first block of a later period", 0, 6),
      headerRow(
        "C-09: the first block of a period is 121 s before the one before it; 120 s are allowed",
        "time-timewarp-attack",
        (branch) => {
          mineToPlace(branch, 0, 40);
          const { time } = branch.context;
          expect(medianTimePast(branch.context)).toBeLessThan(time - 122);
          return [{ time: time - 121 }, { time: time - 120 }];
        },
      ),
      headerRow(
        "C-09: the last block of a period is a second before its first; the same second is allowed",
        "time-timewarp-attack",
        (branch) => {
          mineToPlace(branch, 0, 10);
          const start = branch.context.time + 4_000;
          branch.mine({ header: { time: start } });
          while ((branch.height + 1) % PERIOD !== PERIOD - 1) {
            branch.mine({ header: { time: medianTimePast(branch.context) + 1 } });
          }
          expect(medianTimePast(branch.context)).toBeLessThan(start - 2);
          return [{ time: start - 1 }, { time: start }];
        },
      ),
      headerRow("C-10: 121 s ahead of the clock; 120 s are allowed", "time-too-new", (branch) => {
        mineToPlace(branch, 5, 10);
        const now = branch.context.time;
        return [{ time: now + 121 }, { time: now + 120 }];
      }),
    ].map(withClockOfTip),
  );
});

/** For rows about the future: the clock shows the time of the tip, and no other row minds. */
function withClockOfTip(row: DoorCase): DoorCase {
  if (row.code !== "time-too-new") return row;
  return {
    ...row,
    make(branch) {
      const trial = row.make(branch);
      return { ...trial, nowSeconds: branch.context.time };
    },
  };
}

describe("times", () => {
  const medianRow = (name: string): DoorCase =>
    headerRow(name, "time-too-old", (branch) => {
      const median = medianTimePast(branch.context);
      return [{ time: median }, { time: median + 1 }];
    });

  testAtAllDoors(
    QUICK,
    [
      ...[2, 4, 6, 8, 10, 12].map((height) =>
        medianRow(`C-10: block ${height} at the median of the few before it`),
      ),
      {
        ...medianRow("C-10: at the median of the last eleven; a second later is allowed"),
        make(branch: Branch) {
          branch.mine(12);
          return medianRow("").make(branch);
        },
      },
      headerRow(
        "C-10: 7,201 s ahead of regtest's clock; 7,200 s are allowed",
        "time-too-new",
        ({ context: { time } }) => [{ time: time + 7_201 }, { time: time + 7_200 }],
      ),
    ].map(withClockOfTip),
  );
});

describe("bits and work", () => {
  testAtAllDoors(QUICK, [
    ...[0x01003456, 0x04923456, 0x00800000, 0xff7fffff, 0x00000000, 0x20800000].map((bits) =>
      headerRow(
        `C-12: bits 0x${bits.toString(16).padStart(8, "0")} stand for no target`,
        "high-hash",
        () => [{ bits }, {}],
      ),
    ),
    headerRow("C-12: a target above the network's limit", "high-hash", () => [
      { bits: 0x21008000 },
      {},
    ]),
    headerRow("C-12: a harder target than the rule gives", "bad-diffbits", () => [
      { bits: 0x207ffffe },
      {},
    ]),
    {
      name: "C-14: a hash above its target",
      code: "high-hash",
      stage: "header",
      make(branch) {
        const good = branch.make();
        const target = compactToTarget(good.header.bits)!;
        let bad: Block = good;
        for (let nonce = 0; BigInt(`0x${bad.hash}`) <= target; nonce++) {
          bad = makeBlock({ ...good.header, nonce }, good.transactions);
        }
        return { bad, good };
      },
    },
  ]);
});

describe("bodies that are not the header's", () => {
  /** The honest block has six transactions, of which five have witnesses. */
  const row = (
    name: string,
    code: DoorCase["code"],
    forge: (body: readonly Transaction[]) => readonly Transaction[],
  ): DoorCase => ({
    name,
    code,
    stage: "header",
    make(branch) {
      const transactions = fundedCoins(branch, 5).map((coin) => spend([coin]));
      const good = branch.make({ transactions });
      return { bad: makeBlock(good.header, forge(good.transactions)), good };
    },
  });
  const withWitness = (body: readonly Transaction[], witness: readonly Uint8Array[]) =>
    body.map((tx) =>
      hasWitness(tx)
        ? makeTransaction({ ...tx, inputs: tx.inputs.map((input) => ({ ...input, witness })) })
        : tx,
    );

  testAtAllDoors(QUICK, [
    row(
      "C-02: its last two transactions once more, under the same root",
      "bad-txns-duplicate",
      (body) => [...body, ...body.slice(4)],
    ),
    row("C-02: one transaction less", "bad-txnmrklroot", (body) => body.slice(0, 5)),
    row("C-02: another order", "bad-txnmrklroot", (body) => body.toReversed()),
    row("C-02: no transactions", "bad-txnmrklroot", () => []),
    row("C-02: other witnesses", "bad-witness-merkle-match", (body) =>
      withWitness(body, [new Uint8Array(32)]),
    ),
    row("C-02: no witnesses", "bad-witness-nonce-size", (body) => withWitness(body, [])),
  ]);
});

describe("small transactions", () => {
  /** A payment of `coin` that has `size` bytes without its witness. */
  function sized(coin: SpendableCoin, size: number): Transaction {
    const script = new Uint8Array(size - 60).fill(NOBODY[0]!);
    const outputs = [{ value: coin.value, scriptPubKey: script }];
    const tx = spend([coin], { parts: { outputs } });
    expect(tx.baseSize).toBe(size);
    return tx;
  }
  const row = (name: string, size: number): DoorCase => ({
    name,
    code: "bad-txns-undersize",
    stage: "body",
    make(branch) {
      const [a, b] = fundedCoins(branch, 2);
      const bad = sized(a!, size);
      return {
        bad: branch.make({ transactions: [bad] }),
        good: branch.make({ transactions: [sized(b!, 65)] }),
        transaction: { bad, code: "bad-txns-undersize" },
      };
    },
  });

  testAtAllDoors(SHORT_PERIODS, [
    row("C-19: a transaction of 64 bytes, as two hashes have; 65 are allowed", 64),
    row("C-19: a transaction of 61 bytes", 61),
  ]);
});

describe("locks", () => {
  interface Lock {
    readonly lockTime?: number;
    readonly sequence?: number;
  }
  /** `locks` may first grow the branch; both payments spend coins made at the same height. */
  const row = (
    name: string,
    stage: Stage,
    mempoolCode: string,
    locks: (branch: Branch) => readonly [bad: Lock, good: Lock],
    opensNext = true,
  ): DoorCase => ({
    name,
    code: "bad-txns-nonfinal",
    stage,
    make(branch) {
      const coins = fundedCoins(branch, 2);
      const [bad, good] = locks(branch).map(({ lockTime = 0, sequence = 0xfffffffe }, index) =>
        spend([coins[index]!], {
          fee: FEE,
          script: ANYONE_BY_WITNESS,
          sequence,
          parts: { lockTime },
        }),
      );
      return {
        bad: branch.make({ transactions: [bad!] }),
        good: branch.make({ transactions: [good!] }),
        transaction: { bad: bad!, code: mempoolCode, good: good! },
        ...(opensNext ? { next: { transactions: [bad!] } } : {}),
      };
    },
  });

  testAtAllDoors(QUICK, [
    row(
      "C-24: a lock until this very height; open in the next block",
      "body",
      "non-final",
      ({ height }) => [{ lockTime: height + 1 }, { lockTime: height }],
    ),
    row(
      "C-24: a lock until the median time past, not the clock; open in the next block",
      "body",
      "non-final",
      (branch) => {
        // Fewer than eleven blocks have a median that does not move with each.
        const median = medianTimePast(branch.mine(11).context);
        return [{ lockTime: median }, { lockTime: median - 1 }];
      },
    ),
    row(
      "C-24: a lock long past by the block's own time, not by the median",
      "body",
      "non-final",
      ({ context }) => [{ lockTime: context.time }, {}],
      false,
    ),
    row(
      "C-24: the last of all times, unless every input is final",
      "body",
      "non-final",
      () => [{ lockTime: 0xffffffff }, { lockTime: 0xffffffff, sequence: SEQUENCE_FINAL }],
      false,
    ),
    row(
      "C-24: the last height there is, 499,999,999",
      "body",
      "non-final",
      () => [{ lockTime: 499_999_999 }, { lockTime: 500_000_000 }],
      false,
    ),
    row(
      "C-24: a coin one block too young (BIP-0068); open in the next block",
      "coins",
      "non-bip68-final",
      (branch) => {
        branch.mine(3);
        return [{ sequence: 5 }, { sequence: 4 }];
      },
    ),
    row(
      "C-24: a coin 512 s too young (BIP-0068)",
      "coins",
      "non-bip68-final",
      (branch) => {
        const made = branch.height;
        branch.mine(60);
        const start = medianTimePast(branch.fork(branch.height - made + 1).context);
        const units = Math.floor((medianTimePast(branch.context) - start) / 512);
        expect(units).toBe(1);
        return [{ sequence: 0x400000 + units + 1 }, { sequence: 0x400000 + units }];
      },
      false,
    ),
  ]);
});
