/**
 * Extended public keys as accounts have them: where they come from, what they derive, their text.
 *
 * A key expression (BIP-0380, BIP-0389) such as `[f1e2d3c4/84h/1h/0h]tpub.../<0;1>/*`: branch 0
 * receives, branch 1 takes change. Which scripts are made of the keys is the business of account.ts;
 * nothing here holds a private key.
 */

import { createBase58check } from "@scure/base";
import { HDKey } from "@scure/bip32";
import { sha256 } from "../crypto/hash.ts";
import { fromHex, toHex } from "../lib/bytes.ts";

/** Prefixes of extended keys, tpub and tprv: those of Bitcoin's test networks, on every network. */
export const KEY_VERSIONS = { public: 0x043587cf, private: 0x04358394 } as const;

/** Added to an index, it makes a derivation that needs the private key. */
export const HARDENED = 0x80000000;

/** Receiving or change. */
export type Branch = 0 | 1;

/** A public key, and how it comes from a master key (BIP-0174). */
export interface KeyOrigin {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** The first four bytes of the master key's hash, as a big-endian number. */
  readonly fingerprint: number;
  /** Indices from the master key on, HARDENED added where it is. */
  readonly path: readonly number[];
}

/** What is wrong with a descriptor, or with the key in it. */
export type DescriptorProblem =
  | "format"
  | "checksum"
  | "key"
  | "network"
  | "private-key"
  | "derivation"
  | "unsupported";

/** Text that describes no account of ours. Its message holds none of the text. */
export class DescriptorError extends Error {
  override readonly name = "DescriptorError";
  readonly code: DescriptorProblem;

  constructor(code: DescriptorProblem, message: string) {
    super(message);
    this.code = code;
  }
}

/** An extended public key with its origin. Immutable; remembers its two branches. */
export class AccountKey {
  /** The master key's; the key's own, if its origin is not known. */
  readonly fingerprint: number;
  /** From the master key to this one; empty, if its origin is not known. */
  readonly path: readonly number[];
  readonly #node: HDKey;
  readonly #branches: (HDKey | undefined)[] = [];

  /** Without `origin` the key counts as a master key, as in BIP-0380. Keeps public data alone. */
  constructor(
    node: HDKey,
    origin?: { readonly fingerprint: number; readonly path: readonly number[] },
  ) {
    this.#node = HDKey.fromExtendedKey(node.publicExtendedKey, KEY_VERSIONS);
    this.fingerprint = origin?.fingerprint ?? node.fingerprint;
    this.path = origin?.path ?? [];
  }

  /** The key alone: `tpub...`. */
  get extendedKey(): string {
    return this.#node.publicExtendedKey;
  }

  /** The key expression, with its origin and both branches. */
  get text(): string {
    const isMaster = this.path.length === 0 && this.fingerprint === this.#node.fingerprint;
    const origin = isMaster ? "" : `[${formatOrigin(this.fingerprint, this.path)}]`;
    return `${origin}${this.extendedKey}/<0;1>/*`;
  }

  /** Returns the 33-byte key at `index` (below HARDENED) of a branch. */
  publicKeyAt(branch: Branch, index: number): Uint8Array {
    if (!Number.isInteger(index) || index < 0 || index >= HARDENED) {
      throw new RangeError(`${index} is no index of an address`);
    }
    this.#branches[branch] ??= this.#node.deriveChild(branch);
    // A public node always has its key.
    return this.#branches[branch].deriveChild(index).publicKey as Uint8Array;
  }

  /** Returns the key at `index` of a branch, and how it comes from the master key. */
  originAt(branch: Branch, index: number): KeyOrigin {
    return {
      publicKey: this.publicKeyAt(branch, index),
      fingerprint: this.fingerprint,
      path: [...this.path, branch, index],
    };
  }
}

/** Returns the key expression's key; DescriptorError if it is none with the branches `<0;1>/*`. */
export function parseKeyExpression(text: string): AccountKey {
  const match = KEY_EXPRESSION.exec(text);
  if (match === null) throw new DescriptorError("format", "no key as [origin]tpub.../<0;1>/*");
  const [, fingerprint, path = "", key = "", derivation] = match;
  if (derivation !== "/<0;1>/*") {
    throw new DescriptorError("derivation", "the key must be followed by /<0;1>/*");
  }
  const { node, isWitness } = parseExtendedKey(key);
  // In a descriptor the kind is said around the key, and never by it.
  if (isWitness) throw new DescriptorError("network", "a vpub stands alone; here it is a tpub");
  return new AccountKey(node, parseOrigin(fingerprint, path));
}

/** Returns the key of a text without derivation, such as `[origin]tpub...`, or undefined if it is
 * something else; DescriptorError if it is a bad key. */
export function parseBareKey(text: string): { key: AccountKey; isWitness: boolean } | undefined {
  const match = KEY_EXPRESSION.exec(text);
  if (match === null || match[4] !== "") return undefined;
  const [, fingerprint, path = "", key = ""] = match;
  const { node, isWitness } = parseExtendedKey(key);
  return { key: new AccountKey(node, parseOrigin(fingerprint, path)), isWitness };
}

/** Origin in brackets, key in base58, derivation; each is looked at again on its own. */
const KEY_EXPRESSION =
  /^(?:\[([0-9a-fA-F]{8})((?:\/\d{1,10}[h']?)*)\])?([1-9A-HJ-NP-Za-km-z]{100,120})((?:\/[<>;*h'0-9]+)*)$/;

/** SLIP-0132: the prefix of keys for P2WPKH on test networks, vpub. */
const WITNESS_PUBLIC_VERSION = 0x045f1cf6;

/** xprv, tprv, vprv, zprv: never to be pasted where a public key is asked for. */
const PRIVATE_VERSIONS = [0x0488ade4, KEY_VERSIONS.private, 0x045f18bc, 0x04b2430c];

const EXTENDED_KEY_BYTES = 78;
const base58check = createBase58check(sha256);

function parseExtendedKey(text: string): { node: HDKey; isWitness: boolean } {
  const bytes = decodeBase58check(text);
  if (bytes.length !== EXTENDED_KEY_BYTES) throw new DescriptorError("key", "no extended key");

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(0);
  if (PRIVATE_VERSIONS.includes(version)) {
    bytes.fill(0);
    throw new DescriptorError("private-key", "a private key; only public ones belong here");
  }
  const isWitness = version === WITNESS_PUBLIC_VERSION;
  if (!isWitness && version !== KEY_VERSIONS.public) {
    throw new DescriptorError("network", "a key of another network; ours begin with tpub");
  }
  view.setUint32(0, KEY_VERSIONS.public);
  try {
    return { node: HDKey.fromExtendedKey(base58check.encode(bytes), KEY_VERSIONS), isWitness };
  } catch {
    throw new DescriptorError("key", "no extended key: its point or its depth is impossible");
  }
}

function decodeBase58check(text: string): Uint8Array {
  try {
    return base58check.decode(text);
  } catch {
    throw new DescriptorError("key", "the checksum of the key does not match");
  }
}

function parseOrigin(fingerprint: string | undefined, path: string) {
  if (fingerprint === undefined) return undefined;
  const steps = path.split("/").slice(1);
  return {
    fingerprint: new DataView(fromHex(fingerprint).buffer).getUint32(0),
    path: steps.map(parseStep),
  };
}

function parseStep(step: string): number {
  const index = Number.parseInt(step, 10);
  if (index >= HARDENED) throw new DescriptorError("derivation", "an index beyond 2^31 - 1");
  return /[h']$/.test(step) ? index + HARDENED : index;
}

function formatOrigin(fingerprint: number, path: readonly number[]): string {
  const steps = path.map((index) => (index < HARDENED ? `/${index}` : `/${index - HARDENED}h`));
  return `${toHex(fingerprintBytes(fingerprint))}${steps.join("")}`;
}

function fingerprintBytes(fingerprint: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, fingerprint);
  return bytes;
}
