/**
 * The one error for bytes that decode but break a rule, and the list of rules that can be broken.
 *
 * Codes are Bitcoin Core's reject reasons where one exists (lower case, hyphens for spaces). They
 * are part of the API and do not change. What breaking one costs its sender is not decided here.
 */

/** Rules of blocks and transactions on which all nodes of a network agree. */
export type ConsensusCode =
  | "bad-blk-length"
  | "bad-blk-sigops"
  | "bad-blk-weight"
  | "bad-cb-amount"
  | "bad-cb-height"
  | "bad-cb-length"
  | "bad-cb-missing"
  | "bad-cb-multiple"
  | "bad-diffbits"
  | "bad-prevblk"
  | "bad-txnmrklroot"
  | "bad-txns-bip30"
  | "bad-txns-duplicate"
  | "bad-txns-fee-outofrange"
  | "bad-txns-in-belowout"
  | "bad-txns-inputs-duplicate"
  | "bad-txns-inputs-missingorspent"
  | "bad-txns-inputvalues-outofrange"
  | "bad-txns-legacy-sigops"
  | "bad-txns-nonfinal"
  | "bad-txns-oversize"
  | "bad-txns-premature-spend-of-coinbase"
  | "bad-txns-prevout-null"
  | "bad-txns-txouttotal-toolarge"
  | "bad-txns-undersize"
  | "bad-txns-vin-empty"
  | "bad-txns-vout-empty"
  | "bad-txns-vout-negative"
  | "bad-txns-vout-toolarge"
  | "bad-version"
  | "bad-witness-merkle-match"
  | "bad-witness-nonce-size"
  | "duplicate-invalid"
  | "high-hash"
  | "script-verify-failed"
  | "time-timewarp-attack"
  | "time-too-new"
  | "time-too-old"
  | "unexpected-witness";

/** What this node's mempool refuses though a block may hold it. */
export type PolicyCode =
  | "bad-txns-nonstandard-inputs"
  | "bad-txns-spends-conflicting-tx"
  | "bad-txns-too-many-sigops"
  | "bad-witness-nonstandard"
  | "bare-multisig"
  | "coinbase"
  | "datacarrier"
  | "dust"
  | "insufficient-fee"
  | "max-fee-exceeded"
  | "mempool-full"
  | "mempool-min-fee-not-met"
  | "min-relay-fee-not-met"
  | "missing-inputs"
  | "non-bip68-final"
  | "non-final"
  | "replacement-adds-unconfirmed"
  | "scriptpubkey"
  | "scriptsig-not-pushonly"
  | "scriptsig-size"
  | "too-long-mempool-chain"
  | "too-many-replacements"
  | "tx-size"
  | "tx-size-small"
  | "txn-already-in-mempool"
  | "txn-already-known"
  | "txn-same-nonwitness-data-in-mempool"
  | "version";

export type RuleCode = ConsensusCode | PolicyCode;

/** What was compared: numbers and hashes by name, shown as they are by the API. */
export type RuleFacts = Readonly<Record<string, string | number>>;

/** Valid bytes that break a rule. The message is one plain sentence with both values in it. */
export class RuleError extends Error {
  override readonly name = "RuleError";
  readonly code: RuleCode;
  readonly facts: RuleFacts;

  constructor(code: RuleCode, message: string, facts: RuleFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/**
 * Rules that a false body can break under an honest header. A block refused for one of them was
 * perhaps mutated on its way: its hash must never be remembered as invalid (CVE-2012-2459, P-08).
 */
const MUTATION_CODES: ReadonlySet<RuleCode> = new Set<RuleCode>([
  // 64 bytes that are two txids can pass for one transaction under the same root (CVE-2017-12842).
  // Its first input would have to be null to pass for a coinbase too, which nobody can arrange.
  "bad-cb-missing",
  "bad-txnmrklroot",
  "bad-txns-duplicate",
  "bad-witness-merkle-match",
  "bad-witness-nonce-size",
  "unexpected-witness",
]);

/** True if `error` says nothing about the header that the body came with. */
export function isMutation(error: RuleError): boolean {
  return MUTATION_CODES.has(error.code);
}
