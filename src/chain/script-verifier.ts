/**
 * Runs the scripts of a transaction's inputs, and remembers whose passed.
 *
 * A transaction checked for the mempool need not be checked again in its block, nor when a
 * reorganisation brings it back: more flags only forbid more. Remembered by wtxid, which covers the witness, so that a copy
 * with another witness is checked by itself (M-07).
 */

import { RuleError } from "../consensus/rule-error.ts";
import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import { BoundedMap } from "../lib/bounded.ts";
import type { Wtxid } from "../primitives/hash-id.ts";
import type { Transaction, TxOutput } from "../primitives/transaction.ts";
import { MANDATORY_FLAGS, type ScriptFlags } from "../script/flags.ts";
import { createSighashCache } from "../script/sighash.ts";
import { verifyInput } from "../script/verify-input.ts";

/** Transactions remembered: four full mempools' worth of blocks, 64 characters each. */
const REMEMBERED_TRANSACTIONS = 200_000;

export class ScriptVerifier {
  readonly #signatures: SignatureVerifier;
  /** The flags under which a transaction passed last: those of two passes may not be added up. */
  readonly #passed = new BoundedMap<Wtxid, ScriptFlags>(REMEMBERED_TRANSACTIONS);

  constructor(signatures: SignatureVerifier) {
    this.#signatures = signatures;
  }

  /**
   * Throws RuleError unless every input's scripts pass under `flags`. `spentOutputs` are in input order; none for a coinbase.
   */
  check(tx: Transaction, spentOutputs: readonly TxOutput[], flags = MANDATORY_FLAGS): void {
    const passed = this.#passed.get(tx.wtxid);
    if (passed !== undefined && (flags & ~passed) === 0) return;

    const cache = createSighashCache(tx);
    for (const inputIndex of spentOutputs.keys()) {
      const error = verifyInput({
        tx,
        inputIndex,
        spentOutputs,
        flags,
        cache,
        signatures: this.#signatures,
      });
      if (error !== undefined) {
        throw new RuleError(
          "script-verify-failed",
          `input ${inputIndex} of ${tx.txid} fails its script: ${error}`,
          { txid: tx.txid, input: inputIndex, scriptError: error },
        );
      }
    }
    if (spentOutputs.length > 0) this.#passed.set(tx.wtxid, flags);
  }
}
