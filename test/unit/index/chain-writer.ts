/**
 * Hand-made chains in a temporary `cairn.db`, written straight through BlockStore.
 *
 * No proof of work, no signatures, no rules but one: what is spent exists. Keeps the coins of every
 * block's branch, so that undo data are right on any of them.
 */

import type { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_STATUS } from "../../../src/chain/block-index.ts";
import { coinbaseHeightPush } from "../../../src/consensus/check-block.ts";
import type { Coin } from "../../../src/consensus/check-inputs.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { scriptOf } from "../../../src/primitives/address.ts";
import {
  type Block,
  blockSize,
  blockWeight,
  encodeBlock,
  makeBlock,
} from "../../../src/primitives/block.ts";
import { encodeHeader } from "../../../src/primitives/block-header.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  type Outpoint,
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { isUnspendable, pushData } from "../../../src/script/script.ts";
import { BlockStore } from "../../../src/storage/block-store.ts";
import { openChainDatabase } from "../../../src/storage/database.ts";
import { encodeUndo } from "../../../src/storage/undo.ts";

export const NETWORK = findNetwork("regtest");

/** A block in the chain database, and the coins after it. */
export interface WrittenBlock {
  readonly id: number;
  readonly height: number;
  readonly block: Block;
  readonly receivedAt: number;
  readonly spentCoins: readonly Coin[];
  readonly parent: WrittenBlock | undefined;
  readonly coins: ReadonlyMap<string, Coin>;
}

export interface BlockPlan {
  readonly transactions?: readonly Transaction[];
  readonly coinbaseOutputs?: readonly TxOutput[];
  readonly tag?: string;
  /** Seconds after the parent; 10 unless given. */
  readonly interval?: number;
  /** Tells apart blocks that would else be equal. */
  readonly salt?: number;
}

/** A script with an address: any number gives another. */
export function payTo(who: number): Uint8Array {
  const program = new Uint8Array(20);
  new DataView(program.buffer).setUint32(0, who);
  return scriptOf({ type: "p2wpkh", witnessVersion: 0, program });
}

export function pay(
  inputs: readonly Outpoint[],
  outputs: readonly TxOutput[],
  lockTime = 0,
): Transaction {
  return makeTransaction({
    version: 2,
    inputs: inputs.map((prevout) => ({
      prevout,
      scriptSig: new Uint8Array(0),
      sequence: 0,
      witness: [new Uint8Array(72), new Uint8Array(33)],
    })),
    outputs,
    lockTime,
  });
}

export class ChainWriter {
  readonly folder: string;
  readonly chainPath: string;
  readonly indexPath: string;
  readonly database: Database;
  readonly genesis: WrittenBlock;
  readonly #blocks: BlockStore;
  /** The active chain; its last is the tip. */
  readonly active: WrittenBlock[] = [];
  readonly #copiesCoins: boolean;
  #blocksWritten = 0;

  /** With `copiesCoins` false all branches share one set of coins: fast, and for one branch only. */
  constructor({ copiesCoins = true }: { copiesCoins?: boolean } = {}) {
    this.#copiesCoins = copiesCoins;
    this.folder = mkdtempSync(join(tmpdir(), "cairn-index-"));
    this.chainPath = join(this.folder, "cairn.db");
    this.indexPath = join(this.folder, "index.db");
    const identity = { network: NETWORK.name, genesis: NETWORK.genesis.hash };
    this.database = openChainDatabase(this.chainPath, identity);
    // What a power cut would lose here, nobody misses.
    this.database.run("PRAGMA synchronous = OFF");
    this.#blocks = new BlockStore(this.database);
    this.genesis = this.#store(NETWORK.genesis, undefined);
    this.activate(this.genesis);
  }

  get tip(): WrittenBlock {
    return this.active.at(-1)!;
  }

  /** Writes the next block after the tip and makes it the tip. */
  extend(plan: BlockPlan = {}): WrittenBlock {
    const written = this.write(this.tip, plan);
    this.activate(written);
    return written;
  }

  /** Writes a block after `parent`, active or not, as a chain that once connected it would. */
  write(parent: WrittenBlock, plan: BlockPlan = {}): WrittenBlock {
    const { transactions = [], interval = 10 } = plan;
    this.#blocksWritten += 1;
    const coinbase = makeCoinbase(parent.height + 1, plan);
    const { time, bits } = parent.block.header;
    const all = [coinbase, ...transactions];
    const header = {
      version: 0x20000000,
      prevBlockHash: parent.block.hash,
      merkleRoot: coinbase.txid,
      time: parent.height === 0 ? 1_780_000_000 : time + interval,
      bits,
      // The same plan twice below one parent still makes two blocks.
      nonce: this.#blocksWritten,
    };
    return this.#store(makeBlock(header, all), parent);
  }

  /** Moves the active chain to `target`, over their fork. */
  activate(target: WrittenBlock): void {
    this.database.transaction(() => {
      const branch: WrittenBlock[] = [];
      for (
        let entry: WrittenBlock | undefined = target;
        entry !== undefined;
        entry = entry.parent
      ) {
        if (this.active[entry.height] === entry) break;
        branch.push(entry);
      }
      const first = branch.at(-1)?.height ?? target.height + 1;
      while (this.active.length > first) this.#blocks.deleteActive(this.active.pop()!.height);
      for (const entry of branch.reverse()) {
        this.#blocks.putActive(entry.height, entry.id);
        this.active.push(entry);
      }
    })();
  }

  close(): void {
    this.database.close();
    rmSync(this.folder, { recursive: true });
  }

  #store(block: Block, parent: WrittenBlock | undefined): WrittenBlock {
    const height = parent === undefined ? 0 : parent.height + 1;
    const { coins, spentCoins } = this.#apply(block, height, parent);
    const receivedAt = block.header.time * 1000 + 250;
    const id = this.database.transaction(() => {
      const inserted = this.#blocks.insertBlock({
        hash: block.hash,
        height,
        header: encodeHeader(block.header),
        status: BLOCK_STATUS.connected,
        receivedAt,
        transactionCount: block.transactions.length,
        size: blockSize(block.transactions),
        weight: blockWeight(block.transactions),
        body: encodeBlock(block),
      });
      this.#blocks.putUndo(inserted, encodeUndo(spentCoins));
      return inserted;
    })();
    return { id, height, block, receivedAt, spentCoins, parent, coins };
  }

  #apply(block: Block, height: number, parent: WrittenBlock | undefined) {
    const before = parent?.coins ?? new Map<string, Coin>();
    const coins = (this.#copiesCoins ? new Map(before) : before) as Map<string, Coin>;
    const spentCoins: Coin[] = [];
    for (const [position, tx] of block.transactions.entries()) {
      for (const { prevout } of position === 0 ? [] : tx.inputs) {
        const coin = coins.get(outpointKey(prevout));
        if (coin === undefined) throw new Error(`no coin ${outpointKey(prevout)}`);
        coins.delete(outpointKey(prevout));
        spentCoins.push(coin);
      }
      if (height === 0) continue;
      for (const [vout, output] of tx.outputs.entries()) {
        if (isUnspendable(output.scriptPubKey)) continue;
        const coin = { ...output, height, isCoinbase: position === 0 };
        coins.set(outpointKey({ txid: tx.txid, vout }), coin);
      }
    }
    return { coins, spentCoins };
  }
}

function makeCoinbase(height: number, { coinbaseOutputs, tag = "tester", salt = 0 }: BlockPlan) {
  const text = new TextEncoder().encode(`/cairn:${tag}:A/`);
  const extranonce = new Uint8Array(8);
  new DataView(extranonce.buffer).setUint32(0, salt);
  return makeTransaction({
    version: 2,
    inputs: [
      {
        prevout: NULL_OUTPOINT,
        scriptSig: concatBytes(coinbaseHeightPush(height), pushData(extranonce), pushData(text)),
        sequence: 0xffffffff,
        witness: [],
      },
    ],
    outputs: coinbaseOutputs ?? [{ value: 5_000_000_000, scriptPubKey: payTo(0) }],
    lockTime: 0,
  });
}
