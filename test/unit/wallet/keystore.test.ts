/**
 * The folder of wallets: what it refuses, and what it keeps. What is left when a change is cut off is
 * tried in test/functional/wallet-cut-off.test.ts.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  KEPT_VERSIONS,
  Keystore,
  MAX_WAITING,
  MAX_WALLETS,
  type NewWallet,
} from "../../../src/wallet/keystore.ts";
import { KeystoreError, type KeystoreErrorCode } from "../../../src/wallet/keystore-error.ts";
import { WalletSecret } from "../../../src/wallet/wallet-secret.ts";
import { temporaryFolder } from "../../support/chain-builder.ts";
import { openTestKeystore, TEST_NETWORK, TEST_SECRET } from "../../support/keystore-world.ts";
import golden from "../../vectors/keystore-version-1.json";

/** Keys take their time, more so on a busy machine. */
setDefaultTimeout(60_000);

const DAMAGED = "wrong-password-or-damaged";
const PASSWORD = "old password";

const OLD = {
  name: "old",
  kind: "encrypted",
  descriptors: ["wpkh()"],
  secret: TEST_SECRET,
  password: PASSWORD,
} as const;
const WATCH = { name: "watch", kind: "watch", descriptors: ["addr()"] } as const;
const PLAIN = {
  name: "plain",
  kind: "plain",
  descriptors: ["pkh()"],
  secret: TEST_SECRET,
} as const;

const fileOf = (folder: { path: string }, name: string) => join(folder.path, `${name}.wallet.json`);

/** Fails unless `act` throws, or rejects with, a KeystoreError of this code. */
async function expectCode(code: KeystoreErrorCode, act: () => unknown): Promise<void> {
  let seen: unknown;
  try {
    seen = await act();
  } catch (error) {
    seen = error instanceof KeystoreError ? error.code : error;
  }
  expect(seen).toBe(code);
}

async function expectOpens(keystore: Keystore, name: string, password: string): Promise<void> {
  const secret = await keystore.open(name, password);
  expect(secret.entropy).toEqual(TEST_SECRET.entropy);
  expect(secret.passphrase).toEqual(TEST_SECRET.passphrase);
  secret.wipe();
}

/** All files below a folder, with their contents. */
function snapshot(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((file) => [file.slice(path.length + 1), readFileSync(file, "utf8")]));
}

describe("create and open", () => {
  test("keeps a secret, and shows everything else", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    const entry = await keystore.create(OLD);
    const expected = {
      name: "old",
      kind: "encrypted",
      descriptors: ["wpkh()"],
      createdAt: 1_700_000_000_000,
    } as const;
    expect(entry).toEqual(expected);
    expect(keystore.find("old")).toEqual(expected);
    expect(keystore.list()).toEqual([{ status: "readable", ...expected }]);
    await expectOpens(openTestKeystore(folder.path), "old", PASSWORD);
  });

  test("the folder and its files are their owner's alone", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "deep", "wallets");
    const keystore = openTestKeystore(path);
    await keystore.create(OLD);
    await keystore.changePassword("old", PASSWORD, "new");
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(path)) {
      expect(statSync(join(path, file)).mode & 0o777).toBe(0o600);
    }
    await keystore.remove("old");
    expect(statSync(join(path, "trash")).mode & 0o777).toBe(0o700);
  });

  test("K-07: a wrong password opens nothing", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(OLD);
    for (const wrong of ["", "old passwor", "Old password", "x".repeat(2000), "\ud800"]) {
      await expectCode(DAMAGED, () => keystore.open("old", wrong));
    }
  });

  test("K-07: a password is the same however its letters are composed", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    const password = "p\u00e4ss\u00e9 \u2460 \ufb01";
    await keystore.create({ ...OLD, password: password.normalize("NFC") });
    await expectOpens(keystore, "old", password.normalize("NFD"));
    await expectOpens(keystore, "old", "pa\u0308sse\u0301 1 fi");
  });

  test("K-07: a password that is empty, too long or no Unicode is refused", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    // The last is short, and long once normalised.
    for (const password of [
      "",
      "x".repeat(1025),
      "\u00e9".repeat(400),
      "\udc00",
      "\ufdfa".repeat(60),
    ]) {
      await expectCode("weak-password", () => keystore.create({ ...OLD, password }));
    }
    expect(readdirSync(folder.path)).toEqual([]);
    await keystore.create({ ...OLD, password: "x".repeat(1024) });
    await expectOpens(keystore, "old", "x".repeat(1024));
  });

  test("a name is refused that is taken, or could be more than a name", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(WATCH);
    await expectCode("exists", () => keystore.create(WATCH));
    await expectCode("not-found", () => keystore.open("other", ""));
    await expectCode("not-found", () => keystore.remove("other"));
    expect(keystore.find("other")).toBeUndefined();
    const bad = [
      "",
      "A",
      "-a",
      "_a",
      "a.b",
      "../a",
      "a/b",
      "a\0",
      "a\n",
      "a ",
      "ä",
      "a".repeat(33),
    ];
    for (const name of bad) {
      await expectCode("bad-name", () => keystore.create({ ...WATCH, name }));
      await expectCode("bad-name", () => keystore.open(name, ""));
      await expectCode("bad-name", () => keystore.find(name));
      await expectCode("bad-name", () => keystore.remove(name));
      await expectCode("bad-name", () => keystore.changePassword(name, "", "x"));
    }
    await keystore.create({ ...WATCH, name: "a".repeat(32) });
  });

  test("a link is never written through", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    symlinkSync(join(folder.path, "elsewhere"), fileOf(folder, "watch"));
    await expectCode("exists", () => keystore.create(WATCH));
    expect(existsSync(join(folder.path, "elsewhere"))).toBe(false);
  });

  test("a plain wallet is for networks that allow it", async () => {
    using folder = temporaryFolder();
    const strict = openTestKeystore(folder.path);
    await expectCode("plain-refused", () => strict.create(PLAIN));
    const lenient = openTestKeystore(folder.path, { allowsPlain: true });
    await lenient.create(PLAIN);
    await expectOpens(lenient, "plain", "");
    await expectCode("plain-refused", () => strict.open("plain", ""));
    await expectCode("plain-refused", () => strict.find("plain"));
    expect(strict.list()).toEqual([{ status: "unreadable", name: "plain", code: "plain-refused" }]);
    await expectCode("not-encrypted", () => lenient.changePassword("plain", "", "new"));
  });

  test("a wallet that watches has nothing to open", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(WATCH);
    await expectCode("watch-only", () => keystore.open("watch", ""));
    await expectCode("not-encrypted", () => keystore.changePassword("watch", "", "new"));
  });

  test("K-11: a wallet of another network is refused", async () => {
    using folder = temporaryFolder();
    await openTestKeystore(folder.path).create(OLD);
    const network = { name: "cairn", genesis: "cd".repeat(32) };
    const other = openTestKeystore(folder.path, { network });
    await expectCode("other-network", () => other.open("old", PASSWORD));
    await expectCode("other-network", () => other.changePassword("old", PASSWORD, "new"));
    expect(other.list()).toEqual([{ status: "unreadable", name: "old", code: "other-network" }]);
  });

  test("a wallet is not taken for another by its file's name", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(OLD);
    copyFileSync(fileOf(folder, "old"), fileOf(folder, "other"));
    await expectCode("bad-name", () => keystore.open("other", PASSWORD));
  });

  test("K-02: salt and nonce are new at each save", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    const seen = new Set<string>();
    await keystore.create(OLD);
    for (let save = 0; save < 3; save++) {
      const { kdf, nonce } = JSON.parse(readFileSync(fileOf(folder, "old"), "utf8"));
      seen.add(kdf.salt).add(nonce);
      await keystore.changePassword("old", PASSWORD, PASSWORD);
    }
    expect(seen.size).toBe(6);
  });

  test("new files cost what is asked for today", async () => {
    using folder = temporaryFolder();
    const keystore = new Keystore({
      directory: folder.path,
      network: TEST_NETWORK,
      allowsPlain: false,
      now: Date.now,
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    await keystore.create(OLD);
    const { kdf } = JSON.parse(readFileSync(fileOf(folder, "old"), "utf8"));
    expect([kdf.n, kdf.r, kdf.p]).toEqual([2 ** 17, 8, 1]);
  });

  test("T16: the files of version 1 open from the disk", async () => {
    using folder = temporaryFolder();
    for (const [name, text] of Object.entries(golden.files)) {
      writeFileSync(fileOf(folder, name), text, { mode: 0o600 });
    }
    const network = { name: "cairn", genesis: golden.genesis };
    const keystore = openTestKeystore(folder.path, { network, allowsPlain: true });
    expect(keystore.list().map(({ status }) => status)).toEqual(Array(3).fill("readable"));
    const secret = await keystore.open("golden-encrypted", golden.password);
    expect(secret.entropy.toHex()).toBe(golden.entropy);
  });
});

describe("list", () => {
  test("a file that cannot be read hides no other", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(WATCH);
    for (const name of ["a-open", "b-write", "c-link", "d-folder", "e-large", "f-bad", "g-new"]) {
      copyFileSync(fileOf(folder, "watch"), fileOf(folder, name));
    }
    chmodSync(fileOf(folder, "a-open"), 0o640);
    chmodSync(fileOf(folder, "b-write"), 0o602);
    rmSync(fileOf(folder, "c-link"));
    symlinkSync(fileOf(folder, "watch"), fileOf(folder, "c-link"));
    rmSync(fileOf(folder, "d-folder"));
    mkdirSync(fileOf(folder, "d-folder"));
    writeFileSync(fileOf(folder, "e-large"), " ".repeat(16 * 1024 + 1));
    writeFileSync(fileOf(folder, "f-bad"), new Uint8Array([0xff, 0xfe, 0]));
    writeFileSync(fileOf(folder, "g-new"), '{"magic":"cairn-wallet","version":2}');
    writeFileSync(join(folder.path, "notes.txt"), "");
    writeFileSync(join(folder.path, "Bad Name.wallet.json"), "");

    const codes = Object.fromEntries(
      keystore.list().map((it) => [it.name, it.status === "readable" ? it.kind : it.code]),
    );
    expect(codes).toEqual({
      "a-open": "unsafe-mode",
      "b-write": "unsafe-mode",
      "c-link": "unsafe-mode",
      "d-folder": "unsafe-mode",
      "e-large": DAMAGED,
      "f-bad": DAMAGED,
      "g-new": "unknown-version",
      watch: "watch",
    });
    await expectCode("unsafe-mode", () => keystore.open("a-open", ""));
    await expectCode("unsafe-mode", () => keystore.open("c-link", ""));
  });

  test("a pipe is refused, not waited for", async () => {
    using folder = temporaryFolder();
    expect(await Bun.spawn(["mkfifo", "-m", "600", fileOf(folder, "pipe")]).exited).toBe(0);
    expect(openTestKeystore(folder.path).list()).toEqual([
      { status: "unreadable", name: "pipe", code: "unsafe-mode" },
    ]);
  });

  test("there are at most so many wallets", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    for (let index = 0; index <= MAX_WALLETS; index++) {
      writeFileSync(fileOf(folder, `w${index}`), "", { mode: 0o600 });
    }
    expect(keystore.list()).toHaveLength(MAX_WALLETS);
    await expectCode("too-many", () => keystore.create(WATCH));
  });

  test("a folder in which others may write is refused", async () => {
    using folder = temporaryFolder();
    chmodSync(folder.path, 0o770);
    await expectCode("unsafe-mode", () => openTestKeystore(folder.path));
    chmodSync(folder.path, 0o755);
    expect(openTestKeystore(folder.path).list()).toEqual([]);
  });
});

describe("changePassword", () => {
  test("the new password opens, the old one does not; what was not asked for stays", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    const entry = await keystore.create(OLD);
    await expectCode(DAMAGED, () => keystore.changePassword("old", "wrong", "new"));
    await expectCode("weak-password", () => keystore.changePassword("old", PASSWORD, ""));
    await expectOpens(keystore, "old", PASSWORD);
    await keystore.changePassword("old", PASSWORD, "new");
    await expectOpens(keystore, "old", "new");
    await expectCode(DAMAGED, () => keystore.open("old", PASSWORD));
    expect(keystore.find("old")).toEqual(entry);
  });

  test("K-10: the last versions are kept, and open if put back", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    const path = fileOf(folder, "old");
    await keystore.create({ ...OLD, password: "0" });
    for (let save = 1; save <= KEPT_VERSIONS + 1; save++) {
      await keystore.changePassword("old", String(save - 1), String(save));
    }
    expect(readdirSync(folder.path).sort()).toEqual(
      ["", ".bak1", ".bak2", ".bak3"].map((suffix) => `old.wallet.json${suffix}`),
    );
    for (let version = 1; version <= KEPT_VERSIONS; version++) {
      renameSync(`${path}.bak${version}`, path);
      await expectOpens(keystore, "old", String(KEPT_VERSIONS + 1 - version));
    }
  });

  test("J-19: of two changes at once, the second finds the first one's password", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(OLD);
    const both = await Promise.allSettled([
      keystore.changePassword("old", PASSWORD, "first"),
      keystore.changePassword("old", PASSWORD, "second"),
    ]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expectOpens(keystore, "old", "first");
  });
});

describe("remove", () => {
  test("K-10: moves the wallet and its versions to the trash, from where they can be put back", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    for (let round = 0; round < 2; round++) {
      await keystore.create(OLD);
      await keystore.changePassword("old", PASSWORD, "new");
      await keystore.remove("old");
      expect(readdirSync(folder.path)).toEqual(["trash"]);
    }
    const trash = join(folder.path, "trash");
    // The clock stands still.
    expect(readdirSync(trash).sort()).toEqual(["old.1700000000000", "old.1700000000001"]);
    const grave = join(trash, "old.1700000000000");
    expect(readdirSync(grave).sort()).toEqual(["old.wallet.json", "old.wallet.json.bak1"]);

    renameSync(join(grave, "old.wallet.json"), fileOf(folder, "old"));
    await expectOpens(keystore, "old", "new");
  });

  test("removes what cannot be read as well", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    writeFileSync(fileOf(folder, "bad"), "?", { mode: 0o644 });
    await keystore.remove("bad");
    expect(keystore.list()).toEqual([]);
  });

  test("the trash has a bound, beyond which everything stays", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    await keystore.create(WATCH);
    for (let index = 0; index < 1000; index++) {
      mkdirSync(join(folder.path, "trash", String(index)), { recursive: true });
    }
    await expectCode("too-many", () => keystore.remove("watch"));
    expect(keystore.find("watch")?.kind).toBe("watch");
  });
});

describe("busy", () => {
  test("A-10: one thing is done at a time, a few wait, the others are turned away", async () => {
    using folder = temporaryFolder();
    let inside = 0;
    const keystore = openTestKeystore(folder.path, { onStep: () => inside++ });
    const wallets: NewWallet[] = Array.from({ length: MAX_WAITING + 3 }, (_, index) => ({
      ...WATCH,
      name: `w${index}`,
    }));
    const results = await Promise.allSettled(wallets.map((wallet) => keystore.create(wallet)));
    const codes = results.map((it) => (it.status === "fulfilled" ? "made" : it.reason.code));
    expect(codes).toEqual([...Array(MAX_WAITING + 1).fill("made"), "busy", "busy"]);
    expect(inside).toBeGreaterThan(MAX_WAITING);
    // A failure makes place as well.
    await expectCode("exists", () => keystore.create({ ...WATCH, name: "w0" }));
    expect((await keystore.create({ ...WATCH, name: "after" })).name).toBe("after");
  });
});

describe("KeystoreError", () => {
  test("K-08: neither errors nor the keystore show a password or a secret", async () => {
    using folder = temporaryFolder();
    const keystore = openTestKeystore(folder.path);
    const secret = new WalletSecret(new Uint8Array(16).fill(0xe5));
    const canary = "canary-password";
    await keystore.create({ ...OLD, secret, password: canary });
    const error = await keystore.open("old", `${canary}-wrong`).catch((cause) => cause);
    expect(error.code).toBe(DAMAGED);
    for (const thing of [keystore, error, keystore.list()]) {
      const shown = `${Bun.inspect(thing, { depth: 9 })}${JSON.stringify(thing)}`;
      expect(shown).not.toMatch(/canary|e5e5|229/);
    }
    for (const text of snapshot(folder.path).values()) expect(text).not.toMatch(/canary|(?:e5){8}/);
  });
});
