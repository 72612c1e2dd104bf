/**
 * An index over a hand-made chain, and ways to compare two indexes row by row.
 */

import type { Database } from "bun:sqlite";
import type { Coin } from "../../../src/consensus/check-inputs.ts";
import { ChainSource } from "../../../src/index/chain-source.ts";
import { ExplorerIndex } from "../../../src/index/explorer-index.ts";
import { type CatchUpBudget, catchUp } from "../../../src/index/follower.ts";
import { openIndex } from "../../../src/index/schema.ts";
import type { Outpoint, Transaction, TxOutput } from "../../../src/primitives/transaction.ts";
import { type ChainWriter, NETWORK, pay, payTo } from "./chain-writer.ts";

export const IDENTITY = { network: NETWORK.name, genesis: NETWORK.genesis.hash };

export const LARGE_BATCH: CatchUpBudget = { blocks: 1_000, bytes: 10_000_000 };

/** An index that is open for writing, with the chain it follows. */
export class IndexFixture {
  readonly source: ChainSource;
  readonly database: Database;
  readonly index: ExplorerIndex;

  constructor(writer: ChainWriter, path = writer.indexPath) {
    this.source = new ChainSource(writer.chainPath);
    this.database = openIndex(path, IDENTITY).database;
    this.index = new ExplorerIndex(this.database, NETWORK);
  }

  /** Follows the chain to its tip, in batches; returns how many it took. */
  follow(budget = LARGE_BATCH): number {
    let batches = 1;
    while (catchUp(this.source, this.index, budget) === "behind") batches += 1;
    return batches;
  }

  close(): void {
    this.source.close();
    this.database.close();
  }
}

/** Every row of every table, in order of the primary key. */
export function dumpTables(database: Database): Record<string, unknown[]> {
  const tables = database
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .all();
  return Object.fromEntries(
    tables.map(({ name }) => [
      name,
      database.query<Record<string, unknown>, []>(`SELECT * FROM ${name} ORDER BY 1, 2`).values(),
    ]),
  );
}

/** What an index built from nothing says of the chain. */
export function dumpOfNewIndex(writer: ChainWriter): Record<string, unknown[]> {
  const path = `${writer.folder}/new-${crypto.randomUUID()}.db`;
  const fixture = new IndexFixture(writer, path);
  fixture.follow();
  const dump = dumpTables(fixture.database);
  fixture.close();
  return dump;
}

/** Transactions over `coins`, each decided by one number: what it spends, and whom it pays. */
export function transactionsOf(
  coins: ReadonlyMap<string, Coin>,
  choices: readonly number[],
): Transaction[] {
  const available = [...coins].map(([key, { value }]) => ({ outpoint: parseKey(key), value }));
  const transactions: Transaction[] = [];
  for (const choice of choices) {
    const spent = Array.from({ length: 1 + (choice % 3) }, (_, index) =>
      available.length === 0 ? [] : available.splice((choice + index) % available.length, 1),
    ).flat();
    if (spent.length === 0) continue;

    const value = spent.reduce((sum, coin) => sum + coin.value, 0);
    const outputs = outputsOf(value, choice);
    const tx = pay(
      spent.map(({ outpoint }) => outpoint),
      outputs,
      choice,
    );
    transactions.push(tx);
    // A later one may spend what this one made, within the same block.
    for (const [vout, output] of tx.outputs.entries()) {
      if (output.scriptPubKey[0] === 0x6a) continue;
      available.push({ outpoint: { txid: tx.txid, vout }, value: output.value });
    }
  }
  return transactions;
}

function outputsOf(value: number, choice: number): TxOutput[] {
  const fee = Math.min(value, choice % 7);
  const part = Math.floor((value - fee) / 3);
  return [
    { value: part, scriptPubKey: payTo(choice % 5) },
    { value: part, scriptPubKey: choice % 4 === 0 ? Uint8Array.of(0x51) : payTo(choice % 11) },
    { value: value - fee - 2 * part, scriptPubKey: payTo(choice % 5) },
    { value: 0, scriptPubKey: Uint8Array.of(0x6a, 1, choice % 256) },
  ].slice(choice % 3 === 0 ? 2 : 0);
}

function parseKey(key: string): Outpoint {
  const [txid, vout] = key.split(":");
  return { txid: txid as Outpoint["txid"], vout: Number(vout) };
}
