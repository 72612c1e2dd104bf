/**
 * What the stores of `wallets.db` refuse, and the checks that they share.
 *
 * Everything here is the fault of whoever asked; a failing disk speaks for itself.
 */

import type { Outpoint } from "../primitives/transaction.ts";

/** Why something was refused. */
export type WalletStoreErrorCode =
  | "malformed"
  | "too-long"
  | "too-many"
  | "client-id-taken"
  | "outpoint-reserved"
  | "draft-not-open";

/** A request that cannot be stored; nothing was changed. */
export class WalletStoreError extends Error {
  override readonly name: string = "WalletStoreError";
  readonly code: WalletStoreErrorCode;

  constructor(code: WalletStoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Another live draft spends `outpoint`: choose other coins. */
export class OutpointReservedError extends WalletStoreError {
  override readonly name = "OutpointReservedError";
  readonly outpoint: Outpoint;
  /** The draft that has it. */
  readonly draftId: string;

  constructor(outpoint: Outpoint, draftId: string) {
    super("outpoint-reserved", `${outpoint.txid}:${outpoint.vout} is spent by another draft`);
    this.outpoint = outpoint;
    this.draftId = draftId;
  }
}

/** Characters of an id that somebody else has chosen: of a request, or of what a label is for. */
export const MAX_ID_LENGTH = 128;

const WALLET_PATTERN = /^[0-9a-f]{32}$/;

/** Throws unless `wallet` is an id of 16 bytes in lower-case hex. */
export function checkWallet(wallet: string): void {
  if (!WALLET_PATTERN.test(wallet)) throw new WalletStoreError("malformed", "not a wallet's id");
}

/** Throws unless `text` is one that every reader gets back unchanged, of at most `most` characters. */
export function checkText(what: string, text: string, most: number): void {
  if (!text.isWellFormed() || text.includes("\0")) {
    throw new WalletStoreError("malformed", `${what} is no text that can be kept`);
  }
  // Its characters cannot be more than its UTF-16 units, which need no counting.
  if (text.length > most && [...text.slice(0, 2 * most + 2)].length > most) {
    throw new WalletStoreError("too-long", `${what} has more than ${most} characters`);
  }
}

/** Throws if `text` is empty or as checkText does. */
export function checkId(what: string, text: string): void {
  if (text === "") throw new WalletStoreError("malformed", `${what} is empty`);
  checkText(what, text, MAX_ID_LENGTH);
}

/** Throws if `bytes` are more than `most`. */
export function checkSize(what: string, { length }: Uint8Array, most: number): void {
  if (length > most) throw new WalletStoreError("too-long", `${what} has more than ${most} bytes`);
}

/** Throws if `count` things are there already, and no more than `most` may be. */
export function checkRoom(what: string, count: number, most: number): void {
  if (count >= most) throw new WalletStoreError("too-many", `there are ${most} ${what} already`);
}
