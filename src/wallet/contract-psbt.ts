/**
 * PSBTs (BIP-0174) that spend from one contract, as other parties send them: decoded within bounds,
 * compared with the contract, and every signature in them verified.
 *
 * What is done with them is the business of contract-spend.ts; nothing here signs.
 */

import { getPrevOut, Transaction as Psbt } from "@scure/btc-signer/transaction.js";
import { sha256 } from "../crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../crypto/signature-verifier.ts";
import { equalBytes } from "../lib/bytes.ts";
import { decodeAll } from "../lib/codec.ts";
import { decodeTransaction, type Transaction } from "../primitives/transaction.ts";
import { STANDARD_FLAGS } from "../script/flags.ts";
import { createSighashCache, SighashType } from "../script/sighash.ts";
import { checkSignatureEncoding, toCompactLowS } from "../script/signature-encoding.ts";
import { witnessV0Sighash } from "../script/witness-sighash.ts";
import { type Contract, type ContractParty, PREIMAGE_LENGTH } from "./contract.ts";
import { ContractError } from "./contract-error.ts";

/** Bytes of a PSBT: some ten times what the largest transaction that is relayed has. */
export const MAX_PSBT_BYTES = 1_000_000;

/** Characters of what the library says about a PSBT; it may quote it. */
const MAX_REASON_LENGTH = 200;

/** Unknown scripts are the contract's own; what others added to a PSBT goes on with it. */
export const PSBT_OPTIONS = {
  allowUnknownInputs: true,
  allowUnknownOutputs: true,
  unknown: "ignore",
} as const;

/** One input's part of a PSBT, by the library's names. */
export type PsbtInput = ReturnType<Psbt["getInput"]>;

/** A PSBT whose inputs all spend coins of the contract. */
export interface ContractPsbt {
  readonly psbt: Psbt;
  readonly inputs: readonly PsbtInput[];
  /** What signatures are for: without any witness. */
  readonly unsigned: Transaction;
  /** In sat, of the coins spent, in input order; what the PSBT says of them, and signatures cover. */
  readonly values: readonly number[];
}

/** Whether a party has signed: `wrong` if there is a signature which is none of theirs. */
export type PartyStatus =
  | { readonly status: "signed"; readonly signatures: readonly Uint8Array[] }
  | { readonly status: "missing" }
  | { readonly status: "wrong" };

/** Returns what `act` does with a PSBT of another party; its exceptions become ContractError. */
export function refusing<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, MAX_REASON_LENGTH) : "unknown";
    throw malformed(reason);
  }
}

/** Decodes a PSBT; ContractError unless all that it spends are coins of `contract`, signed ALL. */
export function decodeContractPsbt(contract: Contract, bytes: Uint8Array): ContractPsbt {
  const psbt = decodePsbt(bytes);
  const inputs = Array.from({ length: psbt.inputsLength }, (_, index) => psbt.getInput(index));
  if (inputs.length === 0) throw malformed("it spends nothing");
  const values = inputs.map((input, index) => checkInput(contract, input, index));
  const { witnessScript } = contract;
  const unsigned = refusing(() => {
    // Whoever made it need not have known the script; another one does not fit the coin's hash.
    for (const index of inputs.keys()) psbt.updateInput(index, { witnessScript }, true);
    return decodeAll(psbt.unsignedTx, decodeTransaction);
  });
  return { psbt, inputs, unsigned, values };
}

/** Returns the signatures of `party` for all inputs, in their order, or what keeps them. */
export function findSignatures(
  { witnessScript }: Contract,
  psbts: readonly [ContractPsbt, ...ContractPsbt[]],
  { publicKey }: ContractParty,
): PartyStatus {
  const [{ unsigned, values }] = psbts;
  const cache = createSighashCache(unsigned);
  const signatures: Uint8Array[] = [];
  let status: "missing" | "wrong" = "missing";
  for (const [index, value] of values.entries()) {
    const given = psbts.flatMap(({ inputs }) => signaturesBy(publicKey, inputs[index]));
    const digest = witnessV0Sighash(cache, index, witnessScript, value, SighashType.ALL);
    const valid = given.find((signature) => isSignatureOf(signature, digest, publicKey));
    if (valid !== undefined) signatures.push(valid);
    else if (given.length > 0) status = "wrong";
  }
  return signatures.length === values.length ? { status: "signed", signatures } : { status };
}

/** Returns the secret of `hash` that a PSBT carries (PSBT_IN_SHA256), or undefined. */
export function findPsbtPreimage(
  { inputs }: ContractPsbt,
  hash: Uint8Array,
): Uint8Array | undefined {
  const preimages = inputs.flatMap(({ sha256: known = [] }) => known.map(([, secret]) => secret));
  return preimages.find((preimage) => isPreimage(preimage, hash));
}

/** True for the secret of a hash lock. */
export function isPreimage(preimage: Uint8Array, hash: Uint8Array): boolean {
  return preimage.length === PREIMAGE_LENGTH && equalBytes(sha256(preimage), hash);
}

function decodePsbt(bytes: Uint8Array): Psbt {
  if (bytes.length > MAX_PSBT_BYTES) throw malformed(`it has more than ${MAX_PSBT_BYTES} bytes`);
  return refusing(() => Psbt.fromPSBT(bytes, PSBT_OPTIONS));
}

/** Returns the value of the coin that an input spends. */
function checkInput(contract: Contract, input: PsbtInput, index: number): number {
  const { script, amount } = readPrevOut(input, index);
  if (!equalBytes(script, contract.scriptPubKey)) {
    throw foreign(index, "spends a coin that is not the contract's");
  }
  const { sighashType = SighashType.ALL } = input;
  if (sighashType !== SighashType.ALL) {
    throw foreign(index, "asks for signatures that do not cover everything");
  }
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("an amount is beyond all money");
  return Number(amount);
}

function readPrevOut(input: PsbtInput, index: number): ReturnType<typeof getPrevOut> {
  try {
    return getPrevOut(input);
  } catch {
    throw foreign(index, "does not say what it spends");
  }
}

function signaturesBy(publicKey: Uint8Array, input: PsbtInput | undefined): Uint8Array[] {
  const all = input?.partialSig ?? [];
  return all.filter(([key]) => equalBytes(key, publicKey)).map(([, signature]) => signature);
}

function isSignatureOf(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.at(-1) !== SighashType.ALL) return false;
  if (checkSignatureEncoding(signature, STANDARD_FLAGS) !== undefined) return false;
  const compact = toCompactLowS(signature.subarray(0, -1));
  return compact !== undefined && PORTABLE_SIGNATURES.verifyEcdsa(compact, digest, publicKey);
}

function malformed(what: string): ContractError {
  return new ContractError("spend-psbt-malformed", `not a PSBT to spend with: ${what}`);
}

function foreign(input: number, what: string): ContractError {
  return new ContractError("spend-psbt-foreign", `input ${input} ${what}`, { input });
}
