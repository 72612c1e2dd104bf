/**
 * Who a node is: a key made at the first start, and the proof that the other end of a connection
 * has the key it names.
 *
 * What is signed, and how the messages look, is in wire/cairn-messages.ts. Where the key's text is
 * kept is not known here.
 */

import type { EcdsaVerifier } from "../crypto/ecdsa.ts";
import { isPrivateKey, publicKeyOf, signEcdsa } from "../crypto/keys.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { type IdentitySide, identityDigest } from "../wire/cairn-messages.ts";
import type { NodeId } from "../wire/node-id.ts";
import type { Random } from "./transport.ts";

/** Name of the key's file in the data directory. */
export const NODE_KEY_FILE = "node.key";

/** Where the key's text is kept: a file that only its owner may read. */
export interface KeyFile {
  /** Returns the text, or undefined if there is none yet. */
  load(): string | undefined;
  /** Writes the text, whole or not at all. */
  save(text: string): void;
}

/** What is kept as the key is none: the node must not go on under another id. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
}

/** The key of this node. */
export class NodeIdentity {
  readonly id: NodeId;
  readonly #privateKey: Uint8Array;

  /** RangeError if `privateKey` is not a key. */
  constructor(privateKey: Uint8Array) {
    if (!isPrivateKey(privateKey)) throw new RangeError("not a private key");
    this.#privateKey = privateKey.slice();
    this.id = toHex(publicKeyOf(this.#privateKey)) as NodeId;
  }

  /**
   * Returns the 64-byte signature that proves our id to `other` on one connection; `nonce` is that
   * of our own `version`.
   */
  prove(genesisHash: BlockHash, nonce: bigint, other: IdentitySide): Uint8Array {
    const signer = { nonce, nodeId: this.id };
    return signEcdsa(identityDigest(genesisHash, signer, other), this.#privateKey);
  }
}

/** Returns the identity in `file`, making it if there is none. IdentityError if it holds no key. */
export function loadIdentity(file: KeyFile, random: Pick<Random, "bytes">): NodeIdentity {
  const text = file.load();
  if (text !== undefined) return new NodeIdentity(parseKey(text));

  let key = random.bytes(32);
  while (!isPrivateKey(key)) key = random.bytes(32);
  file.save(`${toHex(key)}\n`);
  return new NodeIdentity(key);
}

/** True if `signature` proves to `own`, our side, that `signer` has the key of its id. */
export function isProven(
  signature: Uint8Array,
  { genesisHash, signer, own }: ProofSides,
  verifyEcdsa: EcdsaVerifier,
): boolean {
  const digest = identityDigest(genesisHash, signer, own);
  return verifyEcdsa(signature, digest, fromHex(signer.nodeId));
}

/** The two sides of a connection, and the network it is in. */
export interface ProofSides {
  readonly genesisHash: BlockHash;
  readonly signer: IdentitySide;
  readonly own: IdentitySide;
}

function parseKey(text: string): Uint8Array {
  const hex = text.trim();
  const key = /^[0-9a-f]{64}$/.test(hex) ? fromHex(hex) : new Uint8Array(0);
  if (!isPrivateKey(key)) throw new IdentityError("it does not hold a node's key");
  return key;
}
