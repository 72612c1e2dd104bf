/**
 * Errors of wallets as clients see them: which status each has, and under which code it is known.
 *
 * A part of problem.ts. Codes that say of what they are as they stand are kept; words that another
 * subject could use too get a prefix. No message or fact of these errors holds a secret.
 */

import { WalletStoreError, type WalletStoreErrorCode } from "../storage/wallet-store-error.ts";
import { DescriptorError } from "../wallet/account-key.ts";
import { ContractError, type ContractFacts } from "../wallet/contract-error.ts";
import { KeystoreError, type KeystoreErrorCode } from "../wallet/keystore-error.ts";
import { MessageError } from "../wallet/message.ts";
import { MnemonicError } from "../wallet/mnemonic.ts";
import { PaymentError } from "../wallet/payment-error.ts";
import { PsbtError, type PsbtProblem } from "../wallet/psbt-error.ts";
import { UnlockError, type UnlockErrorCode } from "../wallet/unlock-sessions.ts";
import { WalletError, type WalletErrorCode } from "../wallet/wallet-error.ts";

/** A problem whose sentence has neither capital nor full stop yet. */
export interface DescribedError {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly facts?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status and code of a problem. */
type Shown = readonly [status: number, code: string];

/** By then the keystore has done most of what waits before. */
const BUSY_HEADERS = { "retry-after": "1" };

const KEYSTORE: Readonly<Record<KeystoreErrorCode, Shown>> = {
  "wrong-password-or-damaged": [403, "wrong-password-or-damaged"],
  "unknown-version": [409, "wallet-unknown-version"],
  "other-network": [409, "wallet-other-network"],
  "unsafe-mode": [409, "wallet-unsafe-mode"],
  "plain-refused": [409, "wallet-plain-refused"],
  "bad-name": [400, "bad-wallet-name"],
  "not-found": [404, "wallet-not-found"],
  exists: [409, "wallet-exists"],
  "weak-password": [422, "weak-password"],
  "watch-only": [409, "wallet-watch-only"],
  "not-encrypted": [409, "wallet-has-no-password"],
  "too-many": [409, "too-many-wallets"],
  busy: [503, "keystore-busy"],
};

const WALLET: Readonly<Record<WalletErrorCode, number>> = {
  "wallet-not-found": 404,
  "wallet-watch-only": 409,
  "wallet-has-no-change": 409,
  "gap-limit": 409,
  "bad-recipient": 400,
  "unknown-recipient": 404,
  "draft-not-found": 404,
  "draft-not-open": 409,
  "draft-changed": 409,
  "client-id-reused": 409,
  "not-a-payment-of-this-wallet": 404,
  "transaction-refused": 422,
  "address-not-of-this-wallet": 404,
  "name-taken": 409,
  "contact-not-found": 404,
  "contract-not-found": 404,
  "contract-has-no-coins": 409,
  "key-not-of-this-wallet": 422,
};

const PSBT: Readonly<Record<PsbtProblem, number>> = {
  format: 400,
  "too-large": 413,
  "duplicate-input": 422,
  amount: 422,
  "missing-output": 422,
  "wrong-output": 422,
  mismatch: 422,
  sighash: 422,
  incomplete: 422,
  "invalid-signature": 422,
};

const UNLOCK: Readonly<Record<UnlockErrorCode, Shown>> = {
  locked: [403, "wallet-locked"],
  "limit-exceeded": [403, "unlock-limit-exceeded"],
  "too-many": [409, "too-many-sessions"],
};

const STORE: Readonly<Record<WalletStoreErrorCode, Shown>> = {
  malformed: [422, "text-malformed"],
  "too-long": [422, "text-too-long"],
  "too-many": [409, "wallet-store-full"],
  "client-id-taken": [409, "client-id-reused"],
  "outpoint-reserved": [409, "coin-reserved"],
  "draft-not-open": [409, "draft-not-open"],
};

/** Returns what a client is told of an error of wallets, or undefined if it is none. */
export function describeWalletError(error: unknown): DescribedError | undefined {
  if (error instanceof KeystoreError) {
    const shown = named(KEYSTORE[error.code], error);
    return shown.status === 503 ? { ...shown, headers: BUSY_HEADERS } : shown;
  }
  if (error instanceof WalletError) {
    return named([WALLET[error.code], error.code], error, error.facts);
  }
  if (error instanceof PaymentError) return named([422, error.code], error, error.facts);
  if (error instanceof ContractError) return named([422, error.code], error, joined(error.facts));
  if (error instanceof UnlockError) return named(UNLOCK[error.code], error);
  if (error instanceof PsbtError) {
    const { code, inputIndex } = error;
    const facts = inputIndex === undefined ? {} : { input: inputIndex };
    return named([PSBT[code], `psbt-${code}`], error, facts);
  }
  if (error instanceof DescriptorError) return named([400, `bad-descriptor-${error.code}`], error);
  if (error instanceof MnemonicError) {
    const { code, position } = error;
    const facts = position === undefined ? {} : { position };
    return named([400, `bad-mnemonic-${code}`], error, facts);
  }
  if (error instanceof MessageError) return named([422, `message-${error.code}`], error);
  // Of which the error of a reserved coin is one.
  if (error instanceof WalletStoreError) return named(STORE[error.code], error);
  return undefined;
}

function named(
  [status, code]: Shown,
  { message: detail }: Error,
  facts: Readonly<Record<string, string | number>> = {},
): DescribedError {
  return { status, code, detail, facts };
}

function joined(facts: ContractFacts): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [
      name,
      typeof fact === "object" ? fact.join(", ") : fact,
    ]),
  );
}
