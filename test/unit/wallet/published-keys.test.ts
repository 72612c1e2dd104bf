/**
 * The vectors that a wallet stands on: BIP-0032, BIP-0084 and BIP-0086, by the library for
 * derivation together with our keys, tweaks and addresses. BIP-0039 is in mnemonic.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { createBase58check } from "@scure/base";
import { HDKey } from "@scure/bip32";
import { hash160, sha256 } from "../../../src/crypto/hash.ts";
import { publicKeyOf } from "../../../src/crypto/keys.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import {
  type AddressPrefixes,
  formatAddress,
  formatWif,
  parseAddress,
  parseWif,
  scriptOf,
} from "../../../src/primitives/address.ts";
import { tapTweakHash } from "../../../src/script/taproot.ts";
import { parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import { seedOf } from "../../../src/wallet/native-keys.ts";
import { reportCases } from "../../support/report-cases.ts";
import { SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";
import bip32 from "../../vectors/bip32-keys.json";
import accounts from "../../vectors/bip84-bip86-accounts.json";

const MAIN: AddressPrefixes = { bech32: "bc", p2pkh: 0x00, p2sh: 0x05, wif: 0x80 };

/** Version bytes of extended keys, as BIP-0032 and BIP-0084 have them. */
const XPRV = { private: 0x0488ade4, public: 0x0488b21e };
const ZPRV = { private: 0x04b2430c, public: 0x04b24746 };

const base58check = createBase58check(sha256);

describe("BIP-0032", () => {
  test("every chain of the test vectors is derived, by our public keys too", () => {
    let keys = 0;
    for (const { seed, keys: chain } of bip32.derived) {
      const master = HDKey.fromMasterSeed(fromHex(seed));
      for (const [path, publicKey, privateKey] of chain as [string, string, string][]) {
        keys++;
        const derived = master.derive(path);
        expect(derived.privateExtendedKey).toBe(privateKey);
        expect(derived.publicExtendedKey).toBe(publicKey);

        // The last 33 bytes of an extended key are the key.
        const secret = base58check.decode(privateKey).subarray(46);
        expect(secret).toEqual(derived.privateKey!);
        expect(toHex(publicKeyOf(secret))).toBe(toHex(base58check.decode(publicKey).subarray(45)));
      }
    }
    reportCases("bip32-keys.json, vectors 1 to 4", { keys }, { keys: 17 });
  });

  test("a child without hardening is derived from the public key alone", () => {
    const chain = bip32.derived[0]!.keys as [string, string, string][];
    const extendedPublicKey = (path: string) => chain.find(([of]) => of === path)![1];
    const derived = HDKey.fromExtendedKey(extendedPublicKey("m/0'/1/2'")).deriveChild(2);
    expect(derived.publicExtendedKey).toBe(extendedPublicKey("m/0'/1/2'/2"));
    expect(derived.privateKey).toBeNull();
  });

  test("every key of test vector 5 is refused", () => {
    for (const [key, reason] of bip32.invalid as [string, string][]) {
      expect({ reason, isRefused: isRefused(key) }).toEqual({ reason, isRefused: true });
    }
    reportCases("bip32-keys.json, vector 5", { keys: bip32.invalid.length }, { keys: 16 });
  });
});

const seed = seedOf(parseMnemonic(accounts.mnemonic), new Uint8Array(0));

describe("BIP-0084", () => {
  const { rootPrivate, accountPath, accountPrivate, keys } = accounts.bip84;
  const master = HDKey.fromMasterSeed(seed, ZPRV);

  test("the root and the account are the published ones", () => {
    expect(master.privateExtendedKey).toBe(rootPrivate);
    expect(master.derive(accountPath).privateExtendedKey).toBe(accountPrivate);
  });

  test("keys, WIF and addresses are the published ones", () => {
    for (const { path, privateKey, publicKey, address } of keys) {
      const secret = master.derive(path).privateKey!;
      expect(formatWif(secret, MAIN)).toBe(privateKey);
      expect(parseWif(privateKey, MAIN)).toEqual(secret);
      expect(toHex(publicKeyOf(secret))).toBe(publicKey);

      const program = hash160(publicKeyOf(secret));
      const script = scriptOf({ type: "p2wpkh", witnessVersion: 0, program });
      expect(formatAddress(script, MAIN)).toBe(address);
      expect(parseAddress(address, MAIN)).toEqual(script);
    }
    reportCases("bip84-bip86-accounts.json, BIP-0084", { keys: keys.length }, { keys: 3 });
  });
});

describe("BIP-0086", () => {
  const { rootPrivate, rootPublic, accountPath, accountPrivate, accountPublic, keys } =
    accounts.bip86;
  const master = HDKey.fromMasterSeed(seed, XPRV);

  test("the root and the account are the published ones", () => {
    const account = master.derive(accountPath);
    expect([master.privateExtendedKey, master.publicExtendedKey]).toEqual([
      rootPrivate,
      rootPublic,
    ]);
    expect([account.privateExtendedKey, account.publicExtendedKey]).toEqual([
      accountPrivate,
      accountPublic,
    ]);
  });

  test("internal keys, output keys, scripts and addresses are the published ones", () => {
    for (const vector of keys) {
      const derived = master.derive(vector.path);
      expect(derived.privateExtendedKey).toBe(vector.extendedPrivate);
      expect(derived.publicExtendedKey).toBe(vector.extendedPublic);

      const internalKey = publicKeyOf(derived.privateKey!).subarray(1);
      expect(toHex(internalKey)).toBe(vector.internalKey);
      const output = tweakedKey(internalKey);
      expect(toHex(output.key)).toBe(vector.outputKey);
      for (const { isTweakedKey } of SIGNATURE_VERIFIERS) {
        const tweak = tapTweakHash(internalKey);
        expect(isTweakedKey(output.key, output.isOdd, internalKey, tweak)).toBe(true);
      }

      const script = scriptOf({ type: "p2tr", witnessVersion: 1, program: output.key });
      expect(toHex(script)).toBe(vector.scriptPubKey);
      expect(formatAddress(script, MAIN)).toBe(vector.address);
    }
    reportCases("bip84-bip86-accounts.json, BIP-0086", { keys: keys.length }, { keys: 3 });
  });
});

/** True if the key is refused with the prefixes of Bitcoin's main network. */
function isRefused(key: string): boolean {
  try {
    HDKey.fromExtendedKey(key, XPRV);
    return false;
  } catch {
    return true;
  }
}

function tweakedKey(internalKey: Uint8Array): { key: Uint8Array; isOdd: boolean } {
  const { Point } = secp256k1;
  const tweak = BigInt(`0x${tapTweakHash(internalKey).toHex()}`);
  const internal = Point.fromBytes(concatBytes(Uint8Array.of(2), internalKey));
  const bytes = internal.add(Point.BASE.multiply(tweak)).toBytes(true);
  return { key: bytes.subarray(1), isOdd: bytes[0] === 3 };
}
