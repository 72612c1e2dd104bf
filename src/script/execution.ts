/**
 * What a script is run as: the rule sets of signatures, and what Tapscript adds to an execution.
 *
 * Types only, shared by the interpreter and the signature checker.
 */

/**
 * Which message a signature signs and which opcodes a script has: scripts without a witness,
 * version 0 witness scripts (BIP-0143), Tapscript (BIP-0342).
 */
export type SigVersion = RuleSet["sigVersion"];

/** What a script is run as; Tapscript alone has a state of its own. */
export type RuleSet =
  | { readonly sigVersion: "base" | "witness-v0"; readonly taproot?: undefined }
  | { readonly sigVersion: "tapscript"; readonly taproot: TaprootExecution };

/** What a version 1 witness contributes to signature messages (BIP-0341, BIP-0342). */
export interface TaprootExecution {
  /** SHA-256 of the annex with its compact size before it; undefined without an annex. */
  readonly annexHash: Uint8Array | undefined;
  /** Tagged hash of the leaf that is run; undefined in a key spend. */
  readonly leafHash: Uint8Array | undefined;
  /** Opcodes before the last executed OP_CODESEPARATOR, or NO_CODE_SEPARATOR. */
  codeSeparatorPosition: number;
  /** What is left of the budget that the witness's size grants; each signature costs 50. */
  validationWeightLeft: number;
}

/** `codeSeparatorPosition` before any OP_CODESEPARATOR was executed. */
export const NO_CODE_SEPARATOR = 0xffffffff;
