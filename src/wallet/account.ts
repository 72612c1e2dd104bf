/**
 * Accounts: where a wallet's output scripts come from, and what spending them weighs.
 *
 * Everything here is public. The private side is lent for the length of one call, and wiped; it is
 * never kept. Where its seed comes from is not known here; how an account is written down is the
 * business of descriptor.ts.
 */

import { HDKey } from "@scure/bip32";
import { p2tr } from "@scure/btc-signer/payment.js";
import { hash160 } from "../crypto/hash.ts";
import { scriptOf } from "../primitives/address.ts";
import { AccountKey, type Branch, HARDENED, KEY_VERSIONS, type KeyOrigin } from "./account-key.ts";
import { formatDescriptor } from "./descriptor-checksum.ts";

/** Kinds of account whose scripts take one signature, as descriptors name them. */
export type AccountKind = "wpkh" | "tr" | "pkh";

/** BIP-0044's number for test networks: coins without a price. */
export const COIN_TYPE = 1;

/** What is known of a kind: its purpose field, its script, the weight of an input at most. */
interface KindFacts {
  /** BIP-0084, BIP-0086, BIP-0044. */
  readonly purpose: number;
  readonly inputWeight: number;
  readonly scriptOf: (publicKey: Uint8Array) => Uint8Array;
}

/** Outpoint, sequence and an empty scriptSig, four times. */
const EMPTY_INPUT_WEIGHT = 4 * 41;
/** A length, and a DER signature whose r is high, with its hash type. */
const ECDSA_PUSH_BYTES = 1 + 72;
const KEY_PUSH_BYTES = 1 + 33;
const SCHNORR_PUSH_BYTES = 1 + 64;
/** The number of witness items, which is there for every input if for one. */
const WITNESS_COUNT_BYTES = 1;

const KINDS: Record<AccountKind, KindFacts> = {
  wpkh: {
    purpose: 84,
    inputWeight: EMPTY_INPUT_WEIGHT + WITNESS_COUNT_BYTES + ECDSA_PUSH_BYTES + KEY_PUSH_BYTES,
    scriptOf: (publicKey) =>
      scriptOf({ type: "p2wpkh", witnessVersion: 0, program: hash160(publicKey) }),
  },
  tr: {
    purpose: 86,
    inputWeight: EMPTY_INPUT_WEIGHT + WITNESS_COUNT_BYTES + SCHNORR_PUSH_BYTES,
    scriptOf: (publicKey) => p2tr(publicKey.subarray(1)).script,
  },
  pkh: {
    purpose: 44,
    inputWeight: EMPTY_INPUT_WEIGHT + WITNESS_COUNT_BYTES + 4 * (ECDSA_PUSH_BYTES + KEY_PUSH_BYTES),
    scriptOf: (publicKey) =>
      scriptOf({ type: "p2pkh", witnessVersion: undefined, program: hash160(publicKey) }),
  },
};

/** Every kind, the default first. */
export const ACCOUNT_KINDS = Object.keys(KINDS) as readonly AccountKind[];

/** Returns the output script of a kind that `publicKey` (33 bytes) alone can spend. */
export function scriptOfKey(kind: AccountKind, publicKey: Uint8Array): Uint8Array {
  return KINDS[kind].scriptOf(publicKey);
}

/** An account of single keys: one extended key, two branches of scripts. */
export class KeyAccount {
  readonly isRange = true;
  readonly kind: AccountKind;
  readonly key: AccountKey;
  /** Output descriptor with its checksum: all there is to know, in one form alone. */
  readonly descriptor: string;
  /** Weight of one input in weight units, at most, whoever signs it. */
  readonly inputWeight: number;

  constructor(kind: AccountKind, key: AccountKey) {
    this.kind = kind;
    this.key = key;
    this.descriptor = formatDescriptor(`${kind}(${key.text})`);
    this.inputWeight = KINDS[kind].inputWeight;
  }

  get fingerprint(): number {
    return this.key.fingerprint;
  }

  get path(): readonly number[] {
    return this.key.path;
  }

  /** Returns the output script at `index` of a branch: 0 receives, 1 takes change. */
  scriptAt(branch: Branch, index: number): Uint8Array {
    return scriptOfKey(this.kind, this.publicKeyAt(branch, index));
  }

  /** Returns the 33-byte key at `index` of a branch; before the tweak, in a `tr` account. */
  publicKeyAt(branch: Branch, index: number): Uint8Array {
    return this.key.publicKeyAt(branch, index);
  }

  /** Returns the key at `index` of a branch, with its derivation, as PSBTs carry it. */
  derivationAt(branch: Branch, index: number): KeyOrigin {
    return this.key.originAt(branch, index);
  }
}

/** A single script that is watched: it has an address, and nobody here knows its key. */
export class AddressAccount {
  readonly kind = "addr";
  readonly isRange = false;
  readonly descriptor: string;
  readonly #script: Uint8Array;

  constructor(address: string, script: Uint8Array) {
    this.descriptor = formatDescriptor(`addr(${address})`);
    this.#script = script;
  }

  /** Returns the one script, at index 0 of branch 0; RangeError elsewhere. */
  scriptAt(branch: Branch, index: number): Uint8Array {
    if (branch !== 0 || index !== 0) throw new RangeError("an address account has one script");
    return this.#script.slice();
  }
}

/** The key that one wallet brings to contracts of several: scripts are made of it elsewhere. */
export class ContractAccount {
  readonly kind = "contract";
  readonly isRange = true;
  readonly key: AccountKey;

  constructor(key: AccountKey) {
    this.key = key;
  }

  /** The key expression, without checksum: it is a part of other descriptors. */
  get descriptor(): string {
    return this.key.text;
  }
}

/** What a descriptor describes. */
export type Account = KeyAccount | AddressAccount | ContractAccount;

/**
 * Lends the master key of `seed` to `work`, and wipes both afterwards, also if `work` throws. `work`
 * must be done with it when it returns: a promise would find it wiped.
 */
export function lendMasterKey<T>(seed: Uint8Array, work: (master: HDKey) => T): T {
  const master = HDKey.fromMasterSeed(seed, KEY_VERSIONS);
  seed.fill(0);
  try {
    return work(master);
  } finally {
    master.wipePrivateData();
  }
}

/**
 * Lends the keys below `master` to `work`, each by its path. Every key on the way is derived once,
 * and wiped with all others when `work` is done or throws; `master` stays its holder's.
 */
export function withDerivedKeys<T>(
  master: HDKey,
  work: (keyAt: (path: readonly number[]) => HDKey) => T,
): T {
  const derived = new Map<string, HDKey>();
  const keyAt = (path: readonly number[]): HDKey => {
    const step = path.at(-1);
    if (step === undefined) return master;
    const name = path.join("/");
    const key = derived.get(name) ?? keyAt(path.slice(0, -1)).deriveChild(step);
    derived.set(name, key);
    return key;
  };
  try {
    return work(keyAt);
  } finally {
    for (const key of derived.values()) key.wipePrivateData();
  }
}

/** Returns the account number `accountIndex` of a kind, at m/purpose'/1'/accountIndex'. */
export function accountBelow(master: HDKey, kind: AccountKind, accountIndex: number): KeyAccount {
  return new KeyAccount(kind, accountKey(master, [KINDS[kind].purpose, COIN_TYPE, accountIndex]));
}

/** Returns the contract account at m/48'/1'/accountIndex'/2' (BIP-0048, P2WSH). */
export function contractAccountBelow(master: HDKey, accountIndex: number): ContractAccount {
  return new ContractAccount(accountKey(master, [48, COIN_TYPE, accountIndex, 2]));
}

function accountKey(master: HDKey, steps: readonly number[]): AccountKey {
  if (steps.some((step) => !Number.isInteger(step) || step < 0 || step >= HARDENED)) {
    throw new RangeError("no index of an account");
  }
  const path = steps.map((step) => step + HARDENED);
  return withDerivedKeys(master, (keyAt) => {
    return new AccountKey(keyAt(path), { fingerprint: master.fingerprint, path });
  });
}
