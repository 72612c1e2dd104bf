/**
 * All blocks that were ever found in a simulated world, whoever has them, and the true work of each.
 *
 * Counts work by itself, so that a node whose own figures are wrong is found out.
 */

import type { HeaderContext } from "../../src/consensus/difficulty.ts";
import { workOfBits } from "../../src/consensus/target.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { Branch } from "../support/chain-builder.ts";

/** A block in its place. */
export interface LedgerEntry extends HeaderContext {
  readonly block: Block;
  readonly parent: LedgerEntry | undefined;
  readonly work: bigint;
}

export class BlockLedger {
  readonly #entries = new Map<string, LedgerEntry>();

  constructor({ network, blocks }: Branch) {
    for (const block of [network.genesis, ...blocks]) this.add(block);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Writes `block` down; its parent must be there. */
  add(block: Block): LedgerEntry {
    const { time, bits, prevBlockHash } = block.header;
    const parent = this.#entries.get(prevBlockHash);
    if (parent === undefined && this.size > 0) throw new Error("a block without its parent");
    const work = (parent?.work ?? 0n) + workOfBits(bits);
    const height = parent === undefined ? 0 : parent.height + 1;
    const entry = { block, parent, height, time, bits, work };
    this.#entries.set(block.hash, entry);
    return entry;
  }

  find(hash: string): LedgerEntry | undefined {
    return this.#entries.get(hash);
  }

  /** Throws if nobody ever found such a block. */
  get(hash: string): LedgerEntry {
    const entry = this.find(hash);
    if (entry === undefined) throw new Error(`nobody has found block ${hash}`);
    return entry;
  }

  /** The blocks up to `tip`, genesis left out. */
  chainTo(tip: LedgerEntry): Block[] {
    const blocks: Block[] = [];
    for (let entry = tip; entry.parent !== undefined; entry = entry.parent) {
      blocks.push(entry.block);
    }
    return blocks.reverse();
  }
}
