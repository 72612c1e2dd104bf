/**
 * Finds a transaction wherever it is: waiting, or in a block of the active chain.
 *
 * Knows where to look, and nothing of how what is found is shown.
 */

import type { Chain } from "../chain/chain.ts";
import { decodeAll } from "../lib/codec.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { decodeTransaction, type Transaction } from "../primitives/transaction.ts";
import type { ExplorerQueries, TransactionRow } from "./explorer-queries.ts";

/** Where transactions are looked for. */
export interface TransactionPlaces {
  readonly mempool: Pick<Mempool, "find">;
  readonly explorer: Pick<ExplorerQueries, "findTransaction">;
  readonly chain: Pick<Chain, "index" | "getBlockPart">;
}

/** Where a transaction was found. */
export type LocatedTransaction =
  | { readonly where: "mempool"; readonly tx: Transaction; readonly entry: MempoolEntry }
  | { readonly where: "block"; readonly tx: Transaction; readonly row: TransactionRow };

/** Returns where the transaction is, or undefined if it is neither waiting nor confirmed. */
export function locateTransaction(
  { mempool, explorer, chain }: TransactionPlaces,
  txid: Txid,
): LocatedTransaction | undefined {
  const entry = mempool.find(txid);
  if (entry !== undefined) return { where: "mempool", tx: entry.tx, entry };

  const row = explorer.findTransaction(txid);
  const block = row === undefined ? undefined : chain.index.find(row.blockHash);
  if (row === undefined || block === undefined) return undefined;
  const bytes = chain.getBlockPart(block, row.offset, row.size);
  return { where: "block", tx: decodeAll(bytes, decodeTransaction), row };
}
