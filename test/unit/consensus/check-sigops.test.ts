/**
 * Signature operations of a transaction: BIP-0054's limit where a network has it, and the cost.
 *
 * How they are counted in each kind of script is tested in script/.
 */

import { describe, expect, test } from "bun:test";
import { checkTransactionSigops } from "../../../src/consensus/check-sigops.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import type { ConsensusParams } from "../../../src/consensus/params.ts";
import { hash160 } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { TxOutput } from "../../../src/primitives/transaction.ts";
import { pushData } from "../../../src/script/script.ts";
import { someCoinbase, someInput, someOutput, someTransaction } from "../../support/builders.ts";

const CAIRN = findNetwork("cairn").params;
const REGTEST = findNetwork("regtest").params;
const OP_CHECKSIG = 0xac;

const checksigs = (count: number) => new Uint8Array(count).fill(OP_CHECKSIG);

/** The cost of spending these outputs, or the code with which it is refused. */
function costOf(
  spent: readonly Uint8Array[],
  {
    scriptSig = new Uint8Array(0),
    params = CAIRN,
    output = someOutput(),
  }: { scriptSig?: Uint8Array; params?: ConsensusParams; output?: TxOutput } = {},
): number | string {
  const inputs = spent.map((_, vout) =>
    someInput({ scriptSig, prevout: { ...someInput().prevout, vout } }),
  );
  const spentOutputs: TxOutput[] = spent.map((scriptPubKey) => ({ value: 1, scriptPubKey }));
  try {
    return checkTransactionSigops(
      someTransaction({ inputs, outputs: [output] }),
      spentOutputs,
      params,
    );
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("the limit of 2,500 legacy operations", () => {
  test("C-18: holds for those of the scripts spent", () => {
    expect(costOf([checksigs(2_499)])).toBe(4 * 2_499);
    expect(costOf([checksigs(2_500)])).toBe(4 * 2_500);
    expect(costOf([checksigs(2_501)])).toBe("bad-txns-legacy-sigops");
  });

  test("C-18: holds for all inputs together", () => {
    expect(costOf([checksigs(1_250), checksigs(1_250)])).toBe(4 * 2_500);
    expect(costOf([checksigs(1_250), checksigs(1_251)])).toBe("bad-txns-legacy-sigops");
  });

  test("C-18: holds for scriptSigs and redeem scripts too", () => {
    expect(costOf([new Uint8Array(0)], { scriptSig: checksigs(2_500) })).toBe(10_000);
    expect(costOf([new Uint8Array(0)], { scriptSig: checksigs(2_501) })).toBe(
      "bad-txns-legacy-sigops",
    );

    const redeemScript = checksigs(500);
    const payToHash = concatBytes(
      Uint8Array.of(0xa9, 0x14),
      hash160(redeemScript),
      Uint8Array.of(0x87),
    );
    const scriptSig = pushData(redeemScript);
    const five = new Array<Uint8Array>(5).fill(payToHash);
    expect(costOf(five, { scriptSig })).toBe(4 * 2_500);
    expect(costOf([...five, payToHash], { scriptSig })).toBe("bad-txns-legacy-sigops");
  });

  test("C-18: does not count the outputs, which nothing runs yet", () => {
    const output = someOutput({ scriptPubKey: checksigs(3_000) });
    expect(costOf([new Uint8Array(0)], { output })).toBe(12_000);
  });

  test("C-18: regtest has no such limit, as Bitcoin", () => {
    expect(REGTEST.maxTransactionLegacySigops).toBeUndefined();
    expect(costOf([checksigs(9_000)], { params: REGTEST })).toBe(0);
  });
});

describe("the cost", () => {
  test("C-18: has the operations of the scripts spent, four times, but on regtest", () => {
    const spent = [checksigs(3), checksigs(2)];
    expect(costOf(spent)).toBe(4 * 5);
    expect(costOf(spent, { params: REGTEST })).toBe(0);
    const multisig = Uint8Array.of(0x52, 0xae);
    expect(costOf([multisig])).toBe(4 * 2);
  });

  test("C-18: counts a redeem script once, and not the script that has its hash", () => {
    const redeemScript = checksigs(2);
    const scriptPubKey = concatBytes(
      Uint8Array.of(0xa9, 0x14),
      hash160(redeemScript),
      Uint8Array.of(0x87),
    );
    const scriptSig = pushData(redeemScript);
    expect(costOf([scriptPubKey], { scriptSig })).toBe(8);
    expect(costOf([scriptPubKey], { scriptSig, params: REGTEST })).toBe(8);
  });
});

test("a coinbase spends nothing, and costs what its own scripts hold", () => {
  const coinbase = someCoinbase({ outputs: [someOutput({ scriptPubKey: checksigs(3) })] });
  expect(checkTransactionSigops(coinbase, [], CAIRN)).toBe(12);
});
