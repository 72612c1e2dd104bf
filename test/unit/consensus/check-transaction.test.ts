/**
 * Rules of a transaction on its own, and when its lock time is open.
 *
 * Each limit is tried at, below and above it.
 */

import { describe, expect, test } from "bun:test";
import { checkTransaction, isFinal } from "../../../src/consensus/check-transaction.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import {
  NULL_OUTPOINT,
  NULL_VOUT,
  type Transaction,
  type TransactionParts,
} from "../../../src/primitives/transaction.ts";
import { someInput, someOutput, someTransaction, someTxid } from "../../support/builders.ts";

const CAIRN = findNetwork("cairn").params;
const REGTEST = findNetwork("regtest").params;
const MAX_MONEY = CAIRN.maxMoney;

/** The code with which a transaction is refused, or "valid". */
function codeOf(tx: Transaction, params = CAIRN): string {
  try {
    checkTransaction(tx, params);
    return "valid";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function withValues(...values: readonly number[]): Transaction {
  return someTransaction({ outputs: values.map((value) => someOutput({ value })) });
}

function coinbaseWith(scriptLength: number, parts: Partial<TransactionParts> = {}): Transaction {
  const scriptSig = new Uint8Array(scriptLength);
  return someTransaction({
    inputs: [someInput({ prevout: NULL_OUTPOINT, scriptSig })],
    ...parts,
  });
}

/** A transaction of exactly `size` bytes without its witness. */
function ofSize(size: number): Transaction {
  const smallest = someTransaction({ outputs: [someOutput({ scriptPubKey: new Uint8Array(0) })] });
  const length = size - smallest.baseSize;
  const pad = length <= 0xfc ? length : length - (length <= 0xffff ? 2 : 4);
  const tx = someTransaction({ outputs: [someOutput({ scriptPubKey: new Uint8Array(pad) })] });
  expect(tx.baseSize).toBe(size);
  return tx;
}

describe("shape", () => {
  test("a plain payment is valid on every network", () => {
    expect(codeOf(someTransaction())).toBe("valid");
    expect(codeOf(someTransaction(), REGTEST)).toBe("valid");
  });

  test("C-08: something must go in and something come out", () => {
    expect(codeOf(someTransaction({ inputs: [] }))).toBe("bad-txns-vin-empty");
    expect(codeOf(someTransaction({ outputs: [] }))).toBe("bad-txns-vout-empty");
  });

  test.each([
    ["cairn", 4_000_000, CAIRN],
    ["regtest", 1_000_000, REGTEST],
  ] as const)("on %s it has at most %i bytes without the witness", (_, most, params) => {
    expect(codeOf(ofSize(most - 1), params)).toBe("valid");
    expect(codeOf(ofSize(most), params)).toBe("valid");
    expect(codeOf(ofSize(most + 1), params)).toBe("bad-txns-oversize");
  });

  test("a large witness does not count toward that size", () => {
    const witness = [new Uint8Array(1_100_000)];
    const tx = someTransaction({ inputs: [someInput({ witness })] });
    expect(codeOf(tx, REGTEST)).toBe("valid");
  });

  test("C-19: on cairn it has at least 65 bytes without the witness", () => {
    expect(codeOf(ofSize(63))).toBe("bad-txns-undersize");
    expect(codeOf(ofSize(64))).toBe("bad-txns-undersize");
    expect(codeOf(ofSize(65))).toBe("valid");
    expect(codeOf(ofSize(66))).toBe("valid");
  });

  test("C-19: a witness does not make a transaction of 64 bytes larger", () => {
    const { outputs } = ofSize(64);
    const inputs = [someInput({ witness: [new Uint8Array(100)] })];
    expect(codeOf(someTransaction({ inputs, outputs }))).toBe("bad-txns-undersize");
  });

  test("C-19: regtest knows no least size, as Bitcoin", () => {
    expect(codeOf(ofSize(60), REGTEST)).toBe("valid");
    expect(codeOf(ofSize(64), REGTEST)).toBe("valid");
  });
});

describe("amounts", () => {
  test("C-04: an output holds 0 to all money there is", () => {
    expect(codeOf(withValues(0))).toBe("valid");
    expect(codeOf(withValues(MAX_MONEY - 1))).toBe("valid");
    expect(codeOf(withValues(MAX_MONEY))).toBe("valid");
    expect(codeOf(withValues(MAX_MONEY + 1))).toBe("bad-txns-vout-toolarge");
    expect(codeOf(withValues(Number.MAX_SAFE_INTEGER))).toBe("bad-txns-vout-toolarge");
    expect(codeOf(withValues(-1))).toBe("bad-txns-vout-negative");
    expect(codeOf(withValues(Number.MIN_SAFE_INTEGER))).toBe("bad-txns-vout-negative");
  });

  test("C-04: the sum of outputs holds all money there is at most", () => {
    expect(codeOf(withValues(MAX_MONEY, 0))).toBe("valid");
    expect(codeOf(withValues(MAX_MONEY - 1, 1))).toBe("valid");
    expect(codeOf(withValues(MAX_MONEY, 1))).toBe("bad-txns-txouttotal-toolarge");
    expect(codeOf(withValues(1, MAX_MONEY))).toBe("bad-txns-txouttotal-toolarge");
    expect(codeOf(withValues(MAX_MONEY, MAX_MONEY))).toBe("bad-txns-txouttotal-toolarge");
  });

  test("C-04: a negative output behind a sum that is too large does not make up for it", () => {
    expect(codeOf(withValues(MAX_MONEY, 1, -1))).toBe("bad-txns-txouttotal-toolarge");
  });

  test("C-04: outputs are judged one after the other, as Bitcoin Core does", () => {
    expect(codeOf(withValues(MAX_MONEY, -1, 1))).toBe("bad-txns-vout-negative");
    expect(codeOf(withValues(MAX_MONEY, 1, MAX_MONEY + 1))).toBe("bad-txns-txouttotal-toolarge");
    expect(codeOf(withValues(MAX_MONEY, MAX_MONEY + 1, -1))).toBe("bad-txns-vout-toolarge");
  });

  test("C-04: limits are the network's own", () => {
    expect(codeOf(withValues(REGTEST.maxMoney), REGTEST)).toBe("valid");
    expect(codeOf(withValues(REGTEST.maxMoney + 1), REGTEST)).toBe("bad-txns-vout-toolarge");
    expect(codeOf(withValues(REGTEST.maxMoney + 1), CAIRN)).toBe("valid");
  });
});

describe("inputs", () => {
  const spendOf = (...prevouts: readonly (readonly [number, number])[]) =>
    someTransaction({
      inputs: prevouts.map(([fill, vout]) =>
        someInput({ prevout: { txid: someTxid(fill), vout } }),
      ),
    });

  test("C-03: no output is spent twice by one transaction", () => {
    expect(codeOf(spendOf([1, 0], [1, 0]))).toBe("bad-txns-inputs-duplicate");
    expect(codeOf(spendOf([1, 0], [2, 0], [3, 0], [1, 0]))).toBe("bad-txns-inputs-duplicate");
  });

  test("C-03: another index, or another transaction, is another output", () => {
    expect(codeOf(spendOf([1, 0], [1, 1], [2, 0], [2, 1]))).toBe("valid");
  });

  test("C-03: another script or sequence does not make it another output", () => {
    const inputs = [someInput(), someInput({ scriptSig: Uint8Array.of(1, 1), sequence: 5 })];
    expect(codeOf(someTransaction({ inputs }))).toBe("bad-txns-inputs-duplicate");
  });

  test("C-08: only a coinbase names no output", () => {
    const inputs = [someInput(), someInput({ prevout: NULL_OUTPOINT })];
    expect(codeOf(someTransaction({ inputs }))).toBe("bad-txns-prevout-null");
    expect(codeOf(someTransaction({ inputs: inputs.toReversed() }))).toBe("bad-txns-prevout-null");
  });

  test("C-08: half a null outpoint is an ordinary one", () => {
    expect(
      codeOf(someTransaction({ inputs: [someInput({ prevout: { ...NULL_OUTPOINT, vout: 0 } })] })),
    ).toBe("valid");
    const prevout = { txid: someTxid(), vout: NULL_VOUT };
    expect(codeOf(someTransaction({ inputs: [someInput({ prevout })] }))).toBe("valid");
  });

  test.each([
    [0, "bad-cb-length"],
    [1, "bad-cb-length"],
    [2, "valid"],
    [3, "valid"],
    [99, "valid"],
    [100, "valid"],
    [101, "bad-cb-length"],
  ])("C-08: a coinbase with a script of %p bytes: %p", (length, outcome) => {
    expect(codeOf(coinbaseWith(length))).toBe(outcome);
  });

  test("an ordinary transaction's script may have any length", () => {
    for (const length of [0, 1, 101, 20_000]) {
      const inputs = [someInput({ scriptSig: new Uint8Array(length) })];
      expect(codeOf(someTransaction({ inputs }))).toBe("valid");
    }
  });
});

describe("isFinal", () => {
  const MEDIAN = 1_700_000_000;
  const HEIGHT = 1_000;
  const lockedUntil = (lockTime: number, sequence = 0) =>
    isFinal(someTransaction({ lockTime, inputs: [someInput({ sequence })] }), HEIGHT, MEDIAN);

  test("C-24: no lock time is always open", () => {
    expect(lockedUntil(0)).toBe(true);
  });

  test("C-24: a height is open from the next one on", () => {
    expect(lockedUntil(HEIGHT - 1)).toBe(true);
    expect(lockedUntil(HEIGHT)).toBe(false);
    expect(lockedUntil(HEIGHT + 1)).toBe(false);
  });

  test("C-24: a time is open once the median time past is above it (BIP-0113)", () => {
    expect(lockedUntil(MEDIAN - 1)).toBe(true);
    expect(lockedUntil(MEDIAN)).toBe(false);
    expect(lockedUntil(MEDIAN + 1)).toBe(false);
  });

  test("C-24: 499,999,999 is the last height and 500,000,000 the first time", () => {
    expect(lockedUntil(499_999_999)).toBe(false);
    expect(lockedUntil(500_000_000)).toBe(true);
    expect(lockedUntil(0xffffffff)).toBe(false);
  });

  test("C-24: a lock holds as soon as one input is not final", () => {
    const inputsOf = (...sequences: readonly number[]) =>
      sequences.map((sequence, vout) =>
        someInput({ sequence, prevout: { txid: someTxid(), vout } }),
      );
    const lockTime = HEIGHT + 5;
    const final = inputsOf(0xffffffff, 0xffffffff);
    expect(isFinal(someTransaction({ lockTime, inputs: final }), HEIGHT, MEDIAN)).toBe(true);
    for (const sequences of [
      [0xfffffffe, 0xffffffff],
      [0xffffffff, 0xfffffffe],
    ]) {
      const tx = someTransaction({ lockTime, inputs: inputsOf(...sequences) });
      expect(isFinal(tx, HEIGHT, MEDIAN)).toBe(false);
    }
  });
});
