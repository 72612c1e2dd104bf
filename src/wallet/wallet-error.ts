/**
 * What a wallet refuses, with a code for programs and a sentence for people.
 *
 * Of the wallet as a whole; its parts have errors of their own kind for what they alone judge. No
 * message ever holds a secret.
 */

/** Why a wallet refused. */
export type WalletErrorCode =
  | "wallet-not-found"
  | "wallet-watch-only"
  | "wallet-has-no-change"
  | "gap-limit"
  | "bad-recipient"
  | "unknown-recipient"
  | "draft-not-found"
  | "draft-not-open"
  | "draft-changed"
  | "client-id-reused"
  | "not-a-payment-of-this-wallet"
  | "transaction-refused"
  | "address-not-of-this-wallet"
  | "name-taken"
  | "contact-not-found"
  | "contract-not-found"
  | "contract-has-no-coins"
  | "key-not-of-this-wallet";

/** The numbers and names that a refusal is about. */
export type WalletFacts = Readonly<Record<string, string | number>>;

export class WalletError extends Error {
  override readonly name = "WalletError";
  readonly code: WalletErrorCode;
  readonly facts: WalletFacts;

  constructor(code: WalletErrorCode, message: string, facts: WalletFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}
