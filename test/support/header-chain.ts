/**
 * Chains of headers without blocks: real proof of work, cheap enough for tens of thousands.
 *
 * For rules that look at headers alone; chain-builder.ts makes whole blocks.
 */

import { BlockIndex, type BlockIndexEntry, makeEntry } from "../../src/chain/block-index.ts";
import { type HeaderContext, nextBits } from "../../src/consensus/difficulty.ts";
import type { Network } from "../../src/consensus/params.ts";
import { compactToTarget } from "../../src/consensus/target.ts";
import { hash256 } from "../../src/crypto/hash.ts";
import { type BlockHeader, encodeHeader, hashHeader } from "../../src/primitives/block-header.ts";
import { type BlockHash, hashToId, type Txid } from "../../src/primitives/hash-id.ts";

/** A header and what rules need of it. */
interface Link {
  readonly header: BlockHeader;
  readonly hash: BlockHash;
  readonly context: HeaderContext;
}

/** Headers after genesis that grow at their end. */
export class HeaderChain {
  readonly network: Network;
  readonly #links: Link[];
  /** In the Merkle root of each header, so that no two chains have one in common by accident. */
  readonly #salt: number;

  constructor(network: Network, salt = 0, links: readonly Link[] = [genesisOf(network)]) {
    this.network = network;
    this.#salt = salt;
    this.#links = [...links];
  }

  get height(): number {
    return this.#links.length - 1;
  }

  get tipHash(): BlockHash {
    return this.#links.at(-1)!.hash;
  }

  hashAt(height: number): BlockHash {
    return this.#links[height]!.hash;
  }

  at(height: number): BlockHeader {
    return this.#links[height]!.header;
  }

  /** The headers from height `from` up to `to`, which is the end unless given. */
  slice(from: number, to = this.height): BlockHeader[] {
    return this.#links.slice(from, to + 1).map(({ header }) => header);
  }

  /** Grows by `count` headers, `spacingSeconds` apart. */
  mine(count: number, spacingSeconds = 10): this {
    for (let index = 0; index < count; index++) this.append(this.make({}, spacingSeconds));
    return this;
  }

  /** Makes the next header without growing by it. */
  make(changes: Partial<BlockHeader> = {}, spacingSeconds = 10): BlockHeader {
    const { hash, context } = this.#links.at(-1)!;
    return solve({
      version: 0x20000000,
      prevBlockHash: hash,
      merkleRoot: (this.#salt * 0x1_0000_0000 + this.height).toString(16).padStart(64, "0") as Txid,
      time: context.time + spacingSeconds,
      bits: nextBits(context, this.network.params),
      nonce: 0,
      ...changes,
    });
  }

  append(header: BlockHeader): this {
    this.#links.push(linkOf(header, this.#links.at(-1)!.context));
    return this;
  }

  /** A chain of its own that shares the headers up to `height`. */
  fork(height: number, salt: number): HeaderChain {
    return new HeaderChain(this.network, salt, this.#links.slice(0, height + 1));
  }

  /** Adds the headers above those in `index` as if their blocks were stored, off the active chain. */
  store(index: BlockIndex, to = this.height): void {
    for (const { header, hash, context } of this.#links.slice(0, to + 1)) {
      if (index.find(hash) === undefined) index.add(this.#entryOf(header, hash, context, index));
    }
  }

  /** Adds them as the active chain. */
  activate(index: BlockIndex): BlockIndex {
    this.store(index);
    for (const { hash } of this.#links) index.pushActive(index.find(hash)!);
    return index;
  }

  #entryOf(
    { prevBlockHash, time, bits }: BlockHeader,
    hash: BlockHash,
    { height }: HeaderContext,
    index: BlockIndex,
  ): BlockIndexEntry {
    const parent = index.find(prevBlockHash);
    return makeEntry({
      id: index.size + 1,
      hash,
      height,
      time,
      bits,
      parent,
      receivedAt: 0,
      status: 1,
    });
  }
}

/** An index of genesis alone. */
export function genesisIndex(network: Network): BlockIndex {
  return new HeaderChain(network).activate(new BlockIndex());
}

/** `header` with the first nonce that meets its bits. */
export function solve(header: BlockHeader): BlockHeader {
  const target = compactToTarget(header.bits) ?? 0n;
  const bytes = encodeHeader(header);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let nonce = header.nonce; ; nonce++) {
    view.setUint32(76, nonce, true);
    if (BigInt(`0x${hashToId<BlockHash>(hash256(bytes))}`) <= target) return { ...header, nonce };
  }
}

function linkOf(header: BlockHeader, parent: HeaderContext | undefined): Link {
  const { time, bits } = header;
  const height = parent === undefined ? 0 : parent.height + 1;
  return { header, hash: hashHeader(header), context: { height, time, bits, parent } };
}

function genesisOf({ genesis }: Network): Link {
  return linkOf(genesis.header, undefined);
}
