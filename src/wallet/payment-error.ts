/**
 * The one error for a payment that cannot be made as it was asked for.
 *
 * Codes are part of the API; the facts are the numbers that a wallet shows beside the sentence.
 */

/** Why there is no plan. */
export type PaymentCode =
  /** A recipient would get less than it is worth to spend. */
  | "amount-is-dust"
  | "amount-out-of-range"
  /** What is to be sped up pays the feerate as it is. */
  | "already-pays-feerate"
  /** Two wishes that exclude each other. */
  | "conflicting-options"
  | "fee-too-high"
  | "feerate-out-of-range"
  | "feerate-too-low"
  /** The facts count what is worth its weight at the feerate, and need the fee of all that. */
  | "insufficient-funds"
  | "no-recipients"
  | "not-replaceable"
  /** More unconfirmed ancestors than are relayed. */
  | "too-long-mempool-chain"
  | "too-many-inputs"
  | "too-many-recipients"
  /** A coin was chosen that is not among those that can be spent. */
  | "unknown-coin";

/** What was compared: sats, counts and hashes by name. */
export type PaymentFacts = Readonly<Record<string, string | number>>;

/** A payment that cannot be made; the message is one plain sentence with the numbers in it. */
export class PaymentError extends Error {
  override readonly name = "PaymentError";
  readonly code: PaymentCode;
  readonly facts: PaymentFacts;

  constructor(code: PaymentCode, message: string, facts: PaymentFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}
