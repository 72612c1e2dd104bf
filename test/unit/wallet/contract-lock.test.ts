/** Locks at their limits: in a transaction, in the chain, and in words. */

import { describe, expect, test } from "bun:test";
import { getBranch } from "../../../src/wallet/contract.ts";
import {
  isLockMet,
  isRelative,
  type Lock,
  type LockFields,
  type LockState,
  lockFields,
  lockNumber,
  lockStateAt,
} from "../../../src/wallet/contract-lock.ts";
import { describeBranch, formatDate, formatDuration } from "../../../src/wallet/contract-words.ts";
import { example } from "../../support/contracts.ts";

const HEIGHT: Lock = { unit: "height", value: 1_200 };
const TIME: Lock = { unit: "time", value: 1_700_000_000 };
const BLOCKS: Lock = { unit: "blocks", value: 10 };
const SECONDS: Lock = { unit: "seconds", value: 1_024 };

describe("lockNumber", () => {
  test("is what scripts and transactions hold", () => {
    expect([HEIGHT, TIME, BLOCKS, SECONDS].map(lockNumber)).toEqual([
      1_200, 1_700_000_000, 10, 0x400002,
    ]);
    expect([HEIGHT, TIME, BLOCKS, SECONDS].map(isRelative)).toEqual([false, false, true, true]);
  });
});

describe("isLockMet", () => {
  const met = (lock: Lock, changes: Partial<LockFields>) =>
    isLockMet(lock, { ...lockFields(lock), ...changes });

  test.each([HEIGHT, TIME, BLOCKS, SECONDS])("holds for the fields made for it: %j", (lock) => {
    expect(met(lock, {})).toBe(true);
    expect(isLockMet(lock, lockFields(undefined))).toBe(false);
  });

  test("compares lock times of the same kind, while the input is not final", () => {
    expect(met(HEIGHT, { lockTime: 1_199 })).toBe(false);
    expect(met(HEIGHT, { lockTime: 1_201 })).toBe(true);
    expect(met(HEIGHT, { lockTime: 1_700_000_000 })).toBe(false);
    expect(met(TIME, { lockTime: 499_999_999 })).toBe(false);
    expect(met(TIME, { lockTime: 1_699_999_999 })).toBe(false);
    expect(met(HEIGHT, { sequence: 0xffffffff })).toBe(false);
    expect(met(HEIGHT, { sequence: 0xfffffffe, version: 1 })).toBe(true);
  });

  test("compares sequence numbers of the same kind, from version 2 on", () => {
    expect(met(BLOCKS, { sequence: 9 })).toBe(false);
    expect(met(BLOCKS, { sequence: 11 })).toBe(true);
    expect(met(BLOCKS, { sequence: 0x400000 | 11 })).toBe(false);
    expect(met(SECONDS, { sequence: 2 })).toBe(false);
    expect(met(SECONDS, { sequence: 0x400001 })).toBe(false);
    expect(met(BLOCKS, { sequence: 0x8000000a })).toBe(false);
    expect(met(BLOCKS, { version: 1 })).toBe(false);
    // Bits without a meaning are not compared.
    expect(met(BLOCKS, { sequence: 0x00110000 | 10 })).toBe(true);
  });
});

describe("lockStateAt", () => {
  const moment = {
    height: 1_100,
    medianTime: 1_699_999_000,
    coinHeight: 1_099,
    coinTime: 1_699_998_000,
  };
  const waiting = (what: "blocks" | "seconds", at: number, left: number): LockState => ({
    status: "waiting",
    for: what,
    at,
    left,
  });

  test("says what is left, and when it is over", () => {
    expect(lockStateAt(undefined, moment)).toEqual({ status: "open" });
    expect(lockStateAt(HEIGHT, moment)).toEqual(waiting("blocks", 1_200, 100));
    expect(lockStateAt(TIME, moment)).toEqual(waiting("seconds", 1_700_000_001, 1_001));
    expect(lockStateAt(BLOCKS, moment)).toEqual(waiting("blocks", 1_108, 8));
    expect(lockStateAt(SECONDS, moment)).toEqual(waiting("seconds", 1_699_999_024, 24));
  });

  test("is open from then on", () => {
    const open = { status: "open" } as const;
    expect(lockStateAt(HEIGHT, { ...moment, height: 1_200 })).toEqual(open);
    expect(lockStateAt(TIME, { ...moment, medianTime: 1_700_000_001 })).toEqual(open);
    expect(lockStateAt(BLOCKS, { ...moment, height: 1_108 })).toEqual(open);
    expect(lockStateAt(SECONDS, { ...moment, medianTime: 1_699_999_024 })).toEqual(open);
  });

  test("does not begin before the coin is confirmed", () => {
    const unconfirmed = { height: 1_100, medianTime: 1_699_999_000 };
    expect(lockStateAt(BLOCKS, unconfirmed)).toEqual({ status: "unconfirmed" });
    expect(lockStateAt(SECONDS, unconfirmed)).toEqual({ status: "unconfirmed" });
  });
});

describe("describeBranch", () => {
  const heirs = getBranch(example("inheritance"), "heirs");
  const view = (height: number, coinHeight?: number) =>
    describeBranch(heirs, { height, medianTime: 0, coinHeight, coinTime: 0 }, 600);

  test("says who, when, and how long that is", () => {
    const { state, words, names, threshold, needsPreimage } = view(105, 100);
    expect(state).toMatchObject({ status: "waiting", left: 4 });
    expect(words[0]).toContain(
      "in 4 blocks (about 40 minutes), when the chain has reached block 109",
    );
    expect([...names].sort()).toEqual(["heir 1", "heir 2", "heir 3"]);
    expect([threshold, needsPreimage]).toEqual([2, false]);
    expect(view(109, 100).words[0]).toEndWith("together can spend now.");
    expect(view(109).words).toHaveLength(2);
  });

  test("tells of time and of the secret", () => {
    const contract = example("htlc", 1);
    const moment = { height: 1, medianTime: 1_700_000_000 };
    const refund = describeBranch(getBranch(contract, "refund"), moment);
    expect(refund.words[0]).toContain("in about 50 minutes, when the chain's median time is");
    expect(describeBranch(getBranch(contract, "claim"), moment).needsPreimage).toBe(true);
  });
});

describe("formatDuration", () => {
  test("rounds to one unit", () => {
    const texts = [1, 119, 120, 7_199, 7_200, 172_799, 172_800].map(formatDuration);
    expect(texts).toEqual([
      "about 1 second",
      "about 119 seconds",
      "about 2 minutes",
      "about 120 minutes",
      "about 2 hours",
      "about 48 hours",
      "about 2 days",
    ]);
  });
});

describe("formatDate", () => {
  test("is in UTC, the last lock included", () => {
    expect(formatDate(0x7fffffff)).toBe("19 January 2038, 03:14:07 UTC");
  });
});
