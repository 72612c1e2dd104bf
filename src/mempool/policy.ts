/**
 * What this node relays though, or although, a block may hold more: limits, and the rules that need
 * nothing but the transaction itself.
 *
 * Numbers are Bitcoin Core's unless they say otherwise. Feerates are in sat per vbyte everywhere in
 * mempool/. What needs the spent coins is in standard-inputs.ts.
 */

import { RuleError } from "../consensus/rule-error.ts";
import { compactSizeLength } from "../lib/codec.ts";
import { witnessProgramOf } from "../primitives/address.ts";
import {
  isCoinbase,
  type Transaction,
  type TxOutput,
  virtualSize,
} from "../primitives/transaction.ts";
import { isPushOnly, isUnspendable } from "../script/script.ts";
import { classifyOutput, parseMultisig } from "../script/standard.ts";

/** Versions whose meaning is settled; others are kept for soft forks to come. */
export const STANDARD_VERSIONS = { least: 1, most: 3 } as const;

/** Weight units: a tenth of Bitcoin's block, so that one transaction is quick to check. */
export const MAX_STANDARD_WEIGHT = 400_000;

/** Bytes without the witness. One of 64 bytes can pass for a Merkle node (CVE-2017-12842). */
export const MIN_STANDARD_SIZE = 65;

/** Bytes of an input script: 15 signatures of a multisignature redeem script of 15 keys. */
export const MAX_STANDARD_SCRIPT_SIG_SIZE = 1_650;

/** Keys of a bare multisignature that was ever standard; more is no known kind of output. */
const MAX_BARE_MULTISIG_KEYS = 3;

/** Bytes of the one output script that may carry data: OP_RETURN, its push, and 80 bytes. */
export const MAX_DATA_CARRIER_SIZE = 83;

/** Sats per vbyte at which the cost of spending an output is taken to know whether it is dust. */
export const DUST_FEERATE = 3;

/** Vbytes of an input that spends a witness program, or anything else. */
const SPENDING_SIZE = { witness: 67, legacy: 148 } as const;

/** Vbytes that a unit of signature-operation cost counts for, times 4: 20 bytes of weight. */
const WEIGHT_PER_SIGOP_COST = 20;

/** The part of a block's signature operations that one transaction may take: a fifth. */
export const SIGOP_COST_SHARE = 5;

/** Most legacy operations that spending may execute, also where it is no consensus rule (BIP-0054). */
export const MAX_STANDARD_LEGACY_SIGOPS = 2_500;

/** Operations in one redeem script: a multisignature of 15 keys. */
export const MAX_P2SH_SIGOPS = 15;

/** Bounds of a version 0 witness: bytes of its script, count and bytes of its other items. */
export const STANDARD_WITNESS = { scriptSize: 3_600, itemCount: 100, itemSize: 80 } as const;

/** Bytes of one item in the witness of a Tapscript. */
export const MAX_TAPSCRIPT_ITEM_SIZE = 80;

/** Sats per vbyte by which a replacement must outbid what it replaces, and by which an eviction
 * raises the floor: what it costs to make everybody relay once more. */
export const INCREMENTAL_RELAY_FEERATE = 1;

/** Transactions in the mempool, whatever their size, so that no walk over all of them takes long. */
export const MAX_MEMPOOL_COUNT = 200_000;

/** Bounds of a transaction's relatives in the mempool, itself included: count, and vbytes. They keep
 * every update of the mempool short. */
export const PACKAGE_LIMITS = { ancestors: 25, descendants: 25, size: 101_000 } as const;

/** Transactions that one replacement may push out, descendants included (BIP-0125 rule 5). */
export const MAX_REPLACED = 100;

/** Returns the sats that `size` vbytes cost at `feerate`, rounded up to a whole sat. */
export function feeAt(feerate: number, size: number): number {
  // Feerates have three decimals at most, as Bitcoin Core's sat per 1,000 vbytes: otherwise 0.1
  // times 30 would be a little more than 3.
  return Math.ceil((Math.round(feerate * 1000) * size) / 1000);
}

/** Returns the vbytes that fees are compared by: one full of signature operations counts as more. */
export function policySize(tx: Transaction, sigopCost: number): number {
  return virtualSize(Math.max(tx.weight, sigopCost * WEIGHT_PER_SIGOP_COST));
}

/** Returns the sats below which an output costs more to spend than is sensible. */
export function dustThreshold({ scriptPubKey }: TxOutput): number {
  if (isUnspendable(scriptPubKey)) return 0;
  const outputSize = 8 + compactSizeLength(scriptPubKey.length) + scriptPubKey.length;
  const isWitness = witnessProgramOf(scriptPubKey) !== undefined;
  return DUST_FEERATE * (outputSize + (isWitness ? SPENDING_SIZE.witness : SPENDING_SIZE.legacy));
}

/** Throws RuleError unless `tx`, valid on its own, is of a form that we relay. */
export function checkStandardTransaction(tx: Transaction): void {
  if (isCoinbase(tx)) {
    throw new RuleError("coinbase", "a coinbase is valid within its block only");
  }
  checkVersion(tx);
  checkSize(tx);
  checkInputScripts(tx);
  checkOutputs(tx);
}

function checkVersion({ version }: Transaction): void {
  const { least, most } = STANDARD_VERSIONS;
  if (version < least || version > most) {
    throw new RuleError("version", `its version is ${version}, ${least} to ${most} are relayed`, {
      version,
      least,
      most,
    });
  }
}

function checkSize({ weight, baseSize }: Transaction): void {
  if (weight > MAX_STANDARD_WEIGHT) {
    throw new RuleError("tx-size", `its weight is ${weight}, at most ${MAX_STANDARD_WEIGHT}`, {
      weight,
      most: MAX_STANDARD_WEIGHT,
    });
  }
  if (baseSize < MIN_STANDARD_SIZE) {
    throw new RuleError(
      "tx-size-small",
      `it has ${baseSize} bytes without the witness, at least ${MIN_STANDARD_SIZE} are needed`,
      { size: baseSize, least: MIN_STANDARD_SIZE },
    );
  }
}

function checkInputScripts({ inputs }: Transaction): void {
  for (const [input, { scriptSig }] of inputs.entries()) {
    if (scriptSig.length > MAX_STANDARD_SCRIPT_SIG_SIZE) {
      throw new RuleError(
        "scriptsig-size",
        `the script of input ${input} has ${scriptSig.length} bytes, ` +
          `at most ${MAX_STANDARD_SCRIPT_SIG_SIZE}`,
        { input, size: scriptSig.length, most: MAX_STANDARD_SCRIPT_SIG_SIZE },
      );
    }
    if (!isPushOnly(scriptSig)) {
      throw new RuleError(
        "scriptsig-not-pushonly",
        `the script of input ${input} does more than push`,
        { input },
      );
    }
  }
}

function checkOutputs({ outputs }: Transaction): void {
  let hasData = false;
  for (const [vout, output] of outputs.entries()) {
    const type = classifyOutput(output.scriptPubKey);
    if (type === "nonstandard" || type === "multisig") throw unknownOutput(vout, output);
    if (type === "nulldata") {
      checkDataCarrier(vout, output, hasData);
      hasData = true;
    }
    checkNotDust(vout, output);
  }
}

function unknownOutput(vout: number, { scriptPubKey }: TxOutput): RuleError {
  const keyCount = parseMultisig(scriptPubKey)?.publicKeys.length ?? Number.POSITIVE_INFINITY;
  if (keyCount <= MAX_BARE_MULTISIG_KEYS) {
    return new RuleError(
      "bare-multisig",
      `output ${vout} is a multisignature that is not behind a script hash`,
      { vout, keys: keyCount },
    );
  }
  return new RuleError("scriptpubkey", `output ${vout} is of no kind that is relayed`, { vout });
}

function checkDataCarrier(vout: number, { scriptPubKey }: TxOutput, isSecond: boolean): void {
  if (isSecond) {
    throw new RuleError("datacarrier", `output ${vout} is the second one that carries data`, {
      vout,
      most: 1,
    });
  }
  if (scriptPubKey.length > MAX_DATA_CARRIER_SIZE) {
    throw new RuleError(
      "datacarrier",
      `output ${vout} carries data in ${scriptPubKey.length} bytes, ` +
        `at most ${MAX_DATA_CARRIER_SIZE}`,
      { vout, size: scriptPubKey.length, most: MAX_DATA_CARRIER_SIZE },
    );
  }
}

function checkNotDust(vout: number, output: TxOutput): void {
  const least = dustThreshold(output);
  if (output.value < least) {
    throw new RuleError(
      "dust",
      `output ${vout} is ${output.value} sat, at least ${least} pay off`,
      {
        vout,
        value: output.value,
        least,
      },
    );
  }
}
