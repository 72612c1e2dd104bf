/**
 * Signatures of each kind there is, by one key and with any hash type: legacy, version 0 witness,
 * Taproot key spend.
 *
 * Signs what it is told to, valid or not; the messages are the product's, which published vectors
 * hold to Bitcoin's.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { signEcdsa } from "../../src/crypto/keys.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { scriptOf } from "../../src/primitives/address.ts";
import {
  makeTransaction,
  type Transaction,
  type TransactionParts,
  type TxInput,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { NO_CODE_SEPARATOR } from "../../src/script/execution.ts";
import { legacySighash } from "../../src/script/legacy-sighash.ts";
import { pushData } from "../../src/script/script.ts";
import { createSighashCache, SighashType } from "../../src/script/sighash.ts";
import { taprootSighash, witnessV0Sighash } from "../../src/script/witness-sighash.ts";
import { compactToDer, paymentKey } from "./payments.ts";

/** Everything that one signature is made of. */
export interface SigningJob {
  readonly tx: Transaction;
  readonly inputIndex: number;
  /** All outputs that `tx` spends, in input order. */
  readonly spentOutputs: readonly TxOutput[];
  readonly hashType: number;
}

/** A kind of output, and how to satisfy it. */
export interface SpendKind {
  readonly name: "legacy" | "witness-v0" | "taproot";
  readonly scriptPubKey: Uint8Array;
  /** Returns the signature, hash type included. */
  sign(job: SigningJob): Uint8Array;
  /** Returns where `signature` belongs. */
  satisfy(signature: Uint8Array): Pick<TxInput, "scriptSig" | "witness">;
}

/** The key of all kinds. */
export const SIGNING_KEY = paymentKey(0x2a);

const key = SIGNING_KEY;
const NO_BYTES = new Uint8Array(0);
const KEY_HASH_SCRIPT = concatBytes(
  Uint8Array.of(0x76, 0xa9, 0x14),
  key.scriptPubKey.subarray(2),
  Uint8Array.of(0x88, 0xac),
);

const withType = (signature: Uint8Array, hashType: number) =>
  concatBytes(signature, Uint8Array.of(hashType));

/** The kinds, all of one key. */
export const SPEND_KINDS: readonly SpendKind[] = [
  {
    name: "legacy",
    scriptPubKey: scriptOf({
      type: "p2pkh",
      witnessVersion: undefined,
      program: key.scriptPubKey.subarray(2),
    }),
    sign({ tx, inputIndex, hashType }) {
      const digest = legacySighash(createSighashCache(tx), inputIndex, KEY_HASH_SCRIPT, hashType);
      return withType(compactToDer(signEcdsa(digest, key.privateKey)), hashType);
    },
    satisfy: (signature) => ({
      scriptSig: concatBytes(pushData(signature), pushData(key.publicKey)),
      witness: [],
    }),
  },
  {
    name: "witness-v0",
    scriptPubKey: key.scriptPubKey,
    sign({ tx, inputIndex, spentOutputs, hashType }) {
      const { value } = spentOutputs[inputIndex] as TxOutput;
      const cache = createSighashCache(tx);
      const digest = witnessV0Sighash(cache, inputIndex, KEY_HASH_SCRIPT, value, hashType);
      return withType(compactToDer(signEcdsa(digest, key.privateKey)), hashType);
    },
    satisfy: (signature) => ({ scriptSig: NO_BYTES, witness: [signature, key.publicKey] }),
  },
  {
    name: "taproot",
    scriptPubKey: concatBytes(Uint8Array.of(0x51, 0x20), key.publicKey.subarray(1)),
    sign({ tx, inputIndex, spentOutputs, hashType }) {
      const digest = taprootSighash(createSighashCache(tx), inputIndex, spentOutputs, hashType, {
        annexHash: undefined,
        leafHash: undefined,
        codeSeparatorPosition: NO_CODE_SEPARATOR,
        validationWeightLeft: 0,
      });
      if (digest === undefined) throw new RangeError("nothing to sign under this hash type");
      const signature = schnorr.sign(digest, key.privateKey, new Uint8Array(32));
      return hashType === SighashType.DEFAULT ? signature : withType(signature, hashType);
    },
    satisfy: (signature) => ({ scriptSig: NO_BYTES, witness: [signature] }),
  },
];

/** Returns `parts` with every input signed as `kind` and `hashType` say. */
export function signAll(
  parts: TransactionParts,
  spentOutputs: readonly TxOutput[],
  kind: SpendKind,
  hashType: number = SighashType.ALL,
): Transaction {
  const tx = makeTransaction(parts);
  const inputs = tx.inputs.map((input, inputIndex) => ({
    ...input,
    ...kind.satisfy(kind.sign({ tx, inputIndex, spentOutputs, hashType })),
  }));
  return makeTransaction({ ...tx, inputs });
}
