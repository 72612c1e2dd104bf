/** Descriptors: BIP-0380's checksums and key expressions, what is an account here, what is not. */

import { describe, expect, test } from "bun:test";
import { HDKey } from "@scure/bip32";
import fc from "fast-check";
import { type AddressPrefixes, formatAddress } from "../../../src/primitives/address.ts";
import { ACCOUNT_KINDS, ContractAccount, KeyAccount } from "../../../src/wallet/account.ts";
import { AccountKey, DescriptorError, KEY_VERSIONS } from "../../../src/wallet/account-key.ts";
import { parseDescriptor } from "../../../src/wallet/descriptor.ts";
import {
  descriptorChecksum,
  formatDescriptor,
  stripChecksum,
} from "../../../src/wallet/descriptor-checksum.ts";
import { deriveAccount, deriveContractAccount } from "../../../src/wallet/master-key.ts";
import { parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import { reportCases } from "../../support/report-cases.ts";
import published from "../../vectors/bip380-descriptors.json";

const CAIRN: AddressPrefixes = { bech32: "crn", p2pkh: 28, p2sh: 87, wif: 156 };
const SECRET = { entropy: parseMnemonic(published.words), passphrase: new Uint8Array(0) };
const ACCOUNT = deriveAccount(SECRET, "wpkh", 0);
const TPUB = ACCOUNT.key.extendedKey;

describe("descriptorChecksum", () => {
  test("is the published one", () => {
    const { valid, invalid } = published.checksums;
    for (const text of valid) {
      const [body] = text.split("#") as [string];
      expect(formatDescriptor(body)).toBe(text);
      expect(stripChecksum(text)).toBe(body);
      expect(stripChecksum(body)).toBe(body);
    }
    for (const [name, text] of invalid as [string, string][]) {
      expect([name, problemOf(() => stripChecksum(text))]).toEqual([
        name,
        name.startsWith("Invalid characters") ? "format" : "checksum",
      ]);
    }
    const ran = { valid: valid.length, invalid: invalid.length };
    reportCases("bip380-descriptors.json, checksums", ran, { valid: 3, invalid: 6 });
  });

  test("finds any one character exchanged", () => {
    const characters = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ";
    const { descriptor } = ACCOUNT;
    const length = descriptor.indexOf("#");
    fc.assert(
      fc.property(
        fc.nat({ max: length - 1 }),
        fc.constantFrom(...characters),
        (index, character) => {
          fc.pre(descriptor[index] !== character);
          const wrong = `${descriptor.slice(0, index)}${character}${descriptor.slice(index + 1)}`;
          expect(problemOf(() => stripChecksum(wrong))).toBe("checksum");
        },
      ),
    );
  });

  test("is not made for text longer than any descriptor", () => {
    expect(problemOf(() => stripChecksum("a".repeat(5001)))).toBe("format");
    expect(descriptorChecksum("a".repeat(5000))).toHaveLength(8);
  });
});

describe("parseDescriptor", () => {
  test("gives every account back, with checksum or without, with h or '", () => {
    for (const kind of ACCOUNT_KINDS) {
      const account = deriveAccount(SECRET, kind, 4);
      const [body = ""] = account.descriptor.split("#");
      const quoted = body.replace(/\[.*\]/, (origin) => origin.replaceAll("h", "'"));
      for (const text of [account.descriptor, body, `  ${body}\n`, quoted]) {
        const parsed = parseDescriptor(text, CAIRN) as KeyAccount;
        expect(parsed).toBeInstanceOf(KeyAccount);
        expect([parsed.kind, parsed.descriptor]).toEqual([kind, account.descriptor]);
        expect([parsed.fingerprint, parsed.path]).toEqual([0x73c5da0a, account.path]);
        expect(parsed.scriptAt(1, 3)).toEqual(account.scriptAt(1, 3));
      }
    }
  });

  test("gives a contract's key back, which has no checksum of its own", () => {
    const account = deriveContractAccount(SECRET, 0);
    const parsed = parseDescriptor(account.descriptor, CAIRN) as ContractAccount;
    expect(parsed).toBeInstanceOf(ContractAccount);
    expect(parsed.descriptor).toBe(account.descriptor);
    expect(parsed.key.originAt(1, 2)).toEqual(account.key.originAt(1, 2));
  });

  test("watches an address", () => {
    const address = formatAddress(ACCOUNT.scriptAt(0, 0), CAIRN)!;
    const parsed = parseDescriptor(`addr(${address})`, CAIRN);
    expect(parsed.kind).toBe("addr");
    expect(parsed.isRange).toBe(false);
    expect(parsed.descriptor).toBe(formatDescriptor(`addr(${address})`));
    expect(problemOf(() => parseDescriptor("addr(tb1qaj6xxrj2n2)", CAIRN))).toBe("checksum");
    const foreign = "addr(tb1qaj6xxrj2n2ddqxe3a0wncxvc0jrwd3qrf0flx0)";
    expect(problemOf(() => parseDescriptor(foreign, CAIRN))).toBe("network");
  });

  test("takes an account key alone, of the kind that is said", () => {
    for (const text of [TPUB, published.accounts.wpkh, published.vpub]) {
      const parsed = parseDescriptor(text, CAIRN) as KeyAccount;
      expect(parsed.kind).toBe("wpkh");
      expect(parsed.scriptAt(0, 0)).toEqual(ACCOUNT.scriptAt(0, 0));
    }
    expect(parseDescriptor(TPUB, CAIRN, "tr").kind).toBe("tr");
    expect(problemOf(() => parseDescriptor(published.vpub, CAIRN, "tr"))).toBe("key");
  });

  test("counts a key without origin as a master key, as BIP-0380 does", () => {
    const parsed = parseDescriptor(`pkh(${TPUB}/<0;1>/*)`, CAIRN) as KeyAccount;
    const { fingerprint } = HDKey.fromExtendedKey(TPUB, KEY_VERSIONS);
    expect(parsed.derivationAt(0, 9)).toEqual({
      publicKey: ACCOUNT.publicKeyAt(0, 9),
      fingerprint,
      path: [0, 9],
    });
    expect(parsed.descriptor).toBe(formatDescriptor(`pkh(${TPUB}/<0;1>/*)`));
  });

  test("refuses every published key expression that is none", () => {
    const { invalidOrigins, invalidDerivations } = published;
    for (const [name, origin] of invalidOrigins as [string, string][]) {
      for (const text of [`wpkh(${origin}${TPUB}/<0;1>/*)`, `${origin}${TPUB}`]) {
        expect([name, isRefused(text)]).toEqual([name, true]);
      }
    }
    for (const [name, derivation] of invalidDerivations as [string, string][]) {
      for (const text of [`wpkh(${TPUB}${derivation})`, `${TPUB}${derivation}`]) {
        expect([name, isRefused(text)]).toEqual([name, true]);
      }
    }
    const ran = { origins: invalidOrigins.length, derivations: invalidDerivations.length };
    reportCases("bip380-descriptors.json, keys", ran, { origins: 12, derivations: 7 });
  });

  test("refuses private keys under every prefix, and shows nothing of them (K-08)", () => {
    const seed = new Uint8Array(32).fill(9);
    for (const version of [KEY_VERSIONS.private, 0x0488ade4, 0x045f18bc, 0x04b2430c]) {
      const key = HDKey.fromMasterSeed(seed, { ...KEY_VERSIONS, private: version });
      const text = key.privateExtendedKey;
      for (const shown of [text, `wpkh(${text}/<0;1>/*)`]) {
        const error = errorOf(() => parseDescriptor(shown, CAIRN));
        expect(error.code).toBe("private-key");
        expect(`${error.message}${error.cause}`).not.toContain(text.slice(0, 12));
      }
    }
  });

  test("refuses what is no account here, each with its code", () => {
    const xpub = HDKey.fromMasterSeed(new Uint8Array(32)).publicExtendedKey;
    const broken = `${TPUB.slice(0, -1)}${TPUB.endsWith("A") ? "B" : "A"}`;
    for (const [text, code] of [
      ["", "format"],
      ["hello", "format"],
      ["wpkh()", "format"],
      [`wpkh(${TPUB})`, "derivation"],
      [`wpkh(${TPUB}/0/*)`, "derivation"],
      [`wpkh(${TPUB}/<1;0>/*)`, "derivation"],
      [`wpkh(${TPUB}/<0;1>/*h)`, "derivation"],
      [`wpkh([00000000/2147483648h]${TPUB}/<0;1>/*)`, "derivation"],
      [`sh(wpkh(${TPUB}/<0;1>/*))`, "unsupported"],
      [`wsh(multi(1,${TPUB}/<0;1>/*))`, "unsupported"],
      [`tr(${TPUB}/<0;1>/*,pk(${TPUB}/<0;1>/*))`, "format"],
      [xpub, "network"],
      [`wpkh(${published.vpub}/<0;1>/*)`, "network"],
      [broken, "key"],
      [`${ACCOUNT.descriptor}x`, "checksum"],
    ] as const) {
      expect([text, problemOf(() => parseDescriptor(text, CAIRN))]).toEqual([text, code]);
    }
  });

  test("never fails in any other way, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 200 }), fc.stringMatching(/^[a-z]+\(\[?[0-9a-f/h']+.*\)$/)),
        (text) => {
          try {
            parseDescriptor(text, CAIRN);
          } catch (error) {
            expect(error).toBeInstanceOf(DescriptorError);
          }
        },
      ),
    );
  });

  test("reads and writes any origin alike", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 8 }),
        (fingerprint, path) => {
          const node = HDKey.fromExtendedKey(TPUB, KEY_VERSIONS);
          const account = new KeyAccount("tr", new AccountKey(node, { fingerprint, path }));
          const parsed = parseDescriptor(account.descriptor, CAIRN) as KeyAccount;
          expect(parsed.derivationAt(0, 0)).toEqual(account.derivationAt(0, 0));
          expect(parsed.descriptor).toBe(account.descriptor);
        },
      ),
      { numRuns: 50 },
    );
  });
});

function errorOf(work: () => unknown): DescriptorError {
  try {
    work();
  } catch (error) {
    if (error instanceof DescriptorError) return error;
    throw error;
  }
  throw new Error("accepted");
}

function problemOf(work: () => unknown) {
  return errorOf(work).code;
}

function isRefused(text: string): boolean {
  return problemOf(() => parseDescriptor(text, CAIRN)) !== undefined;
}
