/**
 * What we relay of inputs: kinds of coins spent, shape of witnesses, signature operations.
 *
 * Comes before any script is run, and bounds what running them can cost. Forms of the transaction
 * itself are in policy.ts, and so is every number.
 */

import { checkTransactionSigops } from "../consensus/check-sigops.ts";
import type { ConsensusParams } from "../consensus/params.ts";
import { RuleError } from "../consensus/rule-error.ts";
import { witnessProgramOf } from "../primitives/address.ts";
import type { Transaction, TxInput, TxOutput } from "../primitives/transaction.ts";
import { ScriptReader } from "../script/script.ts";
import { countSigops, countSpentLegacySigops } from "../script/sigops.ts";
import { classifyOutput, isPayToScriptHash } from "../script/standard.ts";
import {
  MAX_P2SH_SIGOPS,
  MAX_STANDARD_LEGACY_SIGOPS,
  MAX_TAPSCRIPT_ITEM_SIZE,
  SIGOP_COST_SHARE,
  STANDARD_WITNESS,
} from "./policy.ts";

/** First byte of the last item of a Taproot witness that is an annex (BIP-0341). */
const ANNEX_TAG = 0x50;

/** Leaf version of Tapscript, and the bits of a control block's first byte that hold it. */
const TAPSCRIPT_LEAF = 0xc0;
const LEAF_VERSION_MASK = 0xfe;

/**
 * Returns the signature-operation cost of `tx`, whose input scripts are standard. RuleError unless
 * its inputs are of a form that we relay; `spentOutputs` are in input order.
 */
export function checkStandardInputs(
  tx: Transaction,
  spentOutputs: readonly TxOutput[],
  params: ConsensusParams,
): number {
  for (const [index, input] of tx.inputs.entries()) {
    const { scriptPubKey } = spentOutputs[index] as TxOutput;
    checkSpentOutput(index, input, scriptPubKey);
    if (input.witness.length > 0) checkWitness(index, input, scriptPubKey);
  }
  return checkSigops(tx, spentOutputs, params);
}

function checkSpentOutput(index: number, { scriptSig }: TxInput, scriptPubKey: Uint8Array): void {
  const type = classifyOutput(scriptPubKey);
  // What has no rules yet may get some: spending it is left to those who know them.
  if (type === "nonstandard" || type === "witness_unknown") {
    throw nonstandard(index, "spends an output of no known kind");
  }
  if (type !== "scripthash") return;

  const redeemScript = lastPush(scriptSig);
  if (redeemScript === undefined) throw nonstandard(index, "does not give the redeem script");
  const sigops = countSigops(redeemScript, true);
  if (sigops > MAX_P2SH_SIGOPS) {
    throw nonstandard(index, `has ${sigops} signature operations, at most ${MAX_P2SH_SIGOPS}`, {
      sigops,
      most: MAX_P2SH_SIGOPS,
    });
  }
}

function checkWitness(index: number, input: TxInput, scriptPubKey: Uint8Array): void {
  if (classifyOutput(scriptPubKey) === "anchor")
    throw badWitness(index, "an anchor takes no witness");

  const isNested = isPayToScriptHash(scriptPubKey);
  const script = isNested ? lastPush(input.scriptSig) : scriptPubKey;
  const program = script === undefined ? undefined : witnessProgramOf(script);
  if (program === undefined) throw badWitness(index, "the output takes no witness");

  if (program.program.length !== 32) return;
  if (program.version === 0) checkScriptWitness(index, input.witness);
  else if (program.version === 1 && !isNested) checkTaprootWitness(index, input.witness);
}

function checkScriptWitness(index: number, witness: readonly Uint8Array[]): void {
  const { scriptSize, itemCount, itemSize } = STANDARD_WITNESS;
  const script = witness.at(-1) as Uint8Array;
  if (script.length > scriptSize) {
    throw badWitness(index, `the script has ${script.length} bytes, at most ${scriptSize}`);
  }
  if (witness.length - 1 > itemCount) {
    throw badWitness(index, `it has ${witness.length - 1} items, at most ${itemCount}`);
  }
  checkItems(index, witness.slice(0, -1), itemSize);
}

function checkTaprootWitness(index: number, witness: readonly Uint8Array[]): void {
  const last = witness.at(-1) as Uint8Array;
  if (witness.length >= 2 && last[0] === ANNEX_TAG) {
    throw badWitness(index, "an annex has no meaning yet");
  }
  // One item alone is a signature of the output's key.
  if (witness.length < 2) return;
  if (((last[0] ?? 0) & LEAF_VERSION_MASK) === TAPSCRIPT_LEAF) {
    checkItems(index, witness.slice(0, -2), MAX_TAPSCRIPT_ITEM_SIZE);
  }
}

function checkItems(index: number, items: readonly Uint8Array[], most: number): void {
  const large = items.find(({ length }) => length > most);
  if (large !== undefined) {
    throw badWitness(index, `an item has ${large.length} bytes, at most ${most}`);
  }
}

function checkSigops(
  tx: Transaction,
  spentOutputs: readonly TxOutput[],
  params: ConsensusParams,
): number {
  const cost = checkTransactionSigops(tx, spentOutputs, params);
  const most = Math.floor(params.maxBlockSigopCost / SIGOP_COST_SHARE);
  if (cost > most) {
    throw new RuleError(
      "bad-txns-too-many-sigops",
      `its signature operations cost ${cost}, at most ${most}`,
      { cost, most },
    );
  }

  // Where consensus has the same limit, it was checked above.
  if (params.maxTransactionLegacySigops === undefined) checkLegacySigops(tx, spentOutputs);
  return cost;
}

function checkLegacySigops(tx: Transaction, spentOutputs: readonly TxOutput[]): void {
  const sigops = countSpentLegacySigops(tx, spentOutputs);
  if (sigops > MAX_STANDARD_LEGACY_SIGOPS) {
    throw new RuleError(
      "bad-txns-nonstandard-inputs",
      `it has ${sigops} legacy signature operations, at most ${MAX_STANDARD_LEGACY_SIGOPS}`,
      { sigops, most: MAX_STANDARD_LEGACY_SIGOPS },
    );
  }
}

/** What the last opcode of a push-only script leaves on top, empty for a number; undefined: none. */
function lastPush(script: Uint8Array): Uint8Array | undefined {
  const reader = new ScriptReader(script);
  let last: Uint8Array | undefined;
  while (reader.next()) last = reader.data();
  return last;
}

function nonstandard(input: number, what: string, facts: Record<string, number> = {}): RuleError {
  return new RuleError("bad-txns-nonstandard-inputs", `input ${input} ${what}`, {
    input,
    ...facts,
  });
}

function badWitness(input: number, what: string): RuleError {
  return new RuleError("bad-witness-nonstandard", `witness of input ${input}: ${what}`, { input });
}
