/**
 * The one door through which consensus, mempool and wallet ask whether an input may be spent.
 *
 * Knows neither coins nor heights: the outputs spent are handed in, and the flags say which rules
 * hold.
 */

import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import type { Transaction, TxOutput } from "../primitives/transaction.ts";
import type { ScriptFlags } from "./flags.ts";
import type { ScriptError } from "./script-error.ts";
import { inputAt, type SighashCache } from "./sighash.ts";
import { TransactionSignatureChecker } from "./signature-checker.ts";
import { verifyScript } from "./verify-script.ts";

/** An input to verify, and what with. */
export interface InputVerification {
  readonly tx: Transaction;
  readonly inputIndex: number;
  /** All outputs that `tx` spends, in input order: Taproot signatures commit to every one. */
  readonly spentOutputs: readonly TxOutput[];
  readonly flags: ScriptFlags;
  /** Made of the same `tx`, and shared by all of its inputs. */
  readonly cache: SighashCache;
  readonly signatures: SignatureVerifier;
}

/**
 * Returns why the scripts of one input do not let it spend its output, or undefined if they do.
 * Throws RangeError if there is no such input or output, which is the caller's mistake.
 */
export function verifyInput({
  tx,
  inputIndex,
  spentOutputs,
  flags,
  cache,
  signatures,
}: InputVerification): ScriptError | undefined {
  const checker = new TransactionSignatureChecker({
    tx,
    inputIndex,
    spentOutputs,
    sighashCache: cache,
    signatures,
  });
  const { scriptSig, witness } = inputAt(tx, inputIndex);
  // The checker has made sure that the output is there.
  const { scriptPubKey } = spentOutputs[inputIndex] as TxOutput;
  return verifyScript(scriptSig, scriptPubKey, witness, flags, checker);
}
