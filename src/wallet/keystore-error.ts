/**
 * Why a wallet's file was not opened, made or changed.
 *
 * Codes are API and do not change. No message holds a password, a secret or a path.
 */

/** What is wrong. */
export type KeystoreErrorCode =
  | "wrong-password-or-damaged"
  | "unknown-version"
  | "other-network"
  | "unsafe-mode"
  | "plain-refused"
  | "bad-name"
  | "not-found"
  | "exists"
  | "weak-password"
  | "watch-only"
  | "not-encrypted"
  | "too-many"
  | "busy";

const MESSAGES: Readonly<Record<KeystoreErrorCode, string>> = {
  "wrong-password-or-damaged": "wrong password or damaged file",
  "unknown-version": "the wallet's file has a version that this program does not know",
  "other-network": "the wallet belongs to another network",
  "unsafe-mode": "the wallet's file or folder is a link, or open to other users of this machine",
  "plain-refused": "a wallet without a password is for the development network alone",
  "bad-name": "a wallet's name is 1 to 32 of a-z 0-9 _ - (not first), the same as in its file",
  "not-found": "there is no wallet of this name",
  exists: "there is a wallet of this name",
  "weak-password": "a password is 1 to 1024 bytes of Unicode text",
  "watch-only": "the wallet has no secret, it only watches",
  "not-encrypted": "the wallet has no password",
  "too-many": "there are too many wallets",
  busy: "too many wallets are being opened; try again",
};

/** What a caller of the keystore must be told: `code` says which, `message` in words. */
export class KeystoreError extends Error {
  override readonly name = "KeystoreError";
  readonly code: KeystoreErrorCode;

  constructor(code: KeystoreErrorCode, options?: ErrorOptions) {
    super(MESSAGES[code], options);
    this.code = code;
  }
}
