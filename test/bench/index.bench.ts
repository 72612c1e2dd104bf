/**
 * How fast the explorer index follows a chain: many small blocks, and a few large ones.
 *
 * The chains are generated without proof of work and written straight into a chain database, so
 * that only reading, decoding and indexing is measured. `bun test/bench/index.bench.ts` prints it.
 */

import { statSync } from "node:fs";
import { ChainSource } from "../../src/index/chain-source.ts";
import { ExplorerIndex } from "../../src/index/explorer-index.ts";
import { ExplorerQueries } from "../../src/index/explorer-queries.ts";
import { catchUp } from "../../src/index/follower.ts";
import { openIndex } from "../../src/index/schema.ts";
import type { Outpoint, Transaction, TxOutput } from "../../src/primitives/transaction.ts";
import { ChainWriter, NETWORK, pay, payTo } from "../unit/index/chain-writer.ts";

const SMALL_BLOCKS = 10_000;
const LARGE_BLOCKS = 10;
const LARGE_BLOCK_TRANSACTIONS = 5_000;

/** As the index worker has it. */
const BATCH = { blocks: 500, bytes: 1_000_000 };

/** Of one chain. */
export interface IndexBenchFigures {
  readonly blocksPerSecond: number;
  readonly transactionsPerSecond: number;
  /** The worker answers nothing for so long. */
  readonly longestBatchMs: number;
  readonly bytesPerTransaction: number;
  readonly disconnectMs: number;
}

export interface IndexBenchResult {
  readonly smallBlocks: IndexBenchFigures;
  readonly largeBlocks: IndexBenchFigures;
}

/** Measures for about ten seconds, prints a line for each figure and returns them. */
export function run(): IndexBenchResult {
  return {
    smallBlocks: measure("10,000 blocks of 1-3 transactions", writeSmallBlocks()),
    largeBlocks: measure("10 blocks of 5,000 transactions, 2 outputs each", writeLargeBlocks()),
  };
}

function measure(name: string, writer: ChainWriter): IndexBenchFigures {
  const source = new ChainSource(writer.chainPath);
  const identity = { network: NETWORK.name, genesis: NETWORK.genesis.hash };
  const { database } = openIndex(writer.indexPath, identity);
  const index = new ExplorerIndex(database, NETWORK);

  const startedAt = performance.now();
  let longestBatchMs = 0;
  for (let result = "behind"; result === "behind"; ) {
    const batchAt = performance.now();
    result = catchUp(source, index, BATCH);
    longestBatchMs = Math.max(longestBatchMs, performance.now() - batchAt);
  }
  const seconds = (performance.now() - startedAt) / 1_000;

  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const queries = new ExplorerQueries(writer.indexPath);
  const { blocks, transactions } = queries.totals();
  const figures = {
    blocksPerSecond: blocks / seconds,
    transactionsPerSecond: transactions / seconds,
    longestBatchMs,
    bytesPerTransaction: statSync(writer.indexPath).size / transactions,
    disconnectMs: measureDisconnect(index, source, writer),
  };
  queries.close();
  source.close();
  database.close();
  writer.close();
  print(name, figures);
  return figures;
}

function measureDisconnect(index: ExplorerIndex, source: ChainSource, writer: ChainWriter): number {
  const tip = source.find(writer.tip.block.hash);
  if (tip === undefined) return Number.NaN;
  const startedAt = performance.now();
  index.transaction(() => index.disconnect(tip));
  return performance.now() - startedAt;
}

function print(name: string, figures: IndexBenchFigures): void {
  console.log(name);
  console.log(`  connected              ${figures.blocksPerSecond.toFixed(0)} blocks/s`);
  console.log(`  connected              ${figures.transactionsPerSecond.toFixed(0)} tx/s`);
  console.log(`  longest batch          ${figures.longestBatchMs.toFixed(0)} ms`);
  console.log(`  index.db               ${figures.bytesPerTransaction.toFixed(0)} bytes/tx`);
  console.log(`  last block taken back  ${figures.disconnectMs.toFixed(1)} ms`);
}

function writeSmallBlocks(): ChainWriter {
  const writer = new ChainWriter({ copiesCoins: false });
  const coins: Outpoint[] = [];
  for (let height = 1; height <= SMALL_BLOCKS; height++) {
    const transactions: Transaction[] = [];
    for (let index = 0; index < height % 3 && coins.length > 200; index++) {
      const outputs = twoOutputs(height * 3 + index);
      const tx = pay([coins.shift() as Outpoint], outputs);
      transactions.push(tx);
    }
    const { block } = writer.extend({ transactions });
    for (const { txid } of block.transactions) coins.push({ txid, vout: 0 });
  }
  return writer;
}

/** Every block spends all coins that the one before it made, each into two outputs, one kept. */
function writeLargeBlocks(): ChainWriter {
  const writer = new ChainWriter({ copiesCoins: false });
  const funding: TxOutput[] = Array.from({ length: LARGE_BLOCK_TRANSACTIONS }, (_, index) => ({
    value: 100_000_000,
    scriptPubKey: payTo(index),
  }));
  const { block } = writer.extend({ coinbaseOutputs: funding });
  const txid = (block.transactions[0] as Transaction).txid;
  let coins: Outpoint[] = funding.map((_, vout) => ({ txid, vout }));
  for (let height = 0; height < LARGE_BLOCKS; height++) {
    const transactions = coins.map((coin, index) =>
      pay([coin], twoOutputs(height * LARGE_BLOCK_TRANSACTIONS + index)),
    );
    writer.extend({ transactions });
    coins = transactions.map((tx) => ({ txid: tx.txid, vout: 0 }));
  }
  return writer;
}

/** One to a new address, one to one of a thousand. */
function twoOutputs(salt: number): readonly TxOutput[] {
  return [
    { value: 1_000, scriptPubKey: payTo(1_000_000 + salt) },
    { value: 500, scriptPubKey: payTo(salt % 1_000) },
  ];
}

if (import.meta.main) run();
