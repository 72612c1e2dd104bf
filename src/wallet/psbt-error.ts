/**
 * Why a PSBT is refused, in codes.
 *
 * Every failure of the library passes through guard(), so that none shows what it was given.
 */

/** What is wrong with a PSBT, or with what is to be done with it. */
export type PsbtProblem =
  /** Neither PSBT version 0 nor 2, or not consistent in itself. */
  | "format"
  | "too-large"
  /** Two inputs spend the same output. */
  | "duplicate-input"
  /** An amount is beyond 2^53, or outputs are worth more than inputs. */
  | "amount"
  /** An input does not say what it spends; P2PKH and P2SH need the whole previous transaction. */
  | "missing-output"
  /** What an input says it spends is not what the chain has. */
  | "wrong-output"
  /** PSBTs of different transactions, or that contradict each other. */
  | "mismatch"
  /** An input of ours asks for a signature that leaves something open. */
  | "sighash"
  /** Signatures are missing, or are of a script that cannot be completed here. */
  | "incomplete"
  /** A signature, or whatever completes an input, does not satisfy its script. */
  | "invalid-signature";

/** A PSBT that is refused. */
export class PsbtError extends Error {
  override readonly name = "PsbtError";
  readonly code: PsbtProblem;
  /** The input concerned, if it is one. */
  readonly inputIndex: number | undefined;

  constructor(code: PsbtProblem, message: string, inputIndex?: number) {
    super(message);
    this.code = code;
    this.inputIndex = inputIndex;
  }
}

/** Runs what the library does, and says its failure in our words: its own may show values. */
export function guard<T>(code: keyof typeof FAILURES, work: () => T, inputIndex?: number): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PsbtError) throw error;
    throw new PsbtError(code, FAILURES[code], inputIndex);
  }
}

const FAILURES = {
  format: "this is no PSBT, or a damaged one",
  incomplete: "signatures are missing, or are of a script that cannot be completed here",
  mismatch: "these PSBTs are not of one transaction, or contradict each other",
} as const;
