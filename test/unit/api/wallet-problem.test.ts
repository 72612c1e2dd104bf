/**
 * Errors of wallets as clients see them: every code of every class has a status, and no two subjects
 * share a code for different things.
 */

import { describe, expect, test } from "bun:test";
import { hintFor } from "../../../src/api/hints.ts";
import { problemOf } from "../../../src/api/problem.ts";
import { describeWalletError } from "../../../src/api/wallet-problem.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import {
  OutpointReservedError,
  WalletStoreError,
} from "../../../src/storage/wallet-store-error.ts";
import { DescriptorError } from "../../../src/wallet/account-key.ts";
import { ContractError } from "../../../src/wallet/contract-error.ts";
import { KeystoreError } from "../../../src/wallet/keystore-error.ts";
import { MessageError } from "../../../src/wallet/message.ts";
import { MnemonicError } from "../../../src/wallet/mnemonic.ts";
import { PaymentError } from "../../../src/wallet/payment-error.ts";
import { PsbtError } from "../../../src/wallet/psbt-error.ts";
import { UnlockError } from "../../../src/wallet/unlock-sessions.ts";
import { WalletError } from "../../../src/wallet/wallet-error.ts";

const OUTPOINT = { txid: "ab".repeat(32) as Txid, vout: 0 };

describe("describeWalletError", () => {
  const cases: [number, string, Error][] = [
    [403, "wrong-password-or-damaged", new KeystoreError("wrong-password-or-damaged")],
    [409, "wallet-unknown-version", new KeystoreError("unknown-version")],
    [409, "wallet-other-network", new KeystoreError("other-network")],
    [409, "wallet-unsafe-mode", new KeystoreError("unsafe-mode")],
    [409, "wallet-plain-refused", new KeystoreError("plain-refused")],
    [400, "bad-wallet-name", new KeystoreError("bad-name")],
    [404, "wallet-not-found", new KeystoreError("not-found")],
    [409, "wallet-exists", new KeystoreError("exists")],
    [422, "weak-password", new KeystoreError("weak-password")],
    [409, "wallet-watch-only", new KeystoreError("watch-only")],
    [409, "wallet-has-no-password", new KeystoreError("not-encrypted")],
    [409, "too-many-wallets", new KeystoreError("too-many")],
    [503, "keystore-busy", new KeystoreError("busy")],
    [404, "wallet-not-found", new WalletError("wallet-not-found", "no")],
    [409, "wallet-watch-only", new WalletError("wallet-watch-only", "no")],
    [409, "gap-limit", new WalletError("gap-limit", "no")],
    [400, "bad-recipient", new WalletError("bad-recipient", "no")],
    [409, "client-id-reused", new WalletError("client-id-reused", "no")],
    [422, "insufficient-funds", new PaymentError("insufficient-funds", "no")],
    [400, "psbt-format", new PsbtError("format", "no")],
    [413, "psbt-too-large", new PsbtError("too-large", "no")],
    [422, "psbt-incomplete", new PsbtError("incomplete", "no", 1)],
    [422, "spend-signatures-missing", new ContractError("spend-signatures-missing", "no")],
    [403, "wallet-locked", new UnlockError("locked")],
    [403, "unlock-limit-exceeded", new UnlockError("limit-exceeded")],
    [409, "too-many-sessions", new UnlockError("too-many")],
    [400, "bad-descriptor-private-key", new DescriptorError("private-key", "no")],
    [400, "bad-mnemonic-checksum", new MnemonicError("checksum", "no")],
    [422, "message-too-large", new MessageError("too-large", "no")],
    [422, "text-malformed", new WalletStoreError("malformed", "no")],
    [409, "wallet-store-full", new WalletStoreError("too-many", "no")],
    [409, "client-id-reused", new WalletStoreError("client-id-taken", "no")],
    [409, "coin-reserved", new OutpointReservedError(OUTPOINT, "id")],
  ];
  test.each(cases)("%i %s", (status, code, error) => {
    expect(problemOf(error)).toMatchObject({ status, code });
    expect(problemOf(error)?.detail).toMatch(/^[A-Z0-9].*\.$/);
  });

  test("tells the numbers that were compared", () => {
    const facts = { needed: 5, available: 3 };
    expect(problemOf(new PaymentError("insufficient-funds", "no", facts))?.facts).toEqual(facts);
    expect(problemOf(new PsbtError("incomplete", "no", 1))?.facts).toEqual({ input: 1 });
    expect(problemOf(new MnemonicError("unknown-word", "no", 7))?.facts).toEqual({ position: 7 });
    const parties = new ContractError("spend-signatures-missing", "no", { names: ["a", "b"] });
    expect(problemOf(parties)?.facts).toEqual({ names: "a, b" });
  });

  test("says when to come again to a busy keystore", () => {
    expect(problemOf(new KeystoreError("busy"))?.headers).toEqual({ "retry-after": "1" });
  });

  test("knows nothing of other errors", () => {
    expect(describeWalletError(new RangeError("x"))).toBeUndefined();
    expect(describeWalletError("x")).toBeUndefined();
  });
});

test("people who meet a refusal of a wallet are told what to do next", () => {
  for (const code of [
    ...["wallets-off", "wallet-locked", "wrong-password-or-damaged", "weak-password"],
    ...["unlock-limit-exceeded", "insufficient-funds", "unknown-recipient", "client-id-reused"],
    ...["wallet-not-found", "wallet-watch-only", "keystore-busy", "faucet-off", "psbt-incomplete"],
  ]) {
    expect([code, hintFor(code)]).toEqual([code, expect.stringMatching(/^[A-Z].*\.$/)]);
  }
});
