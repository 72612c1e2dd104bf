/**
 * Reference models that are wrong on purpose: each a parameter off by one or a rule switched off. A
 * comparison that does not notice them would not notice the engine's mistakes either.
 */

import { findNetwork } from "../../src/consensus/networks.ts";
import type { Network } from "../../src/consensus/params.ts";
import { Divergence, runDifferential } from "./differential.ts";
import { CAIRN, REGTEST, type ReferenceParameters } from "./reference-model/parameters.ts";

/** A wrong model of a network. */
export interface WrongModel {
  readonly name: string;
  readonly network: Network;
  readonly parameters: ReferenceParameters;
}

/** Blocks of one attempt to notice. */
const BLOCKS_AN_ATTEMPT = 500;

const cairn = findNetwork("cairn", 1);
const regtest = findNetwork("regtest");
const cleanup = { minStrippedSize: 65, maxSignatureOperations: 2_500 };
const retarget = { interval: 100, spacing: 10, grace: 120 };

function ofCairn(name: string, changes: Partial<ReferenceParameters>): WrongModel {
  return { name, network: cairn, parameters: { ...CAIRN, ...changes } };
}

function ofRegtest(name: string, changes: Partial<ReferenceParameters>): WrongModel {
  return { name, network: regtest, parameters: { ...REGTEST, ...changes } };
}

/** Parameters that are off by the least there is. */
export const WRONG_PARAMETERS: readonly WrongModel[] = [
  ofRegtest("coinbases mature at 99", { coinbaseMaturity: 99 }),
  ofRegtest("coinbases mature at 101", { coinbaseMaturity: 101 }),
  ofRegtest("halving a block late", { halvingInterval: 151 }),
  ofRegtest("a sat less than all money", { maxMoney: REGTEST.maxMoney - 1n }),
  ofRegtest("one more signature operation", { maxSignatureOperationCost: 80_004 }),
  ofRegtest("one signature operation less", { maxSignatureOperationCost: 79_996 }),
  ofRegtest("a unit of weight more", { maxWeight: 4_000_001 }),
  ofRegtest("a unit of weight less", { maxWeight: 3_999_999 }),
  ofCairn("a second further ahead", { maxSecondsAhead: 121 }),
  ofCairn("a second less ahead", { maxSecondsAhead: 119 }),
  ofCairn("64 bytes are enough", { cleanup: { ...cleanup, minStrippedSize: 64 } }),
  ofCairn("65 bytes are too few", { cleanup: { ...cleanup, minStrippedSize: 66 } }),
  ofCairn("2,499 operations", { cleanup: { ...cleanup, maxSignatureOperations: 2_499 } }),
  ofCairn("periods begin a second earlier", { retarget: { ...retarget, grace: 121 } }),
  ofCairn("periods begin a second later", { retarget: { ...retarget, grace: 119 } }),
  ofCairn("11 seconds a block", { retarget: { ...retarget, spacing: 11 } }),
];

/** Rules that a block of cairn can break, and bad-blk-weight, for which regtest has smaller blocks. */
const RULES = `high-hash bad-diffbits time-too-old time-timewarp-attack time-too-new bad-version
  bad-txnmrklroot bad-txns-duplicate bad-blk-length bad-cb-missing bad-cb-multiple bad-blk-sigops
  bad-txns-vin-empty bad-txns-vout-empty bad-txns-undersize bad-txns-vout-negative
  bad-txns-vout-toolarge bad-txns-txouttotal-toolarge bad-txns-inputs-duplicate bad-cb-length
  bad-txns-prevout-null bad-txns-nonfinal bad-cb-height unexpected-witness bad-witness-nonce-size
  bad-witness-merkle-match bad-blk-weight bad-txns-inputs-missingorspent
  bad-txns-premature-spend-of-coinbase bad-txns-in-belowout bad-txns-legacy-sigops bad-cb-amount
  mandatory-script-verify-flag-failed`.split(/\s+/);

/** Each without one rule. */
export const MISSING_RULES: readonly WrongModel[] = RULES.map((rule) => {
  const disabledRules = new Set([rule]);
  return (rule === "bad-blk-weight" ? ofRegtest : ofCairn)(`without ${rule}`, { disabledRules });
});

/** Runs seeds from `firstSeed` on until the comparison notices; undefined if it never does. */
export function findDivergence(
  { network, parameters }: WrongModel,
  attempts: number,
  firstSeed = 1,
): Divergence | undefined {
  const largeBlocks = network === regtest ? 4 : 0;
  for (let seed = firstSeed; seed < firstSeed + attempts; seed++) {
    try {
      runDifferential({ network, parameters, seed, blocks: BLOCKS_AN_ATTEMPT, largeBlocks });
    } catch (error) {
      if (error instanceof Divergence) return error;
      throw error;
    }
  }
  return undefined;
}
