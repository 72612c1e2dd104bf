/**
 * Coins to plan payments with, and plans made into transactions that @scure/btc-signer signs.
 *
 * All coins are of one key. The signer knows nothing of our weights, so that what it makes shows
 * whether they are right.
 */

import { p2pkh, p2tr, p2wpkh, Transaction as Signer } from "@scure/btc-signer";
import { pubECDSA, pubSchnorr } from "@scure/btc-signer/utils.js";
import { ByteReader } from "../../src/lib/codec.ts";
import type { MempoolEntry } from "../../src/mempool/mempool-entry.ts";
import { decodeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import { type PaymentPlan, unsignedTransaction } from "../../src/wallet/fund-payment.ts";
import { type InputKind, inputWeightOf } from "../../src/wallet/output-costs.ts";
import type { SpendableCoin, UnconfirmedAncestor } from "../../src/wallet/spendable-coin.ts";
import type { Funds, MempoolHarness } from "./mempool-harness.ts";
import { serialTxid } from "./mempool-harness.ts";

const PRIVATE_KEY = new Uint8Array(32).fill(0x17);
const PUBLIC_KEY = pubECDSA(PRIVATE_KEY);
const INTERNAL_KEY = pubSchnorr(PRIVATE_KEY);

/** Scripts of the one key. */
export const KIND_SCRIPTS: Readonly<Record<InputKind, Uint8Array>> = {
  p2pkh: p2pkh(PUBLIC_KEY).script,
  p2wpkh: p2wpkh(PUBLIC_KEY).script,
  p2tr: p2tr(INTERNAL_KEY).script,
};

export const INPUT_KINDS = ["p2pkh", "p2wpkh", "p2tr"] as const satisfies readonly InputKind[];

/** A coin of `kind`, confirmed unless `changes` say otherwise, that no chain knows. */
export function someCoin(
  serial: number,
  value: number,
  kind: InputKind = "p2wpkh",
  changes: Partial<SpendableCoin> = {},
): SpendableCoin {
  return { ...coinAt({ txid: serialTxid(serial), vout: 0, value }, kind), ...changes };
}

/** A confirmed coin of `kind` that the chain of `world` knows. */
export function fundedCoin(
  world: MempoolHarness,
  value: number,
  kind: InputKind = "p2wpkh",
): SpendableCoin {
  return coinAt(world.chain.fund(value, { scriptPubKey: KIND_SCRIPTS[kind] }), kind);
}

/** The coin that output `vout` of `tx` is, which waits in the mempool of `world`. */
export function pendingCoin(
  world: MempoolHarness,
  tx: Transaction,
  vout: number,
  kind: InputKind = "p2wpkh",
): SpendableCoin {
  const entry = world.mempool.find(tx.txid) as MempoolEntry;
  const entries = new Set([entry]);
  for (const { parents } of entries) for (const parent of parents) entries.add(parent);
  const value = tx.outputs[vout]?.value ?? 0;
  return {
    ...coinAt({ txid: tx.txid, vout, value }, kind),
    height: undefined,
    isOwnChange: true,
    ancestors: [...entries].map(asAncestor),
  };
}

/** Returns the transaction of `plan`, signed. */
export function signPlan(plan: PaymentPlan): Transaction {
  const { version, lockTime, inputs, outputs } = unsignedTransaction(plan);
  const signer = new Signer({ version, lockTime, allowLegacyWitnessUtxo: true });
  for (const [at, { prevout, sequence }] of inputs.entries()) {
    const { scriptPubKey, value } = plan.inputs[at] as SpendableCoin;
    signer.addInput({
      txid: prevout.txid,
      index: prevout.vout,
      sequence,
      witnessUtxo: { script: scriptPubKey, amount: BigInt(value) },
      ...(scriptPubKey === KIND_SCRIPTS.p2tr ? { tapInternalKey: INTERNAL_KEY } : {}),
    });
  }
  for (const { scriptPubKey, value } of outputs) {
    signer.addOutput({ script: scriptPubKey, amount: BigInt(value) });
  }
  signer.sign(PRIVATE_KEY);
  signer.finalize();
  return decodeTransaction(new ByteReader(signer.extract()));
}

function coinAt({ txid, vout, value }: Funds, kind: InputKind): SpendableCoin {
  const scriptPubKey = KIND_SCRIPTS[kind];
  return {
    outpoint: { txid, vout },
    value,
    scriptPubKey,
    inputWeight: inputWeightOf(kind),
    height: 1,
  };
}

function asAncestor({ tx, fee, virtualSize, parents }: MempoolEntry): UnconfirmedAncestor {
  return { txid: tx.txid, fee, virtualSize, parents: parents.map((parent) => parent.tx.txid) };
}
