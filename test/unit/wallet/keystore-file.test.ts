/**
 * Wallet files as texts: what is written opens, and nothing that was changed does.
 *
 * Where every byte is tried the key is derived by a hash, which also holds that no cost out of
 * bounds is ever spent; scrypt proper is tried on a sample, and on files that another program made.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { KeystoreError } from "../../../src/wallet/keystore-error.ts";
import {
  formatEncryptedWallet,
  formatPlainWallet,
  formatWatchWallet,
  type Lock,
  MAX_WALLET_FILE_BYTES,
  openSecret,
  parseWallet,
  type WalletAbout,
} from "../../../src/wallet/keystore-file.ts";
import { deriveScryptKey } from "../../../src/wallet/native-keys.ts";
import { type DeriveKey, isAllowedCost, SCRYPT_COST } from "../../../src/wallet/scrypt.ts";
import { WalletSecret } from "../../../src/wallet/wallet-secret.ts";
import { TEST_COST, TEST_NETWORK, TEST_SECRET } from "../../support/keystore-world.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import { reportCases } from "../../support/report-cases.ts";
import golden from "../../vectors/keystore-version-1.json";

/** Keys take their time, more so on a busy machine. */
setDefaultTimeout(60_000);

const ABOUT: WalletAbout = {
  network: TEST_NETWORK.name,
  genesis: TEST_NETWORK.genesis,
  name: "savings",
  createdAt: 1_700_000_000_000,
  descriptors: ["wpkh([73c5da0a/84'/1'/0']xpub/0/*)", 'a "quoted\\ text'],
};
const LOCK: Lock = {
  cost: SCRYPT_COST,
  salt: new Uint8Array(32).fill(7),
  nonce: new Uint8Array(12).fill(9),
};
const PASSWORD = new TextEncoder().encode("password");

/** As quick as a hash, and as strict as scrypt. */
const quickKey: DeriveKey = async (password, salt, { n, r, p }) => {
  expect(isAllowedCost({ n, r, p })).toBe(true);
  const cost = new TextEncoder().encode(`${n} ${r} ${p}`);
  return sha256(concatBytes(password, salt, cost));
};

const encrypted = () => formatEncryptedWallet(ABOUT, TEST_SECRET, PASSWORD, LOCK, quickKey);

async function codeOf(
  text: string,
  deriveKey = quickKey,
  password: Uint8Array = PASSWORD,
): Promise<string> {
  try {
    await openSecret(parseWallet(text), password, deriveKey);
    return "opened";
  } catch (error) {
    if (error instanceof KeystoreError) return error.code;
    throw error;
  }
}

/** The text with a checksum that fits: what somebody would write who knows the format. */
function forge(content: Record<string, unknown>): string {
  const { checksum: _, ...rest } = content;
  const checksum = toHex(sha256(new TextEncoder().encode(JSON.stringify(rest))));
  return `${JSON.stringify({ ...rest, checksum }, null, 2)}\n`;
}

/** `text` with each byte changed in several ways, one at a time. */
function* flips(text: string): Generator<{ flipped: string; byte: number; pattern: number }> {
  const bytes = new TextEncoder().encode(text);
  for (let byte = 0; byte < bytes.length; byte++) {
    for (const pattern of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
      const changed = Uint8Array.from(bytes);
      changed[byte]! ^= pattern;
      const flipped = new TextDecoder("utf-8", { ignoreBOM: true }).decode(changed);
      yield { flipped, byte, pattern };
    }
  }
}

/** Only the digit of the version may be taken for what it seems to be: another version. */
function isVersionDigit(text: string, byte: number, flipped: string): boolean {
  return byte === text.indexOf('"version": 1') + 11 && /"version": \d/.test(flipped);
}

describe("openSecret", () => {
  const password = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const text = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 256 });
  const about = fc.record({
    network: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/),
    genesis: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
    name: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/),
    createdAt: fc.nat(),
    descriptors: fc.array(text, { minLength: 1, maxLength: 8 }),
  });
  const entropy = fc.uint8Array({ minLength: 16, maxLength: 32 });
  const passphrase = fc.uint8Array({ maxLength: 256 });
  const lock = fc.record({
    cost: fc.record({
      n: fc.constantFrom(2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18),
      r: fc.constant(8),
      p: fc.integer({ min: 1, max: 4 }),
    }),
    salt: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    nonce: fc.uint8Array({ minLength: 12, maxLength: 12 }),
  });

  test(
    "returns what was locked, whatever it was",
    async () => {
      await fc.assert(
        fc.asyncProperty(about, entropy, passphrase, password, lock, async (a, e, s, p, l) => {
          const text = await formatEncryptedWallet(a, new WalletSecret(e, s), p, l, quickKey);
          expect(text.length).toBeLessThan(MAX_WALLET_FILE_BYTES / 2);
          const file = parseWallet(text);
          expect(file.header).toEqual({ ...a, kind: "encrypted" });
          const opened = await openSecret(file, p, quickKey);
          expect(opened.entropy).toEqual(e);
          expect(opened.passphrase).toEqual(s);
          const plain = formatPlainWallet(a, new WalletSecret(e, s));
          expect((await openSecret(parseWallet(plain), p, quickKey)).entropy).toEqual(e);
        }),
        runs(300),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "returns what was locked, by scrypt proper, to the right password alone",
    async () => {
      await fc.assert(
        fc.asyncProperty(entropy, passphrase, password, lock, async (e, s, p, l) => {
          const cheap = { ...l, cost: TEST_COST };
          const secret = new WalletSecret(e, s);
          const text = await formatEncryptedWallet(ABOUT, secret, p, cheap, deriveScryptKey);
          const opened = await openSecret(parseWallet(text), p, deriveScryptKey);
          expect([opened.entropy, opened.passphrase]).toEqual([e, s]);
          // Not a zero at the end, which scrypt (by HMAC) takes for no byte at all.
          const wrong = p.with(-1, p.at(-1)! ^ 1);
          expect(await codeOf(text, deriveScryptKey, wrong)).toBe("wrong-password-or-damaged");
        }),
        runs(5),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("K-06: no byte can be changed", async () => {
    const watch = formatWatchWallet(ABOUT);
    for (const text of [await encrypted(), formatPlainWallet(ABOUT, TEST_SECRET), watch]) {
      let others = 0;
      for (const { flipped, byte, pattern } of flips(text)) {
        const code = await codeOf(flipped);
        if (isVersionDigit(text, byte, flipped) && code === "unknown-version") others++;
        else
          expect({ code, byte, pattern }).toEqual({
            code: "wrong-password-or-damaged",
            byte,
            pattern,
          });
      }
      // 1 becomes 0, 3, 5 and 9; what else it may become is no number.
      expect(others).toBe(4);
    }
  });

  test("K-06: no byte can be changed by who mends the checksum", async () => {
    const text = await encrypted();
    const { checksum: _, ...content } = JSON.parse(text);
    const codes = new Map<string, number>();
    for (const { flipped } of flips(JSON.stringify(content))) {
      let changed: Record<string, unknown>;
      try {
        changed = JSON.parse(flipped);
      } catch {
        continue;
      }
      const code = await codeOf(forge(changed));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(["unknown-version", "wrong-password-or-damaged"]);
    expect(codes.get("unknown-version")).toBe(4);
  });

  test("K-06: by scrypt proper, every field of the header is authenticated", async () => {
    const lock = { ...LOCK, cost: TEST_COST };
    const text = await formatEncryptedWallet(ABOUT, TEST_SECRET, PASSWORD, lock, deriveScryptKey);
    const content = JSON.parse(text);
    const { kdf, payload } = content;
    const changes: Record<string, unknown>[] = [
      { network: "other" },
      { genesis: "00".repeat(32) },
      { name: "other" },
      { createdAt: content.createdAt + 1 },
      { descriptors: ["wpkh(thief)"] },
      { descriptors: content.descriptors.toReversed() },
      { kdf: { ...kdf, n: 2 ** 16 } },
      { kdf: { ...kdf, p: 2 } },
      { kdf: { ...kdf, salt: "00".repeat(32) } },
      { nonce: "00".repeat(12) },
      { payload: `00${payload.slice(2)}` },
      { payload: payload.slice(0, -2) + (payload.endsWith("00") ? "01" : "00") },
    ];
    expect(await codeOf(forge(content), deriveScryptKey)).toBe("opened");
    for (const change of changes) {
      const forged = forge({ ...content, ...change });
      expect(parseWallet(forged).header.kind).toBe("encrypted");
      expect(await codeOf(forged, deriveScryptKey)).toBe("wrong-password-or-damaged");
    }
  });

  test("K-06: a file cut short or made longer is damaged", async () => {
    for (const text of [await encrypted(), formatWatchWallet(ABOUT)]) {
      for (let length = 0; length < text.length; length++) {
        expect(await codeOf(text.slice(0, length))).toBe("wrong-password-or-damaged");
      }
      for (const more of [" ", "\n", "\0", "{}", text]) {
        expect(await codeOf(text + more)).toBe("wrong-password-or-damaged");
        expect(await codeOf(more + text)).toBe("wrong-password-or-damaged");
      }
    }
  });

  test("refuses to look for the secret of a wallet that only watches", async () => {
    expect(await codeOf(formatWatchWallet(ABOUT))).toBe("watch-only");
  });

  test("a plain wallet whose lengths were forged is damaged", async () => {
    const content = JSON.parse(formatPlainWallet(ABOUT, TEST_SECRET));
    for (const [offset, hex] of [
      [0, "00"],
      [0, "0f"],
      [0, "21"],
      [0, "ff"],
      [33, "0101"],
      [33, "ffff"],
    ] as const) {
      const payload =
        content.payload.slice(0, 2 * offset) + hex + content.payload.slice(2 * offset + hex.length);
      expect(await codeOf(forge({ ...content, payload }))).toBe("wrong-password-or-damaged");
    }
  });
});

describe("parseWallet", () => {
  test("K-06: a cost out of bounds is damage, and is never spent", async () => {
    const content = JSON.parse(await encrypted());
    const bad = [
      { n: 2 ** 14 },
      { n: 2 ** 19 },
      { n: 2 ** 20 },
      { n: 2 ** 31 },
      { n: 2 ** 52 },
      { n: 2 ** 17 + 1 },
      { n: 2 ** 17 - 1 },
      { n: 0 },
      { n: -(2 ** 17) },
      { n: 2 ** 17 + 0.5 },
      { r: 1 },
      { r: 7 },
      { r: 9 },
      { r: 2 ** 30 },
      { p: 0 },
      { p: 5 },
      { p: 1.5 },
      { p: -1 },
      { n: "131072" },
      { n: null },
      { r: [8] },
      { p: {} },
      { name: "pbkdf2" },
      { salt: "" },
      { salt: "00".repeat(31) },
      { salt: "00".repeat(33) },
      { salt: "AB".repeat(32) },
      { salt: "zz".repeat(32) },
      { salt: 0 },
    ];
    for (const change of bad) {
      const text = forge({ ...content, kdf: { ...content.kdf, ...change } });
      expect(() => parseWallet(text)).toThrow(new KeystoreError("wrong-password-or-damaged"));
    }
    for (const kdf of [null, [], "scrypt", 1]) {
      const text = forge({ ...content, kdf });
      expect(() => parseWallet(text)).toThrow(new KeystoreError("wrong-password-or-damaged"));
    }
  });

  test("K-06: a field that is missing, more, of another type or out of bounds is damage", async () => {
    const content = JSON.parse(await encrypted());
    const texts = Object.keys(content).flatMap((key) => {
      const { [key]: _, ...less } = content;
      const others = [null, [], {}, "", true, "x".repeat(300), [1], ["\n"], -1, 0.5].filter(
        (value) => !(key === "version" && typeof value === "number"),
      );
      return [
        forge(less),
        forge({ ...content, [`${key}2`]: 1 }),
        ...others
          .filter(() => key !== "checksum")
          .map((value) => forge({ ...content, [key]: value })),
      ];
    });
    texts.splice(texts.indexOf(forge(content)), 1);
    texts.push(
      forge({ ...content, descriptors: [] }),
      forge({ ...content, descriptors: Array(9).fill("a") }),
      forge({ ...content, descriptors: ["ä"] }),
      forge({ ...content, kind: "plain" }),
      forge({ ...content, kind: "watch" }),
      forge({ ...content, name: "../savings" }),
      forge(Object.fromEntries(Object.entries(content).toReversed())),
    );
    for (const text of texts) {
      expect(() => parseWallet(text)).toThrow(new KeystoreError("wrong-password-or-damaged"));
    }
    expect(texts.length).toBeGreaterThan(100);
  });

  test("text that is no wallet at all is damage", () => {
    const texts = [
      "",
      "null",
      "[]",
      "1",
      '"cairn-wallet"',
      "{}",
      '{"__proto__":{}}',
      "[".repeat(MAX_WALLET_FILE_BYTES),
      " ".repeat(MAX_WALLET_FILE_BYTES + 1),
      "\u{feff}{}",
      '{"magic":"cairn-wallet"}',
      '{"magic":"cairn-wallet","version":"2"}',
      '{"magic":"other","version":2}',
    ];
    for (const text of texts) {
      expect(() => parseWallet(text)).toThrow(new KeystoreError("wrong-password-or-damaged"));
    }
  });

  test("T16: a file of a later version is told from a damaged one", () => {
    const text = '{"version": 2, "magic": "cairn-wallet", "whatever": []}';
    expect(() => parseWallet(text)).toThrow(new KeystoreError("unknown-version"));
  });
});

describe("format", () => {
  test("the length tells nothing of the secret", async () => {
    const lengths = new Set<number>();
    for (const [entropyBytes, passphraseBytes] of [
      [16, 0],
      [32, 0],
      [16, 256],
    ] as const) {
      const secret = new WalletSecret(
        new Uint8Array(entropyBytes),
        new Uint8Array(passphraseBytes),
      );
      lengths.add((await formatEncryptedWallet(ABOUT, secret, PASSWORD, LOCK, quickKey)).length);
    }
    expect(lengths.size).toBe(1);
  });

  test("a header out of bounds is our own mistake", async () => {
    for (const change of [
      { name: "No" },
      { genesis: "" },
      { network: "" },
      { createdAt: 0.5 },
      { createdAt: -1 },
      { descriptors: [] },
      { descriptors: ["é"] },
      { descriptors: ["x".repeat(257)] },
      { descriptors: Array(9).fill("x") },
    ]) {
      const about = { ...ABOUT, ...change };
      expect(() => formatWatchWallet(about)).toThrow(RangeError);
      expect(() => formatPlainWallet(about, TEST_SECRET)).toThrow(RangeError);
      const promise = formatEncryptedWallet(about, TEST_SECRET, PASSWORD, LOCK, quickKey);
      expect(await promise.catch((error) => error)).toBeInstanceOf(RangeError);
    }
  });
});

describe("isAllowedCost", () => {
  test("holds for a power of two from 32 to 256 MiB, and a few rounds", () => {
    for (const n of [2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18]) {
      for (const p of [1, 2, 3, 4]) expect(isAllowedCost({ n, r: 8, p })).toBe(true);
    }
    expect(isAllowedCost({ n: 2 ** 19, r: 8, p: 1 })).toBe(false);
    expect(isAllowedCost({ n: Number.NaN, r: 8, p: 1 })).toBe(false);
    expect(isAllowedCost({ n: Number.POSITIVE_INFINITY, r: 8, p: 1 })).toBe(false);
    expect(isAllowedCost({ n: 2 ** 17, r: 8, p: Number.NaN })).toBe(false);
  });
});

describe("deriveScryptKey", () => {
  test("refuses a cost out of bounds", async () => {
    const promise = deriveScryptKey(PASSWORD, LOCK.salt, { n: 2 ** 20, r: 8, p: 1 });
    expect(await promise.catch((error) => error)).toBeInstanceOf(RangeError);
  });

  test("D-17: the event loop goes on meanwhile", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await deriveScryptKey(PASSWORD, LOCK.salt, SCRYPT_COST);
    clearInterval(timer);
    // Were it computed here, there would be none.
    expect(turns).toBeGreaterThan(1);
  });

  test("the largest cost of a file can be spent", async () => {
    const key = await deriveScryptKey(PASSWORD, LOCK.salt, { n: 2 ** 18, r: 8, p: 1 });
    expect(key).toHaveLength(32);
  });
});

describe("vectors", () => {
  test("T16: files of version 1, as another program wrote them, open", async () => {
    const password = new TextEncoder().encode(golden.password.normalize("NFKD"));
    const ran = { encrypted: 0, plain: 0, watch: 0 };
    for (const [name, text] of Object.entries(golden.files)) {
      const file = parseWallet(text);
      expect(file.header.name).toBe(name);
      expect(file.header.genesis).toBe(golden.genesis);
      ran[file.header.kind]++;
      if (file.header.kind === "watch") continue;
      const secret = await openSecret(file, password, deriveScryptKey);
      expect(secret.entropy).toEqual(fromHex(golden.entropy));
      expect(secret.passphrase).toEqual(fromHex(golden.passphrase));
    }
    reportCases("keystore-version-1.json", ran, { encrypted: 1, plain: 1, watch: 1 });
  });

  test("T16: files of version 1 are written as another program writes them", async () => {
    const password = new TextEncoder().encode(golden.password.normalize("NFKD"));
    const secret = new WalletSecret(fromHex(golden.entropy), fromHex(golden.passphrase));
    const { header, lock } = parseWallet(golden.files["golden-encrypted"]);
    const text = await formatEncryptedWallet(header, secret, password, lock!, deriveScryptKey);
    expect(text).toBe(golden.files["golden-encrypted"]);
    const plain = { ...header, name: "golden-plain" };
    expect(formatPlainWallet(plain, secret)).toBe(golden.files["golden-plain"]);
    const watch = { ...header, name: "golden-watch" };
    expect(formatWatchWallet(watch)).toBe(golden.files["golden-watch"]);
  });
});

describe("WalletSecret", () => {
  test("K-08: is shown by nothing", () => {
    const secret = new WalletSecret(new Uint8Array(16).fill(0xab), new Uint8Array(3).fill(0xcd));
    const shown = [
      Bun.inspect(secret),
      Bun.inspect({ deep: [secret] }, { depth: 10 }),
      JSON.stringify({ secret }),
      String(secret),
      Bun.inspect(new Error("x", { cause: secret })),
      Bun.inspect(structuredClone({ ...secret })),
    ];
    for (const text of shown) expect(text).not.toMatch(/abab|171|cdcd|205|entropy/i);
    expect(shown.slice(0, 4).every((text) => text.includes("(secret)"))).toBe(true);
  });

  test("owns its bytes, and has none once it is wiped", () => {
    const given = new Uint8Array(16).fill(1);
    const secret = new WalletSecret(given);
    given.fill(2);
    const { entropy, passphrase } = secret;
    expect(entropy).toEqual(new Uint8Array(16).fill(1));
    expect(passphrase).toEqual(new Uint8Array());
    secret.wipe();
    secret.wipe();
    expect(entropy).toEqual(new Uint8Array(16));
    expect(() => secret.entropy).toThrow();
    expect(() => secret.passphrase).toThrow();
  });

  test("refuses lengths out of bounds", () => {
    expect(() => new WalletSecret(new Uint8Array(15))).toThrow(RangeError);
    expect(() => new WalletSecret(new Uint8Array(33))).toThrow(RangeError);
    expect(() => new WalletSecret(new Uint8Array(16), new Uint8Array(257))).toThrow(RangeError);
  });
});
