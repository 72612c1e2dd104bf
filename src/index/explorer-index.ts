/**
 * The writer of `index.db`: turns blocks of the active chain into rows, and back.
 *
 * Disconnecting works from the tables alone and leaves them exactly as they were. Blocks come from
 * follower.ts, in order and already valid: nothing is checked again. Tables are made in schema.ts
 * and read in explorer-queries.ts.
 */

import type { Database, Statement } from "bun:sqlite";
import type { Coin } from "../consensus/check-inputs.ts";
import type { Network } from "../consensus/params.ts";
import { workOfBits } from "../consensus/target.ts";
import { compactSizeLength } from "../lib/codec.ts";
import { formatAddress } from "../primitives/address.ts";
import { HEADER_SIZE } from "../primitives/block-header.ts";
import type { BlockHash, Txid } from "../primitives/hash-id.ts";
import { isCoinbase, type Transaction } from "../primitives/transaction.ts";
import { isUnspendable } from "../script/script.ts";
import { classifyOutput, type OutputType } from "../script/standard.ts";
import { AddressBook } from "./address-book.ts";
import { difficultyOf } from "./difficulty.ts";
import { disconnectRows } from "./disconnect-rows.ts";
import type { FollowedBlock, Follower, FollowerTip } from "./follower.ts";
import { parseMinerTag } from "./miner-tag.ts";
import { OUTPUT_TYPES, resetIndex } from "./schema.ts";

/** The index does not fit the chain that it follows: it has to be built again. */
export class IndexMismatchError extends Error {
  override readonly name = "IndexMismatchError";
}

/** What the next block needs to know of the last one. */
interface LastBlock extends FollowerTip {
  readonly time: number;
  readonly chainwork: number;
  readonly chainTransactions: number;
}

/** What connecting adds up over a block. */
interface BlockSums {
  fees: number;
  outputValue: number;
  outputs: number;
  coinsMade: number;
  coinsSpent: number;
  supply: number;
}

interface Miner {
  readonly id: number;
  readonly tag: string;
  readonly stream: string;
  readonly address: string | undefined;
}

type Values = (number | string | null)[];

const TYPE_NUMBERS = new Map<OutputType, number>(OUTPUT_TYPES.map((type, id) => [type, id]));

/** Genesis is nobody's, and its outputs never become coins. */
const NO_MINER: Miner = { id: 0, tag: "", stream: "", address: undefined };

export class ExplorerIndex implements Follower {
  readonly #database: Database;
  readonly #network: Network;
  readonly #addresses: AddressBook;
  readonly #insertBlock: Statement<unknown, Values>;
  readonly #insertTransaction: Statement<unknown, Values>;
  readonly #insertOutput: Statement<unknown, Values>;
  readonly #spendOutput: Statement<{ address_id: number | null }, number[]>;
  readonly #findTransaction: Statement<{ id: number }, [Txid]>;
  readonly #putMiner: Statement<{ id: number }, Values>;
  readonly #addTotals: Statement<unknown, number[]>;
  #last: LastBlock | undefined;

  /** `database` comes from openIndex, for the same network. */
  constructor(database: Database, network: Network) {
    this.#database = database;
    this.#network = network;
    this.#addresses = new AddressBook(database, network.addressPrefixes);
    this.#insertBlock = database.query(`INSERT INTO blocks VALUES (${marks(21)})`);
    this.#insertTransaction = database.query(`INSERT INTO transactions VALUES (${marks(11)})`);
    this.#insertOutput = database.query(
      `INSERT INTO outputs (transaction_id, vout, value, script_type, address_id, is_coin)
       VALUES (${marks(6)})`,
    );
    this.#spendOutput = database.query(
      `UPDATE outputs SET spent_by = ?, spent_vin = ? WHERE transaction_id = ? AND vout = ?
       RETURNING address_id`,
    );
    this.#findTransaction = database.query("SELECT id FROM transactions WHERE txid = ?");
    this.#putMiner = database.query(
      `INSERT INTO mining_pool (tag, address, blocks, fees, subsidy, first_height, last_height)
       VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5)
       ON CONFLICT (tag, address) DO UPDATE SET blocks = blocks + 1, fees = fees + excluded.fees,
         subsidy = subsidy + excluded.subsidy, last_height = excluded.last_height
       RETURNING id`,
    );
    this.#addTotals = database.query(
      `UPDATE totals SET blocks = blocks + 1, transactions = transactions + ?,
         outputs = outputs + ?, unspent_outputs = unspent_outputs + ?, supply = supply + ?,
         fees = fees + ?, addresses = ? WHERE id = 1`,
    );
    this.#last = findLastBlock(database);
  }

  get tip(): FollowerTip | undefined {
    return this.#last;
  }

  transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(() => {
        const result = work();
        this.#addresses.flush();
        return result;
      })();
    } catch (error) {
      this.#reload();
      throw error;
    }
  }

  /** To be called within `transaction`, as `disconnect`. */
  connect(followed: FollowedBlock): void {
    const { block, height, spentCoins } = followed;
    const sums = { fees: 0, outputValue: 0, outputs: 0, coinsMade: 0, coinsSpent: 0, supply: 0 };
    const firstId = (this.#last?.chainTransactions ?? 0) + 1;
    let offset = HEADER_SIZE + compactSizeLength(block.transactions.length);
    let spent = 0;
    for (const [position, tx] of block.transactions.entries()) {
      const place = { id: firstId + position, position, height, offset };
      spent = this.#connectTransaction(tx, place, spentCoins, spent, sums);
      offset += tx.totalSize;
    }
    if (spent !== spentCoins.length) {
      throw new IndexMismatchError(`undo data of block ${followed.hash} does not fit it`);
    }
    this.#connectBlockRow(followed, firstId, sums);
  }

  disconnect({ hash, height }: FollowedBlock): void {
    if (this.#last?.hash !== hash) throw new Error(`block ${hash} is not the tip of the index`);
    this.#addresses.flush();
    disconnectRows(this.#database, height);
    this.#reload();
  }

  reset(): void {
    const { name, genesis } = this.#network;
    resetIndex(this.#database, { network: name, genesis: genesis.hash });
    this.#reload();
  }

  #reload(): void {
    this.#addresses.forget();
    this.#last = findLastBlock(this.#database);
  }

  /** Returns how many of the block's spent coins are used up after this transaction. */
  #connectTransaction(
    tx: Transaction,
    place: { id: number; position: number; height: number; offset: number },
    spentCoins: readonly Coin[],
    firstCoin: number,
    sums: BlockSums,
  ): number {
    const { id, height } = place;
    const isMinting = place.position === 0 && isCoinbase(tx);
    const valueIn = isMinting ? 0 : this.#spendInputs(tx, id, spentCoins, firstCoin, sums);
    const valueOut = this.#makeOutputs(tx, id, height, sums);
    this.#addresses.endTransaction(id, height);

    const fee = isMinting ? 0 : valueIn - valueOut;
    this.#insertTransaction.run(
      id,
      tx.txid,
      height,
      place.position,
      place.offset,
      tx.totalSize,
      tx.weight,
      tx.inputs.length,
      tx.outputs.length,
      fee,
      valueOut,
    );
    sums.fees += fee;
    return isMinting ? firstCoin : firstCoin + tx.inputs.length;
  }

  #spendInputs(
    tx: Transaction,
    id: number,
    spentCoins: readonly Coin[],
    firstCoin: number,
    sums: BlockSums,
  ): number {
    let valueIn = 0;
    for (let vin = 0; vin < tx.inputs.length; vin++) {
      const { txid, vout } = (tx.inputs[vin] as Transaction["inputs"][number]).prevout;
      const made = this.#findTransaction.get(txid);
      const output = made === null ? null : this.#spendOutput.get(id, vin, made.id, vout);
      const coin = spentCoins[firstCoin + vin];
      if (output === null || coin === undefined) {
        throw new IndexMismatchError(
          `the index does not have ${txid}:${vout}, spent by ${tx.txid}`,
        );
      }
      if (output.address_id !== null) this.#addresses.spend(output.address_id, coin.value, id);
      valueIn += coin.value;
    }
    sums.coinsSpent += tx.inputs.length;
    sums.supply -= valueIn;
    return valueIn;
  }

  #makeOutputs(tx: Transaction, id: number, height: number, sums: BlockSums): number {
    let valueOut = 0;
    for (let vout = 0; vout < tx.outputs.length; vout++) {
      const { value, scriptPubKey } = tx.outputs[vout] as Transaction["outputs"][number];
      const isCoin = height > 0 && !isUnspendable(scriptPubKey);
      const address = isCoin ? this.#addresses.receive(scriptPubKey, value, id, height) : null;
      const type = TYPE_NUMBERS.get(classifyOutput(scriptPubKey)) ?? 0;
      this.#insertOutput.run(id, vout, value, type, address, isCoin ? 1 : 0);
      if (isCoin) {
        sums.coinsMade += 1;
        sums.supply += value;
      }
      valueOut += value;
    }
    sums.outputs += tx.outputs.length;
    sums.outputValue += valueOut;
    return valueOut;
  }

  #connectBlockRow(followed: FollowedBlock, firstTransaction: number, sums: BlockSums): void {
    const { hash, height, block } = followed;
    const { time, bits, prevBlockHash } = block.header;
    const count = block.transactions.length;
    const chainwork = (this.#last?.chainwork ?? 0) + Number(workOfBits(bits));
    const chainTransactions = (this.#last?.chainTransactions ?? 0) + count;
    // Genesis lies long in the past: what passed until block 1 is no interval.
    const interval = height > 1 && this.#last !== undefined ? time - this.#last.time : null;
    const subsidy = height === 0 ? 0 : paidBy(block.transactions[0]) - sums.fees;
    const miner = height === 0 ? NO_MINER : this.#attribute(followed, sums.fees, subsidy);
    this.#insertBlock.run(
      height,
      hash,
      prevBlockHash,
      time,
      followed.receivedAt,
      interval,
      bits,
      difficultyOf(bits),
      chainwork,
      followed.size,
      followed.weight,
      count,
      firstTransaction,
      chainTransactions,
      sums.fees,
      subsidy,
      sums.outputValue,
      miner.id,
      miner.tag,
      miner.stream,
      miner.address ?? null,
    );
    const made = sums.coinsMade - sums.coinsSpent;
    const { outputs, supply, fees } = sums;
    this.#addTotals.run(count, outputs, made, supply, fees, this.#addresses.count);
    this.#last = { hash, height, time, chainwork, chainTransactions };
  }

  #attribute({ block, height }: FollowedBlock, fees: number, subsidy: number): Miner {
    const coinbase = block.transactions[0];
    const { tag, stream } = parseMinerTag(coinbase?.inputs[0]?.scriptSig ?? new Uint8Array(0));
    const payout = coinbase?.outputs.find(({ value }) => value > 0);
    const address =
      payout === undefined
        ? undefined
        : formatAddress(payout.scriptPubKey, this.#network.addressPrefixes);
    const row = this.#putMiner.get(tag, address ?? "", fees, subsidy, height);
    if (row === null) throw new Error("the index did not take the miner");
    return { id: row.id, tag, stream, address };
  }
}

/** Sats that a transaction pays out. */
function paidBy(tx: Transaction | undefined): number {
  let paid = 0;
  for (const { value } of tx?.outputs ?? []) paid += value;
  return paid;
}

function findLastBlock(database: Database): LastBlock | undefined {
  const row = database
    .query<LastBlock & { hash: BlockHash }, []>(
      `SELECT hash, height, time, chainwork, chain_transactions AS chainTransactions
       FROM blocks WHERE height = (SELECT max(height) FROM blocks)`,
    )
    .get();
  return row ?? undefined;
}

function marks(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}
