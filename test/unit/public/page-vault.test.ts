/** Keys of the page: kept encrypted as a node keeps them, open for a while, and never told. */

import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  AUTO_LOCK_MS,
  Vault,
  VaultError,
  type VaultNeeds,
} from "../../../public/page-wallet/vault.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { KeystoreError } from "../../../src/wallet/keystore-error.ts";
import {
  formatEncryptedWallet,
  formatPlainWallet,
  MAX_WALLET_FILE_BYTES,
  NONCE_BYTES,
  openSecret,
  parseWallet,
} from "../../../src/wallet/keystore-file.ts";
import { deriveAccount } from "../../../src/wallet/master-key.ts";
import { MnemonicError, parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import { deriveScryptKey } from "../../../src/wallet/native-keys.ts";
import { createPsbt } from "../../../src/wallet/psbt.ts";
import { PsbtError } from "../../../src/wallet/psbt-error.ts";
import { type DeriveKey, MIN_SCRYPT_N, SALT_BYTES } from "../../../src/wallet/scrypt.ts";
import { WalletSecret } from "../../../src/wallet/wallet-secret.ts";
import { serialTxid } from "../../support/mempool-harness.ts";

const WORDS =
  "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const PASSWORD = "pass-word-canary";
const OF = { network: "dev", genesis: "ab".repeat(32) };

/** As scrypt for what is tested here, and done at once. */
const deriveQuickly: DeriveKey = async (password, salt) => sha256(concatBytes(salt, password));

/** A browser in memory. */
function world(changes: Partial<VaultNeeds> = {}) {
  let record: string | null = null;
  let nowMs = 1_700_000_000_000;
  let timer: { dueMs: number; act: () => void } | undefined;
  let changed = 0;
  const vault = new Vault({
    store: {
      read: () => record,
      write: (text) => {
        record = text;
      },
      remove: () => {
        record = null;
      },
    },
    canEncrypt: true,
    deriveKey: deriveQuickly,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    now: () => nowMs,
    after: (ms, act) => {
      const own = { dueMs: nowMs + ms, act };
      timer = own;
      return () => {
        if (timer === own) timer = undefined;
      };
    },
    onChange: () => {
      changed += 1;
    },
    ...changes,
  });
  return {
    vault,
    record: () => record ?? "",
    changed: () => changed,
    /** Lets time pass; timers run unless the machine sleeps. */
    pass: (ms: number, isAsleep = false) => {
      nowMs += ms;
      if (timer === undefined || timer.dueMs > nowMs || isAsleep) return;
      const { act } = timer;
      timer = undefined;
      act();
    },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  for (const kind of [KeystoreError, VaultError, PsbtError, MnemonicError]) {
    if (error instanceof kind) return error.code;
  }
  return String(error);
}

/** A file as a node would write it. */
async function nodeFile(account: number, genesis = OF.genesis): Promise<string> {
  const secret = new WalletSecret(parseMnemonic(WORDS));
  const about = {
    network: OF.network,
    genesis,
    name: "savings",
    createdAt: 1,
    descriptors: [deriveAccount(secret, "wpkh", account).descriptor],
  };
  const lock = {
    cost: { n: MIN_SCRYPT_N, r: 8, p: 1 },
    salt: new Uint8Array(SALT_BYTES).fill(1),
    nonce: new Uint8Array(NONCE_BYTES).fill(2),
  };
  return await formatEncryptedWallet(
    about,
    secret,
    new TextEncoder().encode(PASSWORD),
    lock,
    deriveQuickly,
  );
}

describe("adopt", () => {
  test("keeps a wallet as a node keeps it, with the account that a node has", async () => {
    const { vault, record, changed } = world({ deriveKey: deriveScryptKey });
    expect(vault.state).toEqual({ status: "empty" });
    await vault.adopt(WORDS, PASSWORD, OF);
    expect(changed()).toBe(1);
    const { state } = vault;
    if (state.status !== "open") throw new Error("not open");
    const secret = new WalletSecret(parseMnemonic(WORDS));
    expect(state.account.descriptor).toBe(deriveAccount(secret, "wpkh", 0).descriptor);
    expect(state.isKept).toBeTrue();

    expect(record().length).toBeLessThan(MAX_WALLET_FILE_BYTES);
    const file = parseWallet(record());
    expect(file.header).toMatchObject({ ...OF, kind: "encrypted", name: "page-wallet" });
    expect(vault.exportRecord()?.fileName).toBe("page-wallet.wallet.json");
    const opened = await openSecret(file, new TextEncoder().encode(PASSWORD), deriveScryptKey);
    expect(opened.entropy).toEqual(secret.entropy);
  });

  test("salt and nonce are new each time", async () => {
    const [a, b] = [world(), world()];
    await a.vault.adopt(WORDS, PASSWORD, OF);
    await b.vault.adopt(WORDS, PASSWORD, OF);
    const [one, other] = [parseWallet(a.record()).lock, parseWallet(b.record()).lock];
    expect(one?.salt).not.toEqual(other?.salt);
    expect(one?.nonce).not.toEqual(other?.nonce);
  });

  test("without a password keys are there until they are locked, and nothing is kept", async () => {
    const { vault, record, pass } = world({ canEncrypt: false });
    await vault.adopt(WORDS, undefined, OF);
    pass(100 * AUTO_LOCK_MS);
    expect(vault.state).toMatchObject({ status: "open", isKept: false });
    expect(record()).toBe("");
    vault.lock();
    expect(vault.state).toEqual({ status: "empty" });
  });

  test("refuses bad words and bad passwords, and keeps nothing of them", async () => {
    const { vault, record } = world();
    expect(await codeOf(vault.adopt(`${WORDS} zoo`, PASSWORD, OF))).toBe("word-count");
    expect(await codeOf(vault.adopt(WORDS, "", OF))).toBe("weak-password");
    expect(record()).toBe("");
    expect(vault.state).toEqual({ status: "empty" });
  });
});

describe("unlock", () => {
  test("opens with the password and with no other", async () => {
    const { vault } = world();
    expect(await codeOf(vault.unlock(PASSWORD, false))).toBe("not-found");
    await vault.adopt(WORDS, PASSWORD, OF);
    vault.lock();
    expect(vault.state).toMatchObject({ status: "locked", of: OF });
    for (const wrong of ["", "other", "\ud800"]) {
      expect(await codeOf(vault.unlock(wrong, false))).toBe("wrong-password-or-damaged");
      expect(vault.state.status).toBe("locked");
    }
    await vault.unlock(PASSWORD, false);
    expect(vault.state.status).toBe("open");
  });

  test("a damaged record is there, and opens nothing", async () => {
    const { vault } = world({
      store: { read: () => "{", write: () => {}, remove: () => {} },
    });
    expect(vault.state).toEqual({ status: "locked", of: { network: "", genesis: "" } });
    expect(await codeOf(vault.unlock(PASSWORD, false))).toBe("wrong-password-or-damaged");
  });
});

describe("lock", () => {
  test("comes by itself when nobody uses it", async () => {
    const { vault, pass } = world();
    await vault.adopt(WORDS, PASSWORD, OF);
    pass(AUTO_LOCK_MS - 1);
    vault.noteUse();
    pass(AUTO_LOCK_MS - 1);
    expect(vault.state.status).toBe("open");
    pass(1);
    expect(vault.state.status).toBe("locked");
  });

  test("comes at the first use after a sleep in which no timer ran", async () => {
    const { vault, pass } = world();
    await vault.adopt(WORDS, PASSWORD, OF);
    pass(AUTO_LOCK_MS, true);
    vault.noteUse();
    expect(vault.state.status).toBe("locked");
  });

  test("does not come by itself where it shall stay open", async () => {
    const { vault, pass } = world();
    await vault.adopt(WORDS, PASSWORD, OF);
    vault.lock();
    await vault.unlock(PASSWORD, true);
    pass(AUTO_LOCK_MS * 10);
    vault.noteUse();
    expect(vault.state.status).toBe("open");
  });

  test("forgetting removes the record too", async () => {
    const { vault, record } = world();
    await vault.adopt(WORDS, PASSWORD, OF);
    vault.forget();
    expect(vault.state).toEqual({ status: "empty" });
    expect(record()).toBe("");
    expect(vault.exportRecord()).toBeUndefined();
  });
});

describe("importRecord", () => {
  test("opens a node's file, and keeps it as it is", async () => {
    const { vault, record } = world();
    const text = await nodeFile(0);
    await vault.importRecord(text, PASSWORD, OF);
    expect(vault.state.status).toBe("open");
    expect(record()).toBe(text);
    expect(vault.exportRecord()).toEqual({ fileName: "savings.wallet.json", text });
  });

  test("refuses what is of another network, another account, or no secret, and keeps nothing", async () => {
    let derived = 0;
    const { vault, record } = world({
      deriveKey: (...given) => {
        derived += 1;
        return deriveQuickly(...given);
      },
    });
    const other = await nodeFile(0, "cd".repeat(32));
    expect(await codeOf(vault.importRecord(other, PASSWORD, OF))).toBe("other-network");
    const { header } = parseWallet(other);
    const { kind: _kind, ...about } = { ...header, genesis: OF.genesis };
    const plain = formatPlainWallet(about, new WalletSecret(parseMnemonic(WORDS)));
    expect(await codeOf(vault.importRecord(plain, PASSWORD, OF))).toBe("not-encrypted");
    expect(await codeOf(vault.importRecord("{}", PASSWORD, OF))).toBe("wrong-password-or-damaged");
    // None of these was worth a second of work.
    expect(derived).toBe(0);
    const second = await nodeFile(1);
    expect(await codeOf(vault.importRecord(second, PASSWORD, OF))).toBe("other-account");
    expect(await codeOf(vault.importRecord(await nodeFile(0), "wrong", OF))).toBe(
      "wrong-password-or-damaged",
    );
    expect(record()).toBe("");
    expect(vault.state).toEqual({ status: "empty" });
  });
});

describe("sign", () => {
  const input = (index: number, changes: { account?: number } = {}) => {
    const secret = new WalletSecret(parseMnemonic(WORDS));
    const account = deriveAccount(secret, "wpkh", changes.account ?? 0);
    return {
      outpoint: { txid: serialTxid(index), vout: 0 },
      value: 10_000,
      scriptPubKey: account.scriptAt(0, index),
      sequence: 0xfffffffd,
      keys: [account.derivationAt(0, index)],
    };
  };
  const psbtOf = (...inputs: ReturnType<typeof input>[]) =>
    createPsbt({
      version: 2,
      lockTime: 0,
      inputs,
      outputs: [{ value: 9_000, scriptPubKey: input(0).scriptPubKey }],
    });

  test("gives a transaction that the interpreter accepts", async () => {
    const { vault } = world({ canEncrypt: false });
    await vault.adopt(WORDS, undefined, OF);
    expect((await vault.sign(psbtOf(input(1), input(2)))).length).toBeGreaterThan(200);
  });

  test("gives nothing for an input that is not of this wallet, nor when locked", async () => {
    const { vault } = world({ canEncrypt: false });
    expect(await codeOf(vault.sign(psbtOf(input(1))))).toBe("locked");
    await vault.adopt(WORDS, undefined, OF);
    const foreign = { ...input(3), scriptPubKey: new Uint8Array(22).fill(7) };
    foreign.scriptPubKey.set([0, 20]);
    expect(await codeOf(vault.sign(psbtOf(input(1), foreign)))).toBe("incomplete");
    vault.lock();
    expect(await codeOf(vault.sign(psbtOf(input(1))))).toBe("locked");
  });
});

test("shows nothing of what it holds", async () => {
  const { vault, record } = world();
  await vault.adopt(WORDS, PASSWORD, OF);
  const shown = [JSON.stringify(vault), Bun.inspect(vault, { depth: 9 }), String(vault), record()];
  for (const text of shown) {
    expect(text).not.toContain("abandon");
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain("tprv");
    expect(text).not.toContain("0".repeat(32));
  }
});
