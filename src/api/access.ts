/**
 * What each route demands: how often it may be used, how large its body may be, whether it needs
 * the token.
 *
 * A table of numbers by path. Enforced in gate.ts before a route sees anything; a path that is not
 * named here gets the strictest rules for its method.
 */

import type { Rate } from "../lib/token-bucket.ts";

/** Routes that share a quota. */
export type RateClass = "read" | "write" | "submit" | "mine" | "connect" | "socket" | "spend";

export interface Access {
  readonly rateClass: RateClass;
  /** True if it needs the token wherever other machines can ask. */
  readonly needsToken: boolean;
  /** True for wallets: no page of another site may even read, and other machines only if agreed. */
  readonly isPrivate: boolean;
  readonly maxBodyBytes: number;
  /** True if an answer may take as long as it needs. */
  readonly isSlow: boolean;
  /** True if a socket can be opened there. */
  readonly isSocket: boolean;
}

/** Bytes of an ordinary body. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Bytes of a body with many transactions. */
export const MAX_BATCH_BODY_BYTES = 1024 * 1024;

/** Where sockets are opened. */
export const LIVE_PATH = "/ws";

/** Bytes of a body with PSBTs: three of the largest, or many small ones. */
export const MAX_PSBT_BODY_BYTES = 2 * 1024 * 1024;

/** Bytes of JSON around a block's hex. */
const BLOCK_ENVELOPE_BYTES = 64 * 1024;

/** Quotas of one client, by whether it is of this machine or has the token. */
export const RATES: Record<"trusted" | "other", Record<RateClass, Rate>> = {
  trusted: {
    read: { perSecond: 5_000, burst: 10_000 },
    write: { perSecond: 20, burst: 40 },
    submit: { perSecond: 5_000, burst: 10_000 },
    mine: { perSecond: 20, burst: 40 },
    connect: { perSecond: 1, burst: 8 },
    socket: { perSecond: 50, burst: 200 },
    // Two for each payment. Choosing coins and signing take their time on the node's own thread.
    spend: { perSecond: 50, burst: 500 },
  },
  other: {
    read: { perSecond: 100, burst: 200 },
    write: { perSecond: 20, burst: 40 },
    submit: { perSecond: 20, burst: 40 },
    mine: { perSecond: 1, burst: 2 },
    connect: { perSecond: 1, burst: 2 },
    socket: { perSecond: 1, burst: 20 },
    spend: { perSecond: 5, burst: 10 },
  },
};

/** Wrong tokens that one client may send. */
export const WRONG_TOKEN_RATE: Rate = { perSecond: 5 / 60, burst: 5 };

/** Wrong passwords that one client may try. */
export const WRONG_PASSWORD_RATE: Rate = { perSecond: 5 / 60, burst: 5 };

const READ: Access = {
  rateClass: "read",
  needsToken: false,
  isPrivate: false,
  maxBodyBytes: 0,
  isSlow: false,
  isSocket: false,
};
const SOCKET: Access = { ...READ, rateClass: "socket", isSocket: true };
const WRITE: Access = {
  rateClass: "write",
  needsToken: true,
  isPrivate: false,
  maxBodyBytes: MAX_BODY_BYTES,
  isSlow: false,
  isSocket: false,
};
const SUBMIT: Access = { ...WRITE, rateClass: "submit" };
const PSBT: Access = { ...SUBMIT, maxBodyBytes: MAX_PSBT_BODY_BYTES };

const POSTS: ReadonlyMap<string, Access> = new Map([
  ["/api/transactions", SUBMIT],
  ["/api/transactions/batch", { ...SUBMIT, maxBodyBytes: MAX_BATCH_BODY_BYTES }],
  ["/api/transactions/test", { ...SUBMIT, needsToken: false }],
  ["/api/psbt/decode", { ...PSBT, needsToken: false }],
  ["/api/psbt/combine", { ...PSBT, needsToken: false }],
  ["/api/psbt/finalize", PSBT],
  ["/api/messages/verify", { ...SUBMIT, needsToken: false }],
  ["/api/mine", { ...WRITE, rateClass: "mine", isSlow: true }],
  ["/api/peers", { ...WRITE, rateClass: "connect", isSlow: true }],
  ["/api/peers/discover", { ...WRITE, rateClass: "connect" }],
]);

/** Whatever is of a wallet, of whoever its owner knows, or spends. */
const PRIVATE_PATTERN = /^\/api\/(?:wallets|contacts|contracts|faucet)(?:\/|$)/;

/** Those whose bodies have PSBTs. */
const PRIVATE_PSBT_PATTERN = /\/(?:psbt|signed|sign|combine|finish)$/;

/** Returns what a request for `path` demands; `maxBlockBytes` is the largest block's size. */
export function accessOf(method: string, path: string, maxBlockBytes: number): Access {
  const isRead = method === "GET" || method === "HEAD";
  if (PRIVATE_PATTERN.test(path)) return isRead ? PRIVATE_READ : privateWrite(path);
  if (isRead) return path === LIVE_PATH ? SOCKET : READ;
  if (path === "/api/mining/submit") {
    return { ...SUBMIT, maxBodyBytes: 2 * maxBlockBytes + BLOCK_ENVELOPE_BYTES };
  }
  return POSTS.get(path) ?? WRITE;
}

const PRIVATE_READ: Access = { ...READ, needsToken: true, isPrivate: true };

/** A password takes its time, and waits for those before it. */
function privateWrite(path: string): Access {
  return {
    rateClass: "spend",
    needsToken: true,
    isPrivate: true,
    maxBodyBytes: PRIVATE_PSBT_PATTERN.test(path) ? MAX_PSBT_BODY_BYTES : MAX_BODY_BYTES,
    isSlow: true,
    isSocket: false,
  };
}
