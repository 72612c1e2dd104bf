/**
 * What each broken rule and each violation of the protocol costs its sender.
 *
 * Pure: rules do not know that anybody sent what they judge, and this page does not know who did.
 * A new RuleCode does not compile until it is judged here.
 */

import type { RuleCode } from "../consensus/rule-error.ts";

/** Points at which a peer is disconnected and discouraged. */
export const SCORE_LIMIT = 100;

/** Milliseconds in which half of a score is forgotten. */
export const SCORE_HALF_LIFE_MS = 60_000;

/**
 * How something came. A compact block may be passed on as soon as its header's work is checked
 * (BIP-0152), so what is wrong with its body is no fault of its sender.
 */
export type Carrier = "header" | "block" | "compact-block" | "transaction";

/** What breaking a rule costs, in points, by how the breach came. */
export type Penalty = Readonly<Record<Carrier, number>>;

/** Nobody's fault, or a matter of opinion: clocks, fees, relay rules (P-17). */
const NOTHING: Penalty = { header: 0, block: 0, "compact-block": 0, transaction: 0 };

/** No honest node passes on a header without having checked it. */
const HEADER: Penalty = { header: 100, block: 100, "compact-block": 100, transaction: 0 };

/** A whole body is sent by those alone who have checked it. */
const BODY: Penalty = { header: 0, block: 100, "compact-block": 0, transaction: 0 };

/**
 * Perhaps another body than the header's own, so its sender made it: a frame's checksum rules out
 * that the line did. What it costs is never held against the hash (P-08, `isMutation`).
 */
const MUTATED_BODY: Penalty = BODY;

/** An honest node may have passed on the compact block before it, too, saw what was wrong (P-16). */
const KNOWN_INVALID: Penalty = { header: 100, block: 100, "compact-block": 0, transaction: 0 };

/** As wrong alone as in a block, whatever the chain; a node checks before it passes it on. */
const TRANSACTION: Penalty = { header: 0, block: 100, "compact-block": 0, transaction: 20 };

/** Wrong in a block; alone it may come from a node whose tip is another one. */
const TIP_DEPENDENT: Penalty = { header: 0, block: 100, "compact-block": 0, transaction: 0 };

const PENALTIES: Record<RuleCode, Penalty> = {
  "bad-blk-length": BODY,
  "bad-blk-sigops": BODY,
  "bad-blk-weight": BODY,
  "bad-cb-amount": BODY,
  "bad-cb-height": BODY,
  "bad-cb-length": TRANSACTION,
  "bad-cb-missing": MUTATED_BODY,
  "bad-cb-multiple": BODY,
  "bad-diffbits": HEADER,
  "bad-prevblk": HEADER,
  "bad-txnmrklroot": MUTATED_BODY,
  "bad-txns-bip30": BODY,
  "bad-txns-duplicate": MUTATED_BODY,
  "bad-txns-fee-outofrange": TRANSACTION,
  "bad-txns-in-belowout": TRANSACTION,
  "bad-txns-inputs-duplicate": TRANSACTION,
  "bad-txns-inputs-missingorspent": TIP_DEPENDENT,
  "bad-txns-inputvalues-outofrange": TRANSACTION,
  "bad-txns-legacy-sigops": TRANSACTION,
  "bad-txns-nonfinal": TIP_DEPENDENT,
  "bad-txns-oversize": TRANSACTION,
  "bad-txns-premature-spend-of-coinbase": TIP_DEPENDENT,
  "bad-txns-prevout-null": TRANSACTION,
  "bad-txns-txouttotal-toolarge": TRANSACTION,
  "bad-txns-undersize": TRANSACTION,
  "bad-txns-vin-empty": TRANSACTION,
  "bad-txns-vout-empty": TRANSACTION,
  "bad-txns-vout-negative": TRANSACTION,
  "bad-txns-vout-toolarge": TRANSACTION,
  "bad-version": HEADER,
  "bad-witness-merkle-match": MUTATED_BODY,
  "bad-witness-nonce-size": MUTATED_BODY,
  "duplicate-invalid": KNOWN_INVALID,
  "high-hash": HEADER,
  "script-verify-failed": TRANSACTION,
  "time-timewarp-attack": HEADER,
  // Ours may be the clock that is wrong.
  "time-too-new": NOTHING,
  "time-too-old": HEADER,
  "unexpected-witness": MUTATED_BODY,

  "bad-txns-nonstandard-inputs": NOTHING,
  "bad-txns-spends-conflicting-tx": NOTHING,
  "bad-txns-too-many-sigops": NOTHING,
  "bad-witness-nonstandard": NOTHING,
  "bare-multisig": NOTHING,
  coinbase: NOTHING,
  datacarrier: NOTHING,
  dust: NOTHING,
  "insufficient-fee": NOTHING,
  "max-fee-exceeded": NOTHING,
  "mempool-full": NOTHING,
  "mempool-min-fee-not-met": NOTHING,
  "min-relay-fee-not-met": NOTHING,
  "missing-inputs": NOTHING,
  "non-bip68-final": NOTHING,
  "non-final": NOTHING,
  "replacement-adds-unconfirmed": NOTHING,
  scriptpubkey: NOTHING,
  "scriptsig-not-pushonly": NOTHING,
  "scriptsig-size": NOTHING,
  "too-long-mempool-chain": NOTHING,
  "too-many-replacements": NOTHING,
  "tx-size": NOTHING,
  "tx-size-small": NOTHING,
  "txn-already-in-mempool": NOTHING,
  "txn-already-known": NOTHING,
  "txn-same-nonwitness-data-in-mempool": NOTHING,
  version: NOTHING,
};

/** Points for whoever sent, as `carrier`, what broke the rule `code`. */
export function penaltyFor(code: RuleCode, carrier: Carrier): number {
  return PENALTIES[code][carrier];
}

/** What a peer can do wrong without breaking a rule of blocks and transactions. */
export type Violation =
  | "bad-identity-proof"
  | "bad-signature-flood"
  | "disordered-headers"
  | "inventory-flood"
  | "malformed-message"
  | "oversize-message"
  | "ping-flood"
  | "transaction-flood"
  | "unconnected-headers"
  | "unrequested-block"
  | "useless-notfound";

/** 100 ends it at once; less is for what an honest peer may do now and then. */
const VIOLATION_POINTS: Record<Violation, number> = {
  "bad-identity-proof": 100,
  "bad-signature-flood": 100,
  "disordered-headers": 100,
  "inventory-flood": 1,
  "malformed-message": 100,
  "oversize-message": 100,
  "ping-flood": 5,
  // One message each: a peer that goes on is out after a hundred within some seconds.
  "transaction-flood": 1,
  // Ten in a row and the peer is out, also if they take a few seconds.
  "unconnected-headers": 11,
  "unrequested-block": 10,
  "useless-notfound": 1,
};

/** Points for a violation of the protocol. */
export function violationPoints(violation: Violation): number {
  return VIOLATION_POINTS[violation];
}

/** Points of one peer at one moment; `at` is in milliseconds that do not go back. */
export interface Score {
  readonly points: number;
  readonly at: number;
}

/** The score of a peer that has done nothing wrong. */
export const CLEAN_SCORE: Score = { points: 0, at: 0 };

/** Points left of `score` at the moment `now`. */
export function pointsAt({ points, at }: Score, now: number): number {
  return points * 2 ** (-Math.max(0, now - at) / SCORE_HALF_LIFE_MS);
}

/** The score after `points` more. Adding 0 changes nothing. */
export function raiseScore(score: Score, points: number, now: number): Score {
  return { points: pointsAt(score, now) + points, at: Math.max(score.at, now) };
}

/** True once a peer must go. */
export function isOverLimit(score: Score, now: number): boolean {
  return pointsAt(score, now) >= SCORE_LIMIT;
}
