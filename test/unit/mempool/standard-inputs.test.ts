/**
 * What is relayed of inputs: kinds of coins, witnesses, signature operations, each limit at, below
 * and above.
 */

import { describe, expect, test } from "bun:test";
import { findNetwork } from "../../../src/consensus/networks.ts";
import type { ConsensusParams } from "../../../src/consensus/params.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { hash160, sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { checkStandardInputs } from "../../../src/mempool/standard-inputs.ts";
import { makeTransaction, type TxInput } from "../../../src/primitives/transaction.ts";
import { pushData } from "../../../src/script/script.ts";
import { serialTxid, TRUE_OUTPUT, TRUE_SCRIPT } from "../../support/mempool-harness.ts";

const REGTEST = findNetwork("regtest").params;
const CAIRN = findNetwork("cairn").params;

const CHECKSIG = 0xac;
const P2TR = concatBytes(Uint8Array.of(0x51, 32), new Uint8Array(32));
const ANCHOR = Uint8Array.of(0x51, 2, 0x4e, 0x73);
const P2PKH = concatBytes(
  Uint8Array.of(0x76, 0xa9, 20),
  new Uint8Array(20),
  Uint8Array.of(0x88, CHECKSIG),
);

function p2sh(redeemScript: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xa9, 20), hash160(redeemScript), Uint8Array.of(0x87));
}

function p2wsh(script: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0, 32), sha256(script));
}

interface Spent extends Partial<TxInput> {
  readonly script: Uint8Array;
}

function check(spent: readonly Spent[], params: ConsensusParams = REGTEST): number {
  const tx = makeTransaction({
    version: 2,
    inputs: spent.map(({ scriptSig = new Uint8Array(), witness = [] }, vout) => ({
      prevout: { txid: serialTxid(1), vout },
      scriptSig,
      sequence: 0xffffffff,
      witness,
    })),
    outputs: [{ value: 1_000, scriptPubKey: TRUE_OUTPUT }],
    lockTime: 0,
  });
  const outputs = spent.map(({ script }) => ({ value: 1_000, scriptPubKey: script }));
  return checkStandardInputs(tx, outputs, params);
}

function codeOf(spent: Spent | readonly Spent[], params?: ConsensusParams): string | undefined {
  try {
    check(Array.isArray(spent) ? spent : [spent as Spent], params);
    return undefined;
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
}

describe("coins that are spent", () => {
  test.each([
    ["an unknown script", TRUE_SCRIPT],
    ["a later witness version", concatBytes(Uint8Array.of(0x52, 32), new Uint8Array(32))],
    [
      "a version 1 program of other length",
      concatBytes(Uint8Array.of(0x51, 20), new Uint8Array(20)),
    ],
  ])("refuses %s", (_, script) => {
    expect(codeOf({ script })).toBe("bad-txns-nonstandard-inputs");
  });

  test("takes the known kinds", () => {
    expect(codeOf({ script: P2PKH })).toBeUndefined();
    expect(codeOf({ script: P2TR })).toBeUndefined();
    expect(codeOf({ script: ANCHOR })).toBeUndefined();
    expect(codeOf({ script: TRUE_OUTPUT, witness: [TRUE_SCRIPT] })).toBeUndefined();
  });

  test("refuses P2SH without a redeem script", () => {
    expect(codeOf({ script: p2sh(TRUE_SCRIPT) })).toBe("bad-txns-nonstandard-inputs");
  });

  test.each([
    [14, undefined],
    [15, undefined],
    [16, "bad-txns-nonstandard-inputs"],
  ])("judges a redeem script of %d operations", (count, code) => {
    const redeemScript = new Uint8Array(count).fill(CHECKSIG);
    expect(codeOf({ script: p2sh(redeemScript), scriptSig: pushData(redeemScript) })).toBe(code);
  });
});

describe("witnesses", () => {
  const BAD = "bad-witness-nonstandard";

  test.each([
    ["an anchor", ANCHOR],
    ["an output without a program", P2PKH],
  ])("refuses one for %s", (_, script) => {
    expect(codeOf({ script, witness: [Uint8Array.of(1)] })).toBe(BAD);
  });

  test("refuses one for P2SH whose redeem script is no program", () => {
    const scriptSig = pushData(Uint8Array.of(0x51, 0x51));
    const script = p2sh(Uint8Array.of(0x51, 0x51));
    expect(codeOf({ script, scriptSig, witness: [Uint8Array.of(1)] })).toBe(BAD);
  });

  test("takes one for a nested program, and holds it to the same limits", () => {
    const scriptSig = pushData(TRUE_OUTPUT);
    const script = p2sh(TRUE_OUTPUT);
    expect(codeOf({ script, scriptSig, witness: [TRUE_SCRIPT] })).toBeUndefined();
    expect(codeOf({ script, scriptSig, witness: [new Uint8Array(81), TRUE_SCRIPT] })).toBe(BAD);
  });

  test.each([
    [3_599, undefined],
    [3_600, undefined],
    [3_601, BAD],
  ])("judges a script of %d bytes", (size, code) => {
    const witnessScript = new Uint8Array(size).fill(0x51);
    expect(codeOf({ script: p2wsh(witnessScript), witness: [witnessScript] })).toBe(code);
  });

  test.each([
    [99, undefined],
    [100, undefined],
    [101, BAD],
  ])("judges %d items beside the script", (count, code) => {
    const items = Array.from({ length: count }, () => Uint8Array.of(1));
    expect(codeOf({ script: TRUE_OUTPUT, witness: [...items, TRUE_SCRIPT] })).toBe(code);
  });

  test.each([
    [79, undefined],
    [80, undefined],
    [81, BAD],
  ])("judges an item of %d bytes", (size, code) => {
    expect(codeOf({ script: TRUE_OUTPUT, witness: [new Uint8Array(size), TRUE_SCRIPT] })).toBe(
      code,
    );
  });

  test.each([
    [80, undefined],
    [81, BAD],
  ])("judges a Tapscript item of %d bytes", (size, code) => {
    const controlBlock = concatBytes(Uint8Array.of(0xc1), new Uint8Array(32));
    const witness = [new Uint8Array(size), new Uint8Array(500), controlBlock];
    expect(codeOf({ script: P2TR, witness })).toBe(code);
  });

  test("leaves leaves of other versions alone", () => {
    const controlBlock = concatBytes(Uint8Array.of(0xc2), new Uint8Array(32));
    const witness = [new Uint8Array(81), new Uint8Array(500), controlBlock];
    expect(codeOf({ script: P2TR, witness })).toBeUndefined();
  });

  test("refuses an annex, but not a signature that begins like one", () => {
    const annex = Uint8Array.of(0x50, 1);
    expect(codeOf({ script: P2TR, witness: [new Uint8Array(64), annex] })).toBe(BAD);
    expect(codeOf({ script: P2TR, witness: [annex] })).toBeUndefined();
  });
});

describe("signature operations", () => {
  // A fifth of regtest's 80,000; each witness script of 1,000 operations costs 1,000.
  test("may cost a fifth of a block", () => {
    const witnessScript = new Uint8Array(1_000).fill(CHECKSIG);
    const spent = { script: p2wsh(witnessScript), witness: [witnessScript] };
    const sixteen = Array.from({ length: 16 }, () => spent);
    expect(check(sixteen)).toBe(16_000);

    const oneMore = { script: p2wsh(Uint8Array.of(CHECKSIG)), witness: [Uint8Array.of(CHECKSIG)] };
    expect(codeOf([...sixteen, oneMore])).toBe("bad-txns-too-many-sigops");
  });

  test("are 2,500 legacy ones at most, as policy where they are no consensus rule", () => {
    const redeemScript = new Uint8Array(10).fill(CHECKSIG);
    const spent = { script: p2sh(redeemScript), scriptSig: pushData(redeemScript) };
    const params = { ...REGTEST, maxBlockSigopCost: 1_000_000 };
    const most = Array.from({ length: 250 }, () => spent);
    expect(codeOf(most, params)).toBeUndefined();
    expect(codeOf([...most, { script: P2PKH }], params)).toBe("bad-txns-nonstandard-inputs");
    expect(codeOf([...most, { script: P2PKH }], CAIRN)).toBe("bad-txns-legacy-sigops");
  });
});
