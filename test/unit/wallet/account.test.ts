/** Accounts: the published keys and addresses of BIP-0084 and BIP-0086, and another library's. */

import { describe, expect, test } from "bun:test";
import { HDKey } from "@scure/bip32";
import { BIP32Factory } from "bip32";
import * as bitcoin from "bitcoinjs-lib";
import fc from "fast-check";
import * as tinySecp256k1 from "tiny-secp256k1";
import { toHex } from "../../../src/lib/bytes.ts";
import { type AddressPrefixes, formatAddress } from "../../../src/primitives/address.ts";
import {
  ACCOUNT_KINDS,
  type AccountKind,
  AddressAccount,
  KeyAccount,
  withDerivedKeys,
} from "../../../src/wallet/account.ts";
import { AccountKey, HARDENED, KEY_VERSIONS } from "../../../src/wallet/account-key.ts";
import {
  deriveAccount,
  deriveContractAccount,
  withMasterKey,
} from "../../../src/wallet/master-key.ts";
import { encodePassphrase, makeMnemonic, parseMnemonic } from "../../../src/wallet/mnemonic.ts";
import { seedOf } from "../../../src/wallet/native-keys.ts";
import { reportCases } from "../../support/report-cases.ts";
import accounts from "../../vectors/bip84-bip86-accounts.json";
import published from "../../vectors/bip380-descriptors.json";

bitcoin.initEccLib(tinySecp256k1);
const bip32 = BIP32Factory(tinySecp256k1);

const MAIN: AddressPrefixes = { bech32: "bc", p2pkh: 0x00, p2sh: 0x05, wif: 0x80 };
const TEST: AddressPrefixes = { bech32: "tb", p2pkh: 0x6f, p2sh: 0xc4, wif: 0xef };
const CAIRN: AddressPrefixes = { bech32: "crn", p2pkh: 28, p2sh: 87, wif: 156 };

/** Cairn as another library is told of it. */
const NETWORK = {
  messagePrefix: "",
  bech32: "crn",
  bip32: KEY_VERSIONS,
  pubKeyHash: 28,
  scriptHash: 87,
  wif: 156,
};

const PURPOSES: Record<AccountKind, number> = { wpkh: 84, tr: 86, pkh: 44 };
const NO_PASSPHRASE = new Uint8Array(0);
const SECRET = { entropy: parseMnemonic(published.words), passphrase: NO_PASSPHRASE };

describe("BIP-0084 and BIP-0086", () => {
  test("addresses on both branches are the published ones", () => {
    let addresses = 0;
    for (const [kind, purpose, { keys }] of [
      ["wpkh", 84, accounts.bip84],
      ["tr", 86, accounts.bip86],
    ] as const) {
      const secret = { entropy: parseMnemonic(accounts.mnemonic), passphrase: NO_PASSPHRASE };
      // The vectors are of the coin type that our accounts never have.
      const path = [purpose, 0, 0].map((step) => step + HARDENED);
      const key = withMasterKey(secret, (master) =>
        withDerivedKeys(master, (keyAt) => new AccountKey(keyAt(path))),
      );
      const account = new KeyAccount(kind, key);
      for (const vector of keys) {
        const [branch, index] = vector.path.split("/").slice(-2).map(Number) as [0 | 1, number];
        expect(formatAddress(account.scriptAt(branch, index), MAIN)).toBe(vector.address);
        addresses++;
      }
    }
    reportCases("bip84-bip86-accounts.json, our accounts", { addresses }, { addresses: 6 });
  });

  test("the account keys of the twelve words are those that other wallets have", () => {
    expect(deriveAccount(SECRET, "wpkh", 0).key.text).toBe(`${published.accounts.wpkh}/<0;1>/*`);
    const contract = deriveContractAccount(SECRET, 0);
    expect(contract.descriptor).toBe(`${published.accounts.contract}/<0;1>/*`);
    for (const [kind, branch, index, address] of published.addresses) {
      const account = deriveAccount(SECRET, kind as AccountKind, 0);
      const script = account.scriptAt(branch as 0 | 1, index as number);
      expect(formatAddress(script, TEST)).toBe(address as string);
    }
  });
});

describe("another library", () => {
  test("derives the same first 50 addresses of either branch from the same words", () => {
    const entropy = new Uint8Array(32).fill(0x5a);
    const passphrase = encodePassphrase("Zürich");
    const seed = seedOf(parseMnemonic(makeMnemonic(entropy)), passphrase);
    const root = bip32.fromSeed(seed, NETWORK);
    let compared = 0;
    for (const kind of ACCOUNT_KINDS) {
      const ours = deriveAccount({ entropy, passphrase }, kind, 3);
      const theirs = root.derivePath(`m/${PURPOSES[kind]}'/1'/3'`);
      expect(ours.key.extendedKey).toBe(theirs.neutered().toBase58());
      expect(ours.fingerprint).toBe(fingerprintOf(root.fingerprint));
      for (const branch of [0, 1] as const) {
        for (let index = 0; index < 50; index++) {
          const { publicKey } = theirs.derive(branch).derive(index);
          expect(toHex(ours.publicKeyAt(branch, index))).toBe(toHex(publicKey));
          const address = formatAddress(ours.scriptAt(branch, index), CAIRN);
          expect(address).toBe(addressBy(kind, publicKey));
          compared++;
        }
      }
    }
    expect(compared).toBe(300);
  });

  test("agrees on random words, accounts and indices (K-09)", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom(...ACCOUNT_KINDS),
        fc.nat({ max: HARDENED - 1 }),
        fc.constantFrom(0 as const, 1 as const),
        fc.nat({ max: HARDENED - 1 }),
        (entropy, kind, accountIndex, branch, index) => {
          const account = deriveAccount({ entropy, passphrase: NO_PASSPHRASE }, kind, accountIndex);
          const root = bip32.fromSeed(seedOf(entropy, NO_PASSPHRASE), NETWORK);
          const path = `m/${PURPOSES[kind]}'/1'/${accountIndex}'/${branch}/${index}`;
          const { publicKey } = root.derivePath(path);
          const address = formatAddress(account.scriptAt(branch, index), CAIRN);
          expect(address).toBe(addressBy(kind, publicKey));
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("KeyAccount", () => {
  test("gives keys with their derivation from the master key", () => {
    const account = deriveAccount(SECRET, "tr", 7);
    expect(account.fingerprint).toBe(0x73c5da0a);
    expect(account.derivationAt(1, 12)).toEqual({
      publicKey: account.publicKeyAt(1, 12),
      fingerprint: 0x73c5da0a,
      path: [86 + HARDENED, 1 + HARDENED, 7 + HARDENED, 1, 12],
    });
  });

  test("refuses an index that no address has", () => {
    const account = deriveAccount(SECRET, "wpkh", 0);
    for (const index of [-1, 0.5, HARDENED, Number.NaN]) {
      expect(() => account.scriptAt(0, index)).toThrow(RangeError);
      expect(() => deriveAccount(SECRET, "wpkh", index)).toThrow(RangeError);
    }
    expect(account.scriptAt(0, HARDENED - 1)).toHaveLength(22);
  });

  test("shows no more than a public key, whatever looks at it (K-08)", () => {
    const account = deriveAccount(SECRET, "wpkh", 0);
    const shown = `${JSON.stringify(account)}${Bun.inspect(account, { depth: 9 })}`;
    expect(shown).not.toContain("tprv");
    expect(shown).not.toContain("rivateKey");
  });

  test("knows the weight of an input at most: a high r, a low s, a hash type", () => {
    const weights = ACCOUNT_KINDS.map((kind) => deriveAccount(SECRET, kind, 0).inputWeight);
    expect(weights).toEqual([272, 230, 593]);
  });
});

describe("AddressAccount", () => {
  test("has one script and no more", () => {
    const script = deriveAccount(SECRET, "wpkh", 0).scriptAt(0, 0);
    const account = new AddressAccount(formatAddress(script, CAIRN)!, script);
    expect(account.scriptAt(0, 0)).toEqual(script);
    expect(() => account.scriptAt(0, 1)).toThrow(RangeError);
    expect(() => account.scriptAt(1, 0)).toThrow(RangeError);
  });
});

describe("withMasterKey", () => {
  test("wipes the key when the work is done, and when it fails", () => {
    const lent: HDKey[] = [];
    const identifier = withMasterKey(SECRET, (master) => {
      lent.push(master);
      expect(master.privateKey).not.toBeNull();
      return master.fingerprint;
    });
    expect(identifier).toBe(0x73c5da0a);
    expect(() =>
      withMasterKey(SECRET, (master) => {
        lent.push(master);
        throw new TypeError("of the work");
      }),
    ).toThrow(TypeError);
    expect(lent.map(({ privateKey }) => privateKey)).toEqual([null, null]);
  });
});

describe("withDerivedKeys", () => {
  test("lends keys by their paths, derives each once, and wipes them while the master stays", () => {
    withMasterKey(SECRET, (master) => {
      const path = [84 + HARDENED, 1 + HARDENED, HARDENED];
      const lent: HDKey[] = [];
      const work = (keyAt: (path: readonly number[]) => HDKey) => {
        expect(keyAt([])).toBe(master);
        expect(keyAt(path)).toBe(keyAt([...path]));
        expect(published.accounts.wpkh).toEndWith(keyAt(path).publicExtendedKey);
        lent.push(...[1, 2, 3].map((steps) => keyAt(path.slice(0, steps))));
        expect(lent.some(({ privateKey }) => privateKey === null)).toBe(false);
      };
      withDerivedKeys(master, work);
      expect(() =>
        withDerivedKeys(master, (keyAt) => {
          lent.push(keyAt([7]));
          throw new TypeError("of the work");
        }),
      ).toThrow(TypeError);
      expect(lent.map(({ privateKey }) => privateKey)).toEqual([null, null, null, null]);
      expect(master.privateKey).not.toBeNull();
    });
  });
});

describe("AccountKey", () => {
  test("keeps nothing private of the key it is made from", () => {
    const node = HDKey.fromMasterSeed(new Uint8Array(32).fill(1), KEY_VERSIONS);
    const key = new AccountKey(node);
    const before = key.publicKeyAt(0, 5);
    node.wipePrivateData();
    expect(key.publicKeyAt(0, 5)).toEqual(before);
    expect(key.text).toStartWith("tpub");
  });
});

function addressBy(kind: AccountKind, publicKey: Uint8Array): string | undefined {
  const { p2wpkh, p2tr, p2pkh } = bitcoin.payments;
  if (kind === "wpkh") return p2wpkh({ pubkey: publicKey, network: NETWORK }).address;
  if (kind === "pkh") return p2pkh({ pubkey: publicKey, network: NETWORK }).address;
  return p2tr({ internalPubkey: publicKey.subarray(1), network: NETWORK }).address;
}

function fingerprintOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}
