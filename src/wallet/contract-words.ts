/**
 * Contracts in plain sentences: who can spend, when, and what is missing until then.
 *
 * Words are for people only; programs read branches and LockState. Dates are in UTC, and how long
 * blocks take is told by the caller, since it is a matter of the network.
 */

import { toHex } from "../lib/bytes.ts";
import type { ContractBranch, ContractParty } from "./contract.ts";
import { type Lock, type LockMoment, type LockState, lockStateAt } from "./contract-lock.ts";

/** A branch as it stands at one moment. */
export interface BranchView {
  /** Of its lock; signatures and the secret are needed besides. */
  readonly state: LockState;
  /** Who must sign: `threshold` of these names. */
  readonly threshold: number;
  readonly names: readonly string[];
  readonly needsPreimage: boolean;
  readonly words: readonly string[];
}

/** Returns what `branch` needs at `moment`; `blockSeconds` makes "about 20 minutes" of blocks. */
export function describeBranch(
  branch: ContractBranch,
  moment: LockMoment,
  blockSeconds?: number,
): BranchView {
  const { lock, threshold, parties, hash } = branch;
  const state = lockStateAt(lock, moment);
  return {
    state,
    threshold,
    names: parties.map(({ name }) => name),
    needsPreimage: hash !== undefined,
    words: [
      sentence(`${whoCan(branch)} spend ${whenOf(state, blockSeconds)}${secretOf(branch)}`),
      ...(state.status === "unconfirmed" ? ["The coin waits for its first confirmation."] : []),
    ],
  };
}

/** Returns one sentence: who can spend by `branch`, when, and with what. */
export function branchSentence(branch: ContractBranch, blockSeconds?: number): string {
  const when = branch.lock === undefined ? "at any time" : lockWords(branch.lock, blockSeconds);
  return sentence(`${whoCan(branch)} spend ${when}${secretOf(branch)}`);
}

/** Returns when a lock opens: "once the chain has reached block 1,200". */
export function lockWords({ unit, value }: Lock, blockSeconds?: number): string {
  switch (unit) {
    case "height":
      return `once the chain has reached block ${formatCount(value)}`;
    case "time":
      return `once the chain's median time has passed ${formatDate(value)}`;
    case "blocks": {
      const confirmations = value === 1 ? "1 confirmation" : `${formatCount(value)} confirmations`;
      return `once the coins have ${confirmations}${about(value, blockSeconds)}`;
    }
    case "seconds":
      return `${formatDuration(value)} (${formatCount(value)} seconds) after the coins were confirmed`;
  }
}

/** Returns a party's name with its role, unless they are the same: "Anna (owner)", "heir 2". */
export function partyLabel({ name, role }: ContractParty): string {
  if (name !== role) return `${name} (${role})`;
  return /\d$/.test(role) ? role : `the ${role}`;
}

/** Returns "a, b and c". */
export function joinWords(words: readonly string[], conjunction: "and" | "or"): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

/** Returns seconds since 1970 as "1 January 2030, 00:00:00 UTC". */
export function formatDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  const clock = date.toISOString().slice(11, 19);
  const month = MONTHS[date.getUTCMonth()];
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}, ${clock} UTC`;
}

/** Returns a length of time, rounded to two digits or so: "about 3 days". */
export function formatDuration(seconds: number): string {
  const [size, name] = UNITS.find(([least]) => seconds >= 2 * least) ?? [1, "second"];
  const count = Math.round(seconds / size);
  return `about ${formatCount(count)} ${name}${count === 1 ? "" : "s"}`;
}

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

/** Lengths of time in seconds; one is used from twice its length on. */
const UNITS = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
] as const;

function whoCan({ threshold, parties }: ContractBranch): string {
  const labels = parties.map(partyLabel);
  if (labels.length === 1) return `${labels[0]} can`;
  if (threshold === labels.length) return `${joinWords(labels, "and")} together can`;
  if (threshold === 1) return `any one of ${joinWords(labels, "and")} can`;
  return `any ${threshold} of ${joinWords(labels, "and")} together can`;
}

function secretOf({ hash }: ContractBranch): string {
  return hash === undefined ? "" : `, by showing the secret whose SHA-256 is ${toHex(hash)}`;
}

function whenOf(state: LockState, blockSeconds: number | undefined): string {
  switch (state.status) {
    case "open":
      return "now";
    case "unconfirmed":
      return "some time after the coin's confirmation, from which the wait counts";
    case "waiting": {
      const { at, left } = state;
      if (state.for === "seconds") {
        return `in ${formatDuration(left)}, when the chain's median time is ${formatDate(at)}`;
      }
      const blocks = left === 1 ? "1 block" : `${formatCount(left)} blocks`;
      return `in ${blocks}${about(left, blockSeconds)}, when the chain has reached block ${formatCount(at)}`;
    }
  }
}

function about(blocks: number, blockSeconds: number | undefined): string {
  return blockSeconds === undefined ? "" : ` (${formatDuration(blocks * blockSeconds)})`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Groups of three digits, the same on every machine. */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
