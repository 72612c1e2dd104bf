/**
 * What breaking each rule costs, and how scores fade.
 *
 * A new PolicyCode does not compile here until somebody has looked at it.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type ConsensusCode,
  isMutation,
  type PolicyCode,
  RuleError,
} from "../../../src/consensus/rule-error.ts";
import {
  CLEAN_SCORE,
  isOverLimit,
  penaltyFor,
  pointsAt,
  raiseScore,
  SCORE_HALF_LIFE_MS,
  SCORE_LIMIT,
  type Violation,
  violationPoints,
} from "../../../src/p2p/misbehavior.ts";

const CARRIERS = ["header", "block", "compact-block", "transaction"] as const;

const POLICY_CODES: Record<PolicyCode, true> = {
  "bad-txns-nonstandard-inputs": true,
  "bad-txns-spends-conflicting-tx": true,
  "bad-txns-too-many-sigops": true,
  "bad-witness-nonstandard": true,
  "bare-multisig": true,
  coinbase: true,
  datacarrier: true,
  dust: true,
  "insufficient-fee": true,
  "max-fee-exceeded": true,
  "mempool-full": true,
  "mempool-min-fee-not-met": true,
  "min-relay-fee-not-met": true,
  "missing-inputs": true,
  "non-bip68-final": true,
  "non-final": true,
  "replacement-adds-unconfirmed": true,
  scriptpubkey: true,
  "scriptsig-not-pushonly": true,
  "scriptsig-size": true,
  "too-long-mempool-chain": true,
  "too-many-replacements": true,
  "tx-size": true,
  "tx-size-small": true,
  "txn-already-in-mempool": true,
  "txn-already-known": true,
  "txn-same-nonwitness-data-in-mempool": true,
  version: true,
};

/** What each consensus rule costs in a header, a block, a compact block, a transaction. */
const CONSENSUS_COSTS: Record<ConsensusCode, readonly [number, number, number, number]> = {
  "bad-blk-length": [0, 100, 0, 0],
  "bad-blk-sigops": [0, 100, 0, 0],
  "bad-blk-weight": [0, 100, 0, 0],
  "bad-cb-amount": [0, 100, 0, 0],
  "bad-cb-height": [0, 100, 0, 0],
  "bad-cb-length": [0, 100, 0, 20],
  "bad-cb-missing": [0, 100, 0, 0],
  "bad-cb-multiple": [0, 100, 0, 0],
  "bad-diffbits": [100, 100, 100, 0],
  "bad-prevblk": [100, 100, 100, 0],
  "bad-txnmrklroot": [0, 100, 0, 0],
  "bad-txns-bip30": [0, 100, 0, 0],
  "bad-txns-duplicate": [0, 100, 0, 0],
  "bad-txns-fee-outofrange": [0, 100, 0, 20],
  "bad-txns-in-belowout": [0, 100, 0, 20],
  "bad-txns-inputs-duplicate": [0, 100, 0, 20],
  "bad-txns-inputs-missingorspent": [0, 100, 0, 0],
  "bad-txns-inputvalues-outofrange": [0, 100, 0, 20],
  "bad-txns-legacy-sigops": [0, 100, 0, 20],
  "bad-txns-nonfinal": [0, 100, 0, 0],
  "bad-txns-oversize": [0, 100, 0, 20],
  "bad-txns-premature-spend-of-coinbase": [0, 100, 0, 0],
  "bad-txns-prevout-null": [0, 100, 0, 20],
  "bad-txns-txouttotal-toolarge": [0, 100, 0, 20],
  "bad-txns-undersize": [0, 100, 0, 20],
  "bad-txns-vin-empty": [0, 100, 0, 20],
  "bad-txns-vout-empty": [0, 100, 0, 20],
  "bad-txns-vout-negative": [0, 100, 0, 20],
  "bad-txns-vout-toolarge": [0, 100, 0, 20],
  "bad-version": [100, 100, 100, 0],
  "bad-witness-merkle-match": [0, 100, 0, 0],
  "bad-witness-nonce-size": [0, 100, 0, 0],
  "duplicate-invalid": [100, 100, 0, 0],
  "high-hash": [100, 100, 100, 0],
  "script-verify-failed": [0, 100, 0, 20],
  "time-timewarp-attack": [100, 100, 100, 0],
  "time-too-new": [0, 0, 0, 0],
  "time-too-old": [100, 100, 100, 0],
  "unexpected-witness": [0, 100, 0, 0],
};

describe("penaltyFor", () => {
  test.each(Object.keys(POLICY_CODES) as PolicyCode[])("P-17: %s costs nothing", (code) => {
    for (const carrier of CARRIERS) expect(penaltyFor(code, carrier)).toBe(0);
  });

  test("P-17: a block ahead of our clock costs nothing", () => {
    for (const carrier of CARRIERS) expect(penaltyFor("time-too-new", carrier)).toBe(0);
  });

  test.each(Object.entries(CONSENSUS_COSTS))("%s costs what it should", (code, costs) => {
    expect(CARRIERS.map((carrier) => penaltyFor(code as ConsensusCode, carrier))).toEqual([
      ...costs,
    ]);
  });

  test("P-05: a mutated body costs its sender, and never those who passed on a compact block", () => {
    const codes = Object.keys(CONSENSUS_COSTS) as ConsensusCode[];
    const mutations = codes.filter((code) => isMutation(new RuleError(code, "")));
    expect(mutations.length).toBeGreaterThan(0);
    for (const code of mutations) {
      expect(penaltyFor(code, "block")).toBe(SCORE_LIMIT);
      expect(penaltyFor(code, "compact-block")).toBe(0);
      expect(penaltyFor(code, "header")).toBe(0);
    }
  });
});

describe("violationPoints", () => {
  test.each(["malformed-message", "oversize-message", "bad-identity-proof", "disordered-headers"])(
    "%s ends it at once",
    (violation) => {
      const score = raiseScore(CLEAN_SCORE, violationPoints(violation as Violation), 5_000);
      expect(isOverLimit(score, 5_000)).toBe(true);
    },
  );

  test.each([
    ["unrequested-block", 10],
    ["unconnected-headers", 10],
    ["useless-notfound", 100],
    ["transaction-flood", 100],
    ["inventory-flood", 100],
  ] as const)(
    "%s may happen now and then, but not %d times within two seconds",
    (violation, count) => {
      let quick = CLEAN_SCORE;
      let slow = CLEAN_SCORE;
      for (let time = 1; time <= count; time++) {
        expect(isOverLimit(quick, time)).toBe(false);
        quick = raiseScore(quick, violationPoints(violation), time);
        slow = raiseScore(slow, violationPoints(violation), time * SCORE_HALF_LIFE_MS);
        expect(isOverLimit(slow, time * SCORE_HALF_LIFE_MS)).toBe(false);
      }
      // The last few milliseconds have already taken a little off.
      expect(pointsAt(quick, count)).toBeGreaterThan(SCORE_LIMIT - 0.1);
    },
  );
});

describe("raiseScore", () => {
  test("halves in a minute", () => {
    const score = raiseScore(CLEAN_SCORE, 80, 1_000);
    expect(pointsAt(score, 1_000 + SCORE_HALF_LIFE_MS)).toBeCloseTo(40);
    expect(pointsAt(score, 1_000 + 3 * SCORE_HALF_LIFE_MS)).toBeCloseTo(10);
  });

  test("does not depend on how often it was looked at, and never goes up by itself", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 0, max: 60 })), {
          minLength: 1,
          maxLength: 30,
        }),
        (steps) => {
          let now = 0;
          let score = CLEAN_SCORE;
          let looked = CLEAN_SCORE;
          let sum = 0;
          for (const [passMs, points] of steps) {
            for (const part of [0.25, 0.5]) looked = raiseScore(looked, 0, now + passMs * part);
            const before = pointsAt(score, now);
            now += passMs;
            expect(pointsAt(score, now)).toBeLessThanOrEqual(before);
            score = raiseScore(score, points, now);
            looked = raiseScore(looked, points, now);
            sum += points;
          }
          expect(pointsAt(looked, now)).toBeCloseTo(pointsAt(score, now), 6);
          expect(pointsAt(score, now)).toBeLessThanOrEqual(sum + 1e-9);
        },
      ),
    );
  });
});
