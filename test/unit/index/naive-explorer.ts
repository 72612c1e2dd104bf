/**
 * The explorer's tables computed the slow and obvious way, from all blocks at once.
 *
 * Shares no code with the index but the names of things: what the two agree on is likely right.
 */

import type { Database } from "bun:sqlite";
import { formatAddress } from "../../../src/primitives/address.ts";
import { encodeBlock } from "../../../src/primitives/block.ts";
import { encodeTransaction, outpointKey } from "../../../src/primitives/transaction.ts";
import { NETWORK, type WrittenBlock } from "./chain-writer.ts";

interface Output {
  value: number;
  address: string | undefined;
  spentBy: string | null;
}

interface Address {
  balance: number;
  received: number;
  sent: number;
  transactions: number;
  coins: number;
  first: number;
  last: number;
  history: string[];
}

/** What every table says, with names in place of numbers. */
export function computeTables(chain: readonly WrittenBlock[]) {
  const outputs = new Map<string, Output>();
  const unspendable = new Set<string>();
  const addresses = new Map<string, Address>();
  const transactions: string[] = [];
  const blocks: string[] = [];
  let fees = 0;
  for (const { block, height, spentCoins } of chain) {
    const encoded = Buffer.from(encodeBlock(block)).toString("hex");
    let blockFees = 0;
    for (const [position, tx] of block.transactions.entries()) {
      const deltas = new Map<string, number>();
      let valueIn = 0;
      for (const [vin, { prevout }] of position === 0 ? [] : tx.inputs.entries()) {
        const spent = outputs.get(outpointKey(prevout))!;
        spent.spentBy = `${tx.txid}:${vin}`;
        valueIn += spent.value;
        if (spent.address === undefined) continue;
        deltas.set(spent.address, (deltas.get(spent.address) ?? 0) - spent.value);
        const address = addresses.get(spent.address)!;
        address.sent += spent.value;
        address.coins -= 1;
      }
      let valueOut = 0;
      for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
        const address =
          height === 0 ? undefined : formatAddress(scriptPubKey, NETWORK.addressPrefixes);
        const key = outpointKey({ txid: tx.txid, vout });
        outputs.set(key, { value, address, spentBy: null });
        if (height === 0 || scriptPubKey[0] === 0x6a) unspendable.add(key);
        valueOut += value;
        if (address === undefined) continue;
        deltas.set(address, (deltas.get(address) ?? 0) + value);
        const known = addresses.get(address) ?? emptyAddress(height);
        known.received += value;
        known.coins += 1;
        addresses.set(address, known);
      }
      for (const [text, delta] of deltas) {
        const address = addresses.get(text)!;
        address.balance += delta;
        address.transactions += 1;
        address.last = height;
        address.history.push(`${height}:${position} ${tx.txid} ${delta} ${address.balance}`);
      }
      const fee = position === 0 ? 0 : valueIn - valueOut;
      blockFees += fee;
      const offset = encoded.indexOf(Buffer.from(encodeTransaction(tx)).toString("hex")) / 2;
      transactions.push(`${tx.txid} ${height}:${position} ${offset}+${tx.totalSize} ${fee}`);
    }
    fees += blockFees;
    blocks.push(
      `${height} ${block.hash} ${block.transactions.length} ${blockFees} ${spentCoins.length}`,
    );
  }
  const unspent = [...outputs].filter(
    ([key, { spentBy }]) => spentBy === null && !unspendable.has(key),
  );
  return {
    blocks,
    transactions,
    outputs: [...outputs]
      .map(([key, o]) => `${key} ${o.value} ${o.address} ${o.spentBy}`)
      .toSorted(),
    addresses: [...addresses]
      .map(([text, { history: _, ...numbers }]) => `${text} ${Object.values(numbers).join(" ")}`)
      .toSorted(),
    history: [...addresses].flatMap(([text, a]) => a.history.map((h) => `${text} ${h}`)).toSorted(),
    totals: {
      blocks: chain.length,
      transactions: transactions.length,
      outputs: outputs.size,
      unspent_outputs: unspent.length,
      supply: unspent.reduce((sum, [, { value }]) => sum + value, 0),
      fees,
      addresses: addresses.size,
    },
  };
}

/** The same, as the index has it. */
export function readTables(database: Database): ReturnType<typeof computeTables> {
  const lines = (sql: string) =>
    database
      .query<Record<string, unknown>, []>(sql)
      .all()
      .map((row) => Object.values(row).join(" "));
  const { id: _, ...totals } = database.query("SELECT * FROM totals").get() as any;
  return {
    blocks: lines(
      `SELECT height, hash, transaction_count, fees, (SELECT count(*) FROM outputs o
         WHERE o.spent_by >= first_transaction
           AND o.spent_by < first_transaction + transaction_count) FROM blocks ORDER BY height`,
    ),
    transactions: lines(
      `SELECT txid, height || ':' || position, offset || '+' || size, fee
       FROM transactions ORDER BY id`,
    ),
    outputs: lines(
      `SELECT txid || ':' || vout, value, coalesce(address, 'undefined'),
         coalesce(spent_by_txid || ':' || spent_by_vin, 'null') FROM output_details`,
    ).toSorted(),
    addresses: lines(
      `SELECT address, balance, received, sent, transaction_count, coin_count, first_height,
         last_height FROM addresses`,
    ).toSorted(),
    history: lines(
      `SELECT address, height || ':' || position, txid, delta, balance FROM address_transactions`,
    ).toSorted(),
    totals,
  };
}

function emptyAddress(height: number): Address {
  const zeros = { balance: 0, received: 0, sent: 0, transactions: 0, coins: 0 };
  return { ...zeros, first: height, last: height, history: [] };
}
