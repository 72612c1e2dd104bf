/**
 * What of the consensus catalogue is about signatures in blocks and the largest blocks there may
 * be, at every door.
 *
 * C-15, C-17 and C-18. What a signature covers, field by field, is in
 * test/unit/script/signature-commitments.test.ts; how long the worst blocks take is measured by the
 * benches.
 */

import { describe, expect } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { findNetwork } from "../../src/consensus/networks.ts";
import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import { type Block, blockWeight } from "../../src/primitives/block.ts";
import {
  makeTransaction,
  type Transaction,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { SighashType } from "../../src/script/sighash.ts";
import {
  ANYONE_BY_WITNESS,
  type Branch,
  coinOf,
  NOBODY,
  QUICK,
  type SpendableCoin,
  spend,
  withParams,
} from "../support/chain-builder.ts";
import { compactFromDer } from "../support/der.ts";
import { type DoorCase, fundedCoins, testAtAllDoors } from "../support/doors.ts";
import { compactToDer } from "../support/payments.ts";
import { SPEND_KINDS, type SpendKind, signAll } from "../support/signed-spends.ts";

const FEE = 10_000;
const { ALL, DEFAULT } = SighashType;

/** Grows by a block with two coins of `kind`, and returns them with a payment of both. */
function signedPayment(branch: Branch, kind: SpendKind): Transaction {
  branch.mine(2);
  const coin = branch.coinbaseCoin(branch.height - 1);
  const split = spend([coin], { count: 2, script: kind.scriptPubKey });
  branch.mine({ transactions: [split] });
  const coins = split.outputs.map((_, vout) => coinOf(split, vout));
  const hashType = kind.name === "taproot" ? DEFAULT : ALL;
  return signAll(spend(coins, { fee: FEE, script: ANYONE_BY_WITNESS }), coins, kind, hashType);
}

/** `tx` with what satisfies its inputs in another order. */
function swapped(tx: Transaction): Transaction {
  const [a, b] = tx.inputs;
  return makeTransaction({
    ...tx,
    inputs: [
      { ...a!, scriptSig: b!.scriptSig, witness: b!.witness },
      { ...b!, scriptSig: a!.scriptSig, witness: a!.witness },
    ],
  });
}

/** A row of one broken payment, whose unbroken twin both mempool and block take. */
function signatureRow(
  name: string,
  kind: SpendKind,
  forge: (tx: Transaction) => Transaction,
): DoorCase {
  return {
    name,
    code: "script-verify-failed",
    stage: "coins",
    make(branch) {
      const good = signedPayment(branch, kind);
      const bad = forge(good);
      return {
        bad: branch.make({ transactions: [bad] }),
        good: branch.make({ transactions: [good], fees: FEE }),
        transaction: { bad, code: "script-verify-failed", good },
      };
    },
  };
}

/** `tx` with other bytes in place of the DER of its first input's signature. */
function withDer(tx: Transaction, kind: SpendKind, forge: (der: Uint8Array) => Uint8Array) {
  const [first, ...rest] = tx.inputs;
  const signature = first!.witness[0] ?? first!.scriptSig.slice(1, 1 + first!.scriptSig[0]!);
  const forged = concatBytes(forge(signature.subarray(0, -1)), Uint8Array.of(ALL));
  return makeTransaction({ ...tx, inputs: [{ ...first!, ...kind.satisfy(forged) }, ...rest] });
}

/** The same signature with n - s for s. */
function highS(der: Uint8Array): Uint8Array {
  const compact = compactFromDer(der)!;
  const s = BigInt(`0x${compact.subarray(32).toHex()}`);
  const other = (secp256k1.Point.Fn.ORDER - s).toString(16).padStart(64, "0");
  return compactToDer(concatBytes(compact.subarray(0, 32), fromHex(other)));
}

describe("signatures", () => {
  const [legacy, witnessV0] = SPEND_KINDS as [SpendKind, SpendKind];
  testAtAllDoors(QUICK, [
    ...SPEND_KINDS.map((kind) =>
      signatureRow(`C-17: ${kind.name} signatures of two inputs change places`, kind, swapped),
    ),
    ...SPEND_KINDS.map((kind) =>
      signatureRow(`C-17: an output changed after ${kind.name} signing`, kind, (tx) =>
        makeTransaction({
          ...tx,
          outputs: tx.outputs.map((output) => ({ ...output, value: output.value - 1 })),
        }),
      ),
    ),
    ...[legacy, witnessV0].map((kind) =>
      signatureRow(`C-15: a ${kind.name} signature with a byte behind its DER`, kind, (tx) =>
        withDer(tx, kind, (der) => concatBytes(der, Uint8Array.of(0))),
      ),
    ),
    ...[legacy, witnessV0].map((kind): DoorCase => {
      const row = signatureRow("", kind, (tx) =>
        withDer(tx, kind, (der) => der.with(20, der[20]! ^ 1)),
      );
      return {
        ...row,
        name: `C-15: a ${kind.name} signature of another r; n - s for s only relay refuses, as in Bitcoin`,
        make(branch) {
          const trial = row.make(branch);
          const twin = withDer(trial.transaction!.good!, kind, highS);
          return {
            bad: trial.bad,
            good: branch.make({ transactions: [twin] }),
            transaction: { bad: twin, code: "script-verify-failed" },
          };
        },
      };
    }),
  ]);
});

const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;

/** Outputs that hold `count` legacy signature operations together, 5,000 in one. */
function sigopOutputs(count: number): TxOutput[] {
  const outputs: TxOutput[] = [];
  for (let left = count; left > 0; left -= 5_000) {
    const scriptPubKey = new Uint8Array(Math.min(left, 5_000)).fill(OP_CHECKSIG);
    outputs.push({ value: 1_000, scriptPubKey });
  }
  return outputs;
}

describe("signature operations of a block", () => {
  const most = QUICK.params.maxBlockSigopCost / 4;
  testAtAllDoors(QUICK, [
    {
      name: `C-18: ${most + 1} signature operations in a block; ${most} are allowed`,
      code: "bad-blk-sigops",
      stage: "body",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        const holding = (coin: SpendableCoin, count: number) =>
          branch.make({
            transactions: [spend([coin], { parts: { outputs: sigopOutputs(count) } })],
          });
        return { bad: holding(a!, most + 1), good: holding(b!, most) };
      },
    },
    {
      name: "C-18: one more by what is spent than a block may have; at the limit it is allowed",
      code: "bad-blk-sigops",
      stage: "coins",
      make(branch) {
        const [coin] = fundedCoins(branch, 1);
        // A witness script that holds one operation and never runs it: 0 IF CHECKSIG ENDIF 1.
        const script = Uint8Array.of(0x00, 0x63, OP_CHECKSIG, 0x68, 0x51);
        const program = concatBytes(
          Uint8Array.of(0x00, 0x20),
          new Uint8Array(new Bun.CryptoHasher("sha256").update(script).digest()),
        );
        const made = spend([coin!], { count: 5, script: program });
        branch.mine({ transactions: [made] });
        const spending = (count: number) => {
          const coins = Array.from({ length: count }, (_, vout) => coinOf(made, vout));
          const tx = spend(coins, { parts: { outputs: sigopOutputs(most - 1) } });
          const inputs = tx.inputs.map((input) => ({ ...input, witness: [script] }));
          return branch.make({ transactions: [makeTransaction({ ...tx, inputs })] });
        };
        // Each open one costs four, each in a witness one.
        return { bad: spending(5), good: spending(4) };
      },
    },
  ]);
});

describe("legacy signature operations of a transaction", () => {
  const cairn = withParams(findNetwork("cairn", 1), { coinbaseMaturity: 2 });
  const most = cairn.params.maxTransactionLegacySigops!;
  /** 0 IF, 125 CHECKMULTISIG (20 operations each) and `more` CHECKSIG, none of them run, ENDIF 1. */
  const script = (more: number) =>
    Uint8Array.of(
      0x00,
      0x63,
      ...new Array(most / 20).fill(OP_CHECKMULTISIG),
      ...new Array(more).fill(OP_CHECKSIG),
      0x68,
      0x51,
    );

  testAtAllDoors(cairn, [
    {
      name: `C-18: a transaction that spends scripts with ${most + 1} legacy operations; ${most} are allowed`,
      code: "bad-txns-legacy-sigops",
      stage: "coins",
      make(branch) {
        const [a, b] = fundedCoins(branch, 2);
        const made = [
          spend([a!], { script: script(1) }),
          spend([b!], { script: script(0) }),
        ] as const;
        branch.mine({ transactions: made });
        const [bad, good] = made.map((tx) => spend([coinOf(tx)], { script: ANYONE_BY_WITNESS }));
        return {
          bad: branch.make({ transactions: [bad!] }),
          good: branch.make({ transactions: [good!] }),
        };
      },
    },
  ]);
});

/** OP_DROP OP_TRUE: takes a witness item of any length up to 520. */
const DROP = Uint8Array.of(0x75, 0x51);
const DROP_PROGRAM = concatBytes(
  Uint8Array.of(0x00, 0x20),
  new Uint8Array(new Bun.CryptoHasher("sha256").update(DROP).digest()),
);

/** The next block after `branch`, which spends `coin` of DROP_PROGRAM and has exactly `weight`. */
function blockOfWeight(branch: Branch, coin: SpendableCoin, weight: number): Block {
  const make = (padding: number, item: number) => {
    const scriptPubKey = new Uint8Array(padding).fill(NOBODY[0]!);
    const tx = spend([coin], { parts: { outputs: [{ value: 0, scriptPubKey }] } });
    const witness = [new Uint8Array(item), DROP];
    return branch.make({
      transactions: [makeTransaction({ ...tx, inputs: [{ ...tx.inputs[0]!, witness }] })],
      fees: 0,
    });
  };
  const roomy = make(weight / 4 - 2_000, 1);
  const missing = weight - blockWeight(roomy.transactions);
  const padding = Math.floor(missing / 4) - 10;
  return make(Math.floor(weight / 4) - 2_000 + padding, 1 + missing - 4 * padding);
}

/** A row of the block that is as heavy as can be, and one heavier by a single unit. */
function weightRow(name: string, most: number): DoorCase {
  return {
    name,
    code: "bad-blk-weight",
    stage: "body",
    make(branch) {
      const [coin] = fundedCoins(branch, 1);
      const made = spend([coin!], { script: DROP_PROGRAM });
      branch.mine({ transactions: [made] });
      const [bad, good] = [most + 1, most].map((weight) =>
        blockOfWeight(branch, coinOf(made), weight),
      );
      expect(blockWeight(bad!.transactions)).toBe(most + 1);
      expect(blockWeight(good!.transactions)).toBe(most);
      return { bad: bad!, good: good! };
    },
  };
}

describe("the largest blocks", () => {
  testAtAllDoors(QUICK, [
    weightRow("C-18: a weight of 4,000,001 on regtest; 4,000,000 are allowed", 4_000_000),
    {
      name: "C-18: 1,000,001 bytes without witnesses on regtest; 1,000,000 are allowed",
      code: "bad-blk-length",
      stage: "body",
      make(branch) {
        const most = QUICK.params.maxBlockWeight / 4;
        const ofSize = (size: number) => {
          const sized = (padding: number) =>
            branch.make({
              coinbaseOutputs: [
                { value: 0, scriptPubKey: new Uint8Array(padding).fill(NOBODY[0]!) },
              ],
            });
          const padding = size - 200;
          return sized(padding + size - blockWeight(sized(padding).transactions) / 4);
        };
        const [bad, good] = [ofSize(most + 1), ofSize(most)];
        expect(blockWeight(good.transactions)).toBe(4 * most);
        return { bad, good };
      },
    },
    {
      name: "C-18: 2,500 transactions in a row, each spending the one before, and one that is not there",
      code: "bad-txns-inputs-missingorspent",
      stage: "coins",
      make(branch) {
        const [coin] = fundedCoins(branch, 1);
        const row: Transaction[] = [];
        for (let next = coin!; row.length < 2_500; next = coinOf(row.at(-1)!)) {
          row.push(spend([next], { script: ANYONE_BY_WITNESS }));
        }
        const nowhere = spend([coinOf(spend([coinOf(row.at(-1)!)]))]);
        return {
          bad: branch.make({ transactions: [...row, nowhere] }),
          good: branch.make({ transactions: row }),
        };
      },
    },
  ]);
});

describe("the largest block of cairn", () => {
  testAtAllDoors(withParams(findNetwork("cairn", 1), { coinbaseMaturity: 2 }), [
    weightRow("C-18: a weight of 16,000,001 on cairn; 16,000,000 are allowed", 16_000_000),
  ]);
});
