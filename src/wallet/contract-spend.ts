/**
 * Spending from a contract: an unsigned PSBT (BIP-0174) that every party can sign on its own, and
 * the transaction that comes of enough signatures.
 *
 * Which branch is meant is told by lock time and sequence numbers, which signatures cover. What
 * other parties' PSBTs are worth is judged in contract-psbt.ts.
 */

import { PSBTCombine, Transaction as Psbt } from "@scure/btc-signer/transaction.js";
import { isPrivateKey, publicKeyOf } from "../crypto/keys.ts";
import { PORTABLE_SIGNATURES } from "../crypto/signature-verifier.ts";
import { equalBytes } from "../lib/bytes.ts";
import { dustThreshold, feeAt, MAX_STANDARD_WEIGHT } from "../mempool/policy.ts";
import { sumMoney } from "../primitives/amount.ts";
import {
  makeTransaction,
  type Outpoint,
  outpointKey,
  type Transaction,
  type TransactionParts,
  type TxOutput,
  virtualSize,
} from "../primitives/transaction.ts";
import { STANDARD_FLAGS } from "../script/flags.ts";
import { MAX_SCRIPT_SIZE } from "../script/script.ts";
import { createSighashCache } from "../script/sighash.ts";
import { verifyInput } from "../script/verify-input.ts";
import {
  type BranchName,
  branchWitness,
  type Contract,
  type ContractBranch,
  type ContractParty,
  getBranch,
  PREIMAGE_LENGTH,
  partiesByKey,
} from "./contract.ts";
import { ContractError } from "./contract-error.ts";
import { isLockMet, lockFields } from "./contract-lock.ts";
import { MAX_CONTRACT_PARTIES } from "./contract-parameters.ts";
import {
  type ContractPsbt,
  decodeContractPsbt,
  findPsbtPreimage,
  findSignatures,
  isPreimage,
  type PartyStatus,
  PSBT_OPTIONS,
  refusing,
} from "./contract-psbt.ts";

/** Sats per vbyte beyond which a feerate is taken for a mistake. */
export const MAX_SPEND_FEERATE = 10_000;

/** PSBTs that are put together at once: one of each party that a branch can have. */
export const MAX_PSBTS = MAX_CONTRACT_PARTIES;

/** Bytes of a signature with its hash type: 71 in DER, s being low, and one. */
const MAX_SIGNATURE_LENGTH = 72;

/** No input is smaller, so more coins than this are too large whatever the contract. */
const MAX_COINS = Math.floor(MAX_STANDARD_WEIGHT / (4 * 41));

/** A coin of the contract. */
export interface ContractCoin {
  readonly outpoint: Outpoint;
  /** In sat. */
  readonly value: number;
}

/** What is spent, by which branch, and for what. */
export interface ContractSpendPlan {
  readonly contract: Contract;
  readonly branch: string;
  /** All of them are spent. */
  readonly coins: readonly ContractCoin[];
  /** Paid first; may be none. */
  readonly outputs?: readonly TxOutput[];
  /** Script that gets what outputs and fee leave. */
  readonly restTo: Uint8Array;
  /** Sats per vbyte. */
  readonly feerate: number;
  /** Goes into the PSBT, so that whoever finishes it has it; needed by branches with a hash. */
  readonly preimage?: Uint8Array;
}

/** A spend that waits for signatures. */
export interface ContractSpend {
  /** Version 0. */
  readonly psbt: Uint8Array;
  readonly unsigned: Transaction;
  /** In sat. */
  readonly fee: number;
  /** Of the signed transaction at most; signatures may turn out a few bytes shorter. */
  readonly maxWeight: number;
}

/** What a PSBT does, and how far it is. */
export interface ContractSpendView {
  readonly unsigned: Transaction;
  /** In sat, in input order, as the PSBT says: compare them with the coins before signing. */
  readonly values: readonly number[];
  readonly fee: number;
  readonly branches: readonly BranchProgress[];
}

/** How far a PSBT is on the way through one branch. */
export interface BranchProgress {
  readonly name: BranchName;
  /** True if lock time and sequence numbers let the branch's lock open some day. */
  readonly isLockMet: boolean;
  readonly threshold: number;
  /** Names of parties. */
  readonly signed: readonly string[];
  readonly wrong: readonly string[];
  readonly missing: readonly string[];
  /** True if no hash is asked for, or the PSBT has its secret. */
  readonly hasPreimage: boolean;
}

/**
 * Makes an unsigned PSBT that spends by one branch as soon as its lock lets it. The fee is that of
 * the largest transaction that signatures can make of it. ContractError if it cannot be.
 */
export function makeContractSpend(plan: ContractSpendPlan): ContractSpend {
  const { contract, preimage } = plan;
  const branch = getBranch(contract, plan.branch);
  if (preimage !== undefined) checkPreimage(branch, preimage);

  const { parts, fee, maxWeight } = balance(plan, branch);
  const psbt = new Psbt({ ...PSBT_OPTIONS, version: parts.version, lockTime: parts.lockTime });
  const { scriptPubKey, witnessScript } = contract;
  for (const { outpoint, value } of plan.coins) {
    psbt.addInput({
      txid: outpoint.txid,
      index: outpoint.vout,
      sequence: lockFields(branch.lock).sequence,
      witnessUtxo: { script: scriptPubKey, amount: BigInt(value) },
      witnessScript,
      ...(preimage === undefined || branch.hash === undefined
        ? {}
        : { sha256: [[branch.hash, preimage]] }),
    });
  }
  for (const { value, scriptPubKey: script } of parts.outputs) {
    psbt.addOutput({ script, amount: BigInt(value) });
  }
  return { psbt: psbt.toPSBT(0), unsigned: makeTransaction(parts), fee, maxWeight };
}

/** Returns what a PSBT does and who has signed it; ContractError if it is not the contract's. */
export function viewContractSpend(contract: Contract, psbt: Uint8Array): ContractSpendView {
  const decoded = decodeContractPsbt(contract, psbt);
  const { unsigned, values } = decoded;
  const paid = sumMoney(
    unsigned.outputs.map(({ value }) => value),
    Number.MAX_SAFE_INTEGER,
  );
  const spent = sumMoney(values, Number.MAX_SAFE_INTEGER);
  if (paid === undefined || spent === undefined || paid > spent) {
    throw new ContractError("spend-funds", "the PSBT pays more than it spends");
  }
  const branches = contract.branches.map((branch) => progressOf(contract, branch, [decoded]));
  return { unsigned, values, fee: spent - paid, branches };
}

/**
 * Returns the PSBT with the signatures of `privateKey` for all of its inputs; signing again changes
 * nothing. ContractError if the key is not of the branch, or the PSBT could never spend by it.
 */
export function signContractPsbt(
  contract: Contract,
  branchName: string,
  psbt: Uint8Array,
  privateKey: Uint8Array,
): Uint8Array {
  const branch = getBranch(contract, branchName);
  const decoded = decodeContractPsbt(contract, psbt);
  checkBranchMeant(branch, decoded);

  const party = partyOf(branch, privateKey);
  const { status } = findSignatures(contract, [decoded], party);
  if (status === "wrong") throw wrongSignatures([party.name]);
  return refusing(() => {
    if (status === "missing") {
      for (const index of decoded.values.keys()) decoded.psbt.signIdx(privateKey, index);
    }
    return decoded.psbt.toPSBT();
  });
}

/** Returns one PSBT with the signatures of all; ContractError unless all spend the same way. */
export function combineContractPsbts(contract: Contract, psbts: readonly Uint8Array[]): Uint8Array {
  decodeAlike(contract, psbts);
  return refusing(() => PSBTCombine([...psbts], PSBT_OPTIONS));
}

/**
 * Returns the signed transaction that PSBTs of the same spend make together. ContractError says who
 * or what is missing or wrong. The secret may be in a PSBT instead.
 */
export function finishContractSpend(
  contract: Contract,
  branchName: string,
  psbts: readonly Uint8Array[],
  preimage?: Uint8Array,
): Transaction {
  const branch = getBranch(contract, branchName);
  const decoded = decodeAlike(contract, psbts);
  for (const each of decoded) checkBranchMeant(branch, each);
  const secret = getPreimage(branch, decoded, preimage);
  const signatures = getSignatures(contract, branch, decoded);

  const [{ unsigned, values }] = decoded;
  const tx = makeTransaction({
    ...unsigned,
    inputs: unsigned.inputs.map((input, index) => ({
      ...input,
      witness: branchWitness(
        contract,
        branch,
        signatures.map((each) => each[index] as Uint8Array),
        secret,
      ),
    })),
  });
  checkScripts(contract, tx, values);
  return tx;
}

/** Returns the secret that `tx`, which spends the contract by a hash, shows; undefined if none. */
export function findPreimage(contract: Contract, tx: Transaction): Uint8Array | undefined {
  const hashes = contract.branches.flatMap(({ hash }) => hash ?? []);
  for (const { witness } of tx.inputs) {
    const script = witness.at(-1);
    if (script === undefined || !equalBytes(script, contract.witnessScript)) continue;
    for (const item of witness) {
      if (hashes.some((hash) => isPreimage(item, hash))) return item;
    }
  }
  return undefined;
}

/** Decides the outputs: what is left goes to `restTo`, or to the fee if it is less than dust. */
function balance(plan: ContractSpendPlan, branch: ContractBranch) {
  const { contract, coins, outputs = [], restTo, feerate } = plan;
  const total = checkCoins(coins);
  const paid = checkOutputs(outputs);
  if (!(feerate >= 0 && feerate <= MAX_SPEND_FEERATE)) {
    throw new ContractError("spend-feerate", `a feerate is 0 to ${MAX_SPEND_FEERATE} sat/vB`, {
      least: 0,
      most: MAX_SPEND_FEERATE,
    });
  }
  const complete = (all: readonly TxOutput[]) => {
    const parts = unsignedParts(coins, all, branch);
    const { weight: maxWeight } = makeTransaction(withLargestWitness(parts, contract, branch));
    if (maxWeight > MAX_STANDARD_WEIGHT) throw tooLarge(maxWeight);
    return { parts, maxWeight, fee: feeAt(feerate, virtualSize(maxWeight)) };
  };

  const rest = { scriptPubKey: restTo, value: 0 };
  checkScript(restTo);
  const withRest = complete([...outputs, rest]);
  const value = total - paid - withRest.fee;
  if (value >= Math.max(1, dustThreshold(rest))) {
    const parts = { ...withRest.parts, outputs: [...outputs, { ...rest, value }] };
    return { ...withRest, parts };
  }
  const withoutRest = outputs.length === 0 ? withRest : complete(outputs);
  const left = total - paid - withoutRest.fee;
  if (outputs.length === 0 || left < 0) {
    throw new ContractError(
      "spend-funds",
      `${total} sat are too few for ${paid} sat and a fee of ${withoutRest.fee} sat`,
      { total, paid, fee: withoutRest.fee },
    );
  }
  return { ...withoutRest, fee: total - paid };
}

function unsignedParts(
  coins: readonly ContractCoin[],
  outputs: readonly TxOutput[],
  { lock }: ContractBranch,
): TransactionParts {
  const { version, lockTime, sequence } = lockFields(lock);
  const inputs = coins.map(({ outpoint }) => ({
    prevout: outpoint,
    scriptSig: NO_BYTES,
    sequence,
    witness: [],
  }));
  return { version, lockTime, inputs, outputs };
}

function withLargestWitness(
  parts: TransactionParts,
  contract: Contract,
  branch: ContractBranch,
): TransactionParts {
  const signatures = new Array(branch.threshold).fill(new Uint8Array(MAX_SIGNATURE_LENGTH));
  const preimage = branch.hash === undefined ? undefined : new Uint8Array(PREIMAGE_LENGTH);
  const witness = branchWitness(contract, branch, signatures, preimage);
  return { ...parts, inputs: parts.inputs.map((input) => ({ ...input, witness })) };
}

/** Returns the sum of the coins. */
function checkCoins(coins: readonly ContractCoin[]): number {
  if (coins.length === 0 || coins.length > MAX_COINS) {
    throw new ContractError("spend-coins", `1 to ${MAX_COINS} coins are spent at once`, {
      least: 1,
      most: MAX_COINS,
    });
  }
  const distinct = new Set(coins.map(({ outpoint }) => outpointKey(outpoint)));
  const total = sumMoney(
    coins.map(({ value }) => value),
    Number.MAX_SAFE_INTEGER,
  );
  if (distinct.size !== coins.length || total === undefined) {
    throw new ContractError("spend-coins", "a coin is spent once, and is a whole number of sat");
  }
  return total;
}

/** Returns the sum of the outputs. */
function checkOutputs(outputs: readonly TxOutput[]): number {
  for (const [vout, output] of outputs.entries()) {
    checkScript(output.scriptPubKey);
    const least = dustThreshold(output);
    if (!Number.isSafeInteger(output.value) || output.value < least) {
      throw new ContractError("spend-outputs", `output ${vout} is at least ${least} sat`, {
        vout,
        least,
      });
    }
  }
  const paid = sumMoney(
    outputs.map(({ value }) => value),
    Number.MAX_SAFE_INTEGER,
  );
  if (paid === undefined) throw new ContractError("spend-outputs", "the outputs are too much");
  return paid;
}

function checkScript({ length }: Uint8Array): void {
  if (length > 0 && length <= MAX_SCRIPT_SIZE) return;
  throw new ContractError("spend-outputs", `an output's script has 1 to ${MAX_SCRIPT_SIZE} bytes`);
}

function tooLarge(weight: number): ContractError {
  return new ContractError(
    "spend-too-large",
    `the transaction's weight would be ${weight}, at most ${MAX_STANDARD_WEIGHT} is relayed`,
    { weight, most: MAX_STANDARD_WEIGHT },
  );
}

function checkPreimage({ name, hash }: ContractBranch, preimage: Uint8Array): void {
  if (hash !== undefined && isPreimage(preimage, hash)) return;
  const message = hash === undefined ? `${name} needs no secret` : "the secret is another one";
  throw new ContractError("spend-preimage-wrong", message, { branch: name });
}

/** A signature for a transaction that can never spend by the branch helps nobody. */
function checkBranchMeant(branch: ContractBranch, psbt: ContractPsbt): void {
  if (areLocksMet(branch, psbt)) return;
  throw new ContractError(
    "spend-wrong-branch",
    `lock time or sequence numbers of the PSBT do not satisfy the lock of "${branch.name}"`,
    { branch: branch.name },
  );
}

function areLocksMet({ lock }: ContractBranch, { unsigned }: ContractPsbt): boolean {
  const { version, lockTime, inputs } = unsigned;
  return (
    lock === undefined ||
    inputs.every(({ sequence }) => isLockMet(lock, { version, lockTime, sequence }))
  );
}

function partyOf(branch: ContractBranch, privateKey: Uint8Array): ContractParty {
  const publicKey = isPrivateKey(privateKey) ? publicKeyOf(privateKey) : NO_BYTES;
  const party = branch.parties.find((each) => equalBytes(each.publicKey, publicKey));
  if (party !== undefined) return party;
  const names = branch.parties.map(({ name }) => name);
  throw new ContractError("spend-key-foreign", `the key is none of "${branch.name}"`, {
    branch: branch.name,
    names,
  });
}

function decodeAlike(
  contract: Contract,
  psbts: readonly Uint8Array[],
): readonly [ContractPsbt, ...ContractPsbt[]] {
  if (psbts.length > MAX_PSBTS) {
    throw new ContractError("spend-psbts-differ", `at most ${MAX_PSBTS} PSBTs are put together`);
  }
  const [first, ...others] = psbts.map((bytes) => decodeContractPsbt(contract, bytes));
  if (first === undefined) throw new ContractError("spend-psbts-differ", "there is no PSBT");
  for (const { unsigned, values } of others) {
    const isAlike =
      unsigned.txid === first.unsigned.txid &&
      values.every((value, index) => value === first.values[index]);
    if (!isAlike) throw new ContractError("spend-psbts-differ", "the PSBTs spend differently");
  }
  return [first, ...others];
}

function getPreimage(
  branch: ContractBranch,
  psbts: readonly ContractPsbt[],
  preimage: Uint8Array | undefined,
): Uint8Array | undefined {
  const { hash, name } = branch;
  if (preimage !== undefined) {
    checkPreimage(branch, preimage);
    return preimage;
  }
  if (hash === undefined) return undefined;
  for (const psbt of psbts) {
    const found = findPsbtPreimage(psbt, hash);
    if (found !== undefined) return found;
  }
  throw new ContractError("spend-preimage-missing", `"${name}" needs the secret`, { branch: name });
}

/** Returns, for as many parties as must sign, in the order of their keys, their signatures. */
function getSignatures(
  contract: Contract,
  branch: ContractBranch,
  psbts: readonly [ContractPsbt, ...ContractPsbt[]],
): readonly (readonly Uint8Array[])[] {
  const statuses = partiesByKey(branch).map((party) => findSignatures(contract, psbts, party));
  const signed = statuses.flatMap((each) => (each.status === "signed" ? [each.signatures] : []));
  if (signed.length >= branch.threshold) return signed.slice(0, branch.threshold);

  const { wrong, missing } = progressOf(contract, branch, psbts);
  if (wrong.length > 0) throw wrongSignatures(wrong);
  const needed = branch.threshold - signed.length;
  throw new ContractError(
    "spend-signatures-missing",
    `${needed} more must sign, of: ${missing.join(", ")}`,
    { branch: branch.name, missing, needed },
  );
}

function progressOf(
  contract: Contract,
  branch: ContractBranch,
  psbts: readonly [ContractPsbt, ...ContractPsbt[]],
): BranchProgress {
  const { name, threshold, hash } = branch;
  const statuses = branch.parties.map((party) => findSignatures(contract, psbts, party));
  return {
    name,
    isLockMet: areLocksMet(branch, psbts[0]),
    threshold,
    signed: namesOf(branch, statuses, "signed"),
    wrong: namesOf(branch, statuses, "wrong"),
    missing: namesOf(branch, statuses, "missing"),
    hasPreimage: hash === undefined || findPsbtPreimage(psbts[0], hash) !== undefined,
  };
}

function namesOf(
  { parties }: ContractBranch,
  statuses: readonly PartyStatus[],
  wanted: PartyStatus["status"],
): string[] {
  return parties.filter((_, index) => statuses[index]?.status === wanted).map(({ name }) => name);
}

function wrongSignatures(names: readonly string[]): ContractError {
  const message = `the signature of ${names.join(", ")} is not one of this transaction`;
  return new ContractError("spend-signature-wrong", message, { wrong: names });
}

/** Nothing leaves that our own interpreter would not let in. */
function checkScripts(contract: Contract, tx: Transaction, values: readonly number[]): void {
  const { scriptPubKey } = contract;
  const spentOutputs = values.map((value) => ({ value, scriptPubKey }));
  const cache = createSighashCache(tx);
  for (const inputIndex of tx.inputs.keys()) {
    const error = verifyInput({
      tx,
      inputIndex,
      spentOutputs,
      flags: STANDARD_FLAGS,
      cache,
      signatures: PORTABLE_SIGNATURES,
    });
    if (error !== undefined) throw new Error(`input ${inputIndex} does not verify: ${error}`);
  }
}

const NO_BYTES = new Uint8Array(0);
