/**
 * What a wallet owns and what happened to it: its balance, coins and history.
 *
 * Everything is read from the explorer index and the mempool when it is asked for, so that a
 * reorganisation needs no handling here. The one thing that neither can tell is what was there once
 * and is no more; wallet-activity.ts keeps those transactions. Waiting until the index shows the
 * tip is the caller's business.
 */

import type { Coin } from "../consensus/check-inputs.ts";
import type { HistoryRow } from "../index/address-set-queries.ts";
import type { ExplorerQueries } from "../index/explorer-queries.ts";
import type { MempoolAddresses } from "../index/mempool-addresses.ts";
import type { Clock } from "../lib/clock.ts";
import { decodeAll } from "../lib/codec.ts";
import { MAX_PAGE_ROWS, type Page, type PageRequest } from "../lib/paging.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import { type AddressPrefixes, formatAddress } from "../primitives/address.ts";
import type { Txid } from "../primitives/hash-id.ts";
import {
  decodeTransaction,
  isCoinbase,
  type Outpoint,
  outpointKey,
  type Transaction,
} from "../primitives/transaction.ts";
import type { KeptTransaction } from "../storage/kept-transaction-store.ts";
import type { WalletStore } from "../storage/wallet-store.ts";
import type { UnconfirmedAncestor } from "./spendable-coin.ts";
import type { WalletAddress, WalletAddresses } from "./wallet-addresses.ts";

/** Sums in sat. */
export interface WalletBalance {
  /** Confirmed and pending together: what is owned if all that waits is confirmed. */
  readonly total: number;
  /** In confirmed coins, immature ones and those that the mempool spends too. */
  readonly confirmed: number;
  /** What the mempool adds, less what it spends. */
  readonly pending: number;
  /** The part of `confirmed` in mined coins that the next block may not spend yet. */
  readonly immature: number;
  /** In coins held for payments that are prepared and not yet sent. */
  readonly reserved: number;
  /** What a payment may spend now: mature, not spent, not reserved, trusted change included. */
  readonly spendable: number;
}

/** Why a coin cannot be spent now. */
export type CoinHold = "immature" | "spent" | "reserved" | "unconfirmed";

/** A coin of a wallet. */
export interface WalletCoin {
  readonly outpoint: Outpoint;
  /** Sats. */
  readonly value: number;
  readonly at: WalletAddress;
  /** Undefined while it waits. */
  readonly height: number | undefined;
  readonly isCoinbase: boolean;
  /** True for what a payment of this wallet gives back, of coins that nobody else can spend again. */
  readonly isOwnChange: boolean;
  /** Undefined if it can be spent now. */
  readonly hold: CoinHold | undefined;
  /** Of a coin that waits: who makes it, and the unconfirmed past of that. */
  readonly ancestors: readonly UnconfirmedAncestor[];
}

/**
 * Where a transaction stands: `conflicted` if another spends what it spends, `orphaned` if it minted
 * coins in a block that was abandoned, `dropped` if it is nowhere though nothing forbids it.
 */
export type WalletTransactionStatus =
  | "pending"
  | "confirmed"
  | "conflicted"
  | "orphaned"
  | "dropped";

/** What it did for the wallet. */
export type WalletTransactionKind = "received" | "sent" | "self" | "mined";

/** A line of a wallet's history. Amounts in sat. */
export interface WalletTransaction {
  readonly txid: Txid;
  readonly status: WalletTransactionStatus;
  readonly kind: WalletTransactionKind;
  /** Received less sent, the fee included if this wallet paid it. */
  readonly amount: number;
  /** Of the whole transaction; undefined if it cannot be known any more. */
  readonly fee: number | undefined;
  /** Confirmed money after it; undefined unless confirmed. */
  readonly balance: number | undefined;
  readonly height: number | undefined;
  readonly confirmations: number;
  /** Milliseconds since 1970: of the block, or when it was first seen. */
  readonly time: number;
  /** Who paid, or was paid: addresses that are not this wallet's, at most MAX_COUNTERPARTIES. */
  readonly counterparties: readonly string[];
  /** Of a conflicted one: who spends what it wanted to spend. */
  readonly conflictsWith: Txid | undefined;
}

export interface WalletLedgerNeeds {
  readonly wallet: string;
  readonly addresses: WalletAddresses;
  readonly explorer: Pick<
    ExplorerQueries,
    | "findAddresses"
    | "listCoins"
    | "listOldestCoins"
    | "listHistory"
    | "listInputs"
    | "listOutputs"
    | "findTransaction"
    | "findOutput"
  >;
  readonly waiting: Pick<MempoolAddresses, "find">;
  readonly mempool: Pick<Mempool, "find" | "findSpender" | "findOutput" | "coins">;
  readonly chain: { readonly tip: { readonly height: number } };
  readonly coinbaseMaturity: number;
  readonly prefixes: AddressPrefixes;
  readonly store: Pick<WalletStore, "kept" | "drafts">;
  readonly clock: Pick<Clock, "now">;
  /** Has `store.kept` hold all that was seen until now. */
  readonly flushActivity: () => void;
}

/** Addresses shown of a transaction; the explorer has the rest. */
export const MAX_COUNTERPARTIES = 10;

/** Kept transactions among which lost ones are looked for, the newest: it takes some 20 ms. */
const MAX_KEPT_SHOWN = 1_000;

/** What one transaction moved for the wallet, and how. */
interface Moved {
  received: number;
  sent: number;
}

/** Why a transaction is in no block and no mempool. */
interface Loss {
  readonly status: WalletTransactionStatus;
  readonly conflictsWith: Txid | undefined;
}

export class WalletLedger {
  readonly #needs: WalletLedgerNeeds;

  constructor(needs: WalletLedgerNeeds) {
    this.#needs = needs;
  }

  balance(): WalletBalance {
    const { explorer, mempool, coinbaseMaturity } = this.#needs;
    const texts = this.#texts();
    let confirmed = 0;
    let immature = 0;
    for (const row of explorer.findAddresses(texts, coinbaseMaturity)) {
      confirmed += row.balance;
      immature += row.immature;
    }

    let pending = 0;
    let spentConfirmed = 0;
    let change = 0;
    for (const [entry, moved] of this.#waitingTransactions()) {
      pending += moved.received - moved.sent;
      spentConfirmed += moved.sentConfirmed;
      if (this.#isTrusted(entry)) change += this.#unspentBy(entry);
    }

    let reserved = 0;
    let kept = 0;
    for (const outpoint of this.#reservedOutpoints()) {
      // Coins of what was sent already are spent, and so not held any more.
      const coin = mempool.coins.findCoin(outpoint);
      if (coin === undefined) continue;
      reserved += coin.value;
      if (this.#isSettled(outpoint, coin)) kept += coin.value;
    }
    return {
      total: confirmed + pending,
      confirmed,
      pending,
      immature,
      reserved,
      spendable: confirmed - immature - spentConfirmed + change - kept,
    };
  }

  /** A page of all coins: those that wait first, then the confirmed ones, newest first. */
  listCoins(page: PageRequest): Page<WalletCoin> {
    const texts = this.#texts();
    const isHeld = this.#reservations();
    return pageWithOpen(
      page,
      () => this.#waitingCoins(isHeld),
      (rest) => {
        const { rows, nextCursor } = this.#needs.explorer.listCoins(texts, rest);
        return { rows: rows.flatMap((row) => this.#confirmedCoin(row, isHeld)), nextCursor };
      },
    );
  }

  /** The coins that a payment may choose from, whatever holds them, the oldest first. */
  selectableCoins(): readonly WalletCoin[] {
    const texts = this.#texts();
    const isHeld = this.#reservations();
    const rows = this.#needs.explorer.listOldestCoins(texts);
    return [
      ...rows.flatMap((row) => this.#confirmedCoin(row, isHeld)),
      ...this.#waitingCoins(isHeld),
    ];
  }

  /** A page of all that happened, newest first: what is in no block, then what is. */
  listHistory(page: PageRequest): Page<WalletTransaction> {
    const texts = this.#texts();
    return pageWithOpen(
      page,
      () => this.#openTransactions(),
      (rest) => {
        const { rows, nextCursor } = this.#needs.explorer.listHistory(texts, rest);
        return { rows: rows.map((row) => this.#confirmedTransaction(row)), nextCursor };
      },
    );
  }

  /** Where a transaction stands that this wallet made or kept; undefined if it is not known. */
  statusOf(txid: Txid): WalletTransactionStatus | undefined {
    const { explorer, mempool, wallet } = this.#needs;
    if (explorer.findTransaction(txid) !== undefined) return "confirmed";
    if (mempool.find(txid) !== undefined) return "pending";
    const kept = this.#kept.find(wallet, txid);
    return kept === undefined ? undefined : this.#lossOf(decodeKept(kept)).status;
  }

  /** The block that a transaction is in; undefined if it is in none of the active chain. */
  heightOf(txid: Txid): number | undefined {
    return this.#needs.explorer.findTransaction(txid)?.height;
  }

  /** True if what a kept transaction wanted to spend was spent `depth` blocks ago, for good. */
  isConflictDeep(txid: Txid, depth: number): boolean {
    const { wallet, chain } = this.#needs;
    const kept = this.#kept.find(wallet, txid);
    const spender = kept && this.#lossOf(decodeKept(kept)).conflictsWith;
    const height = spender && this.heightOf(spender);
    return height !== undefined && chain.tip.height - height >= depth;
  }

  /** True if every coin that `tx` spends is this wallet's. */
  isFromUs(tx: Transaction): boolean {
    const { addresses, mempool } = this.#needs;
    return tx.inputs.every(({ prevout }) => {
      const script = mempool.findOutput(prevout)?.scriptPubKey;
      return script !== undefined && addresses.find(script) !== undefined;
    });
  }

  get #kept(): WalletStore["kept"] {
    const { store, flushActivity } = this.#needs;
    flushActivity();
    return store.kept;
  }

  /** All addresses, those included that what was paid since makes worth looking at. */
  #texts(): string[] {
    const { addresses } = this.#needs;
    addresses.refresh();
    return addresses.all().map(({ address }) => address);
  }

  #reservedOutpoints(): Outpoint[] {
    const { store, wallet, clock } = this.#needs;
    store.drafts.expireDrafts(clock.now());
    return store.drafts.reservedOutpoints(wallet);
  }

  #reservations(): (outpoint: Outpoint) => boolean {
    const held = new Set(this.#reservedOutpoints().map(outpointKey));
    return (outpoint) => held.has(outpointKey(outpoint));
  }

  /** True if no one else can undo it: it and all that it waits for spend our coins alone. */
  #isTrusted(entry: MempoolEntry): boolean {
    return withAncestors(entry).every(({ tx }) => this.isFromUs(tx));
  }

  /** True for an unspent coin that a payment may spend without being asked twice. */
  #isSettled({ txid }: Outpoint, { height, isCoinbase: isMined }: Coin): boolean {
    const { mempool, chain, coinbaseMaturity } = this.#needs;
    const entry = mempool.find(txid);
    if (entry !== undefined) return this.#isTrusted(entry);
    return !isMined || chain.tip.height - height + 1 >= coinbaseMaturity;
  }

  #confirmedCoin(
    row: ReturnType<WalletLedgerNeeds["explorer"]["listOldestCoins"]>[number],
    isHeld: (outpoint: Outpoint) => boolean,
  ): WalletCoin[] {
    const { mempool, chain, coinbaseMaturity } = this.#needs;
    const { txid, vout, value, height, isCoinbase: isMined } = row;
    const outpoint = { txid, vout };
    const at = this.#byText(row.address);
    if (at === undefined) return [];
    const depth = chain.tip.height - height + 1;
    let hold: CoinHold | undefined;
    // The next block counts: a coin is mature there if it is that deep then.
    if (isMined && depth < coinbaseMaturity) hold = "immature";
    else if (mempool.findSpender(outpoint) !== undefined) hold = "spent";
    else if (isHeld(outpoint)) hold = "reserved";
    const facts = { isCoinbase: isMined, isOwnChange: false, ancestors: [] };
    return [{ outpoint, value, at, height, ...facts, hold }];
  }

  #waitingCoins(isHeld: (outpoint: Outpoint) => boolean): WalletCoin[] {
    const { addresses, mempool } = this.#needs;
    return [...this.#waitingTransactions().keys()].flatMap((entry) => {
      const isOwnChange = this.#isTrusted(entry);
      const ancestors = ancestorsOf(entry);
      return entry.tx.outputs.flatMap(({ value, scriptPubKey }, vout) => {
        const at = addresses.find(scriptPubKey);
        if (at === undefined) return [];
        const outpoint = { txid: entry.tx.txid, vout };
        let hold: CoinHold | undefined;
        if (mempool.findSpender(outpoint) !== undefined) hold = "spent";
        else if (isHeld(outpoint)) hold = "reserved";
        else if (!isOwnChange) hold = "unconfirmed";
        const facts = { height: undefined, isCoinbase: false, isOwnChange, ancestors };
        return [{ outpoint, value, at, ...facts, hold }];
      });
    });
  }

  /** Every waiting transaction that moves this wallet's money, newest first. */
  #waitingTransactions(): Map<MempoolEntry, Moved & { sentConfirmed: number }> {
    const { addresses, waiting } = this.#needs;
    const found = new Map<MempoolEntry, Moved & { sentConfirmed: number }>();
    for (const { script } of addresses.all()) {
      for (const { entry, received, sent, sentConfirmed } of waiting.find(script)) {
        const moved = found.get(entry) ?? { received: 0, sent: 0, sentConfirmed: 0 };
        moved.received += received;
        moved.sent += sent;
        moved.sentConfirmed += sentConfirmed;
        found.set(entry, moved);
      }
    }
    return new Map([...found].sort(([a], [b]) => b.sequence - a.sequence));
  }

  #unspentBy({ tx }: MempoolEntry): number {
    const { addresses, mempool } = this.#needs;
    let sum = 0;
    for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
      if (addresses.find(scriptPubKey) === undefined) continue;
      if (mempool.findSpender({ txid: tx.txid, vout }) === undefined) sum += value;
    }
    return sum;
  }

  #byText(address: string): WalletAddress | undefined {
    return this.#needs.addresses.findByText(address);
  }

  #confirmedTransaction(row: HistoryRow): WalletTransaction {
    const { explorer, chain } = this.#needs;
    const { txid, height, delta, balance, fee, time, isCoinbase: isMined } = row;
    const all = { limit: MAX_PAGE_ROWS };
    const inputs = isMined ? [] : explorer.listInputs(txid, all).rows.map(({ address }) => address);
    const outputs = explorer.listOutputs(txid, all).rows.map(({ address }) => address);
    const { kind, counterparties } = this.#sides(isMined, inputs, outputs);
    return {
      txid,
      status: "confirmed",
      kind,
      amount: delta,
      fee: isMined ? undefined : fee,
      balance,
      height,
      confirmations: chain.tip.height - height + 1,
      time: time * 1_000,
      counterparties,
      conflictsWith: undefined,
    };
  }

  /** What is in no block, newest first. */
  #openTransactions(): WalletTransaction[] {
    const waiting = [...this.#waitingTransactions()].map(([entry, moved]) =>
      this.#pendingTransaction(entry, moved),
    );
    return [...waiting, ...this.#lostTransactions()].sort((a, b) => b.time - a.time);
  }

  #pendingTransaction(entry: MempoolEntry, { received, sent }: Moved): WalletTransaction {
    return this.#openTransaction(entry.tx, "pending", {
      received,
      sent,
      fee: entry.fee,
      time: entry.acceptedAt,
    });
  }

  /** What was seen once and is in no block and no mempool any more, newest first. */
  #lostTransactions(): WalletTransaction[] {
    const { explorer, mempool, wallet, addresses } = this.#needs;
    const { rows } = this.#kept.list(wallet, { limit: MAX_KEPT_SHOWN });
    const losses = new Map<Txid, Loss>();
    return rows.flatMap((kept) => {
      if (mempool.find(kept.txid) !== undefined) return [];
      if (explorer.findTransaction(kept.txid) !== undefined) return [];
      const tx = decodeKept(kept);
      const { status, conflictsWith } = this.#lossOf(tx, losses);
      let received = 0;
      for (const { value, scriptPubKey } of tx.outputs) {
        if (addresses.find(scriptPubKey) !== undefined) received += value;
      }
      let sent = 0;
      for (const { prevout } of tx.inputs) {
        const coin = this.#outputAt(prevout);
        if (coin?.isOurs === true) sent += coin.value;
      }
      const facts = { received, sent, fee: undefined, time: kept.firstSeen };
      return [{ ...this.#openTransaction(tx, status, facts), conflictsWith }];
    });
  }

  #openTransaction(
    tx: Transaction,
    status: WalletTransactionStatus,
    facts: Moved & { fee: number | undefined; time: number },
  ): WalletTransaction {
    const { prefixes } = this.#needs;
    const isMined = isCoinbase(tx);
    const inputs = isMined
      ? []
      : tx.inputs.map(({ prevout }) => this.#outputAt(prevout)?.address ?? null);
    const outputs = tx.outputs.map(
      ({ scriptPubKey }) => formatAddress(scriptPubKey, prefixes) ?? null,
    );
    const { kind, counterparties } = this.#sides(isMined, inputs, outputs);
    return {
      txid: tx.txid,
      status,
      kind,
      amount: facts.received - facts.sent,
      fee: facts.fee,
      balance: undefined,
      height: undefined,
      confirmations: 0,
      time: facts.time,
      counterparties,
      conflictsWith: undefined,
    };
  }

  /** Who is on the other side: whom we paid, or who paid us. */
  #sides(
    isMined: boolean,
    inputs: readonly (string | null)[],
    outputs: readonly (string | null)[],
  ): { kind: WalletTransactionKind; counterparties: readonly string[] } {
    if (isMined) return { kind: "mined", counterparties: [] };
    const isOurs = (address: string | null) =>
      address !== null && this.#byText(address) !== undefined;
    const hasPaid = inputs.some(isOurs);
    const others = (hasPaid ? outputs : inputs).filter(
      (address): address is string => address !== null && !isOurs(address),
    );
    const counterparties = [...new Set(others)].slice(0, MAX_COUNTERPARTIES);
    if (!hasPaid) return { kind: "received", counterparties };
    return { kind: outputs.every(isOurs) ? "self" : "sent", counterparties };
  }

  /** Why `tx`, which is in no block and no mempool, is not; `known` has what was found before. */
  #lossOf(tx: Transaction, known = new Map<Txid, Loss>()): Loss {
    const loss = known.get(tx.txid) ?? this.#findLoss(tx, known);
    known.set(tx.txid, loss);
    return loss;
  }

  #findLoss(tx: Transaction, known: Map<Txid, Loss>): Loss {
    if (isCoinbase(tx)) return { status: "orphaned", conflictsWith: undefined };
    for (const { prevout } of tx.inputs) {
      const spender = this.#spenderOf(prevout);
      if (spender !== undefined) return { status: "conflicted", conflictsWith: spender };
      const parent = this.#lostParent(prevout);
      const loss = parent && this.#lossOf(parent, known);
      // What spends the coins of a conflicted one cannot be confirmed either.
      if (loss !== undefined && loss.status !== "dropped") {
        return { status: "conflicted", conflictsWith: loss.conflictsWith };
      }
    }
    return { status: "dropped", conflictsWith: undefined };
  }

  #lostParent(outpoint: Outpoint): Transaction | undefined {
    const { mempool, explorer, wallet } = this.#needs;
    const { txid } = outpoint;
    if (mempool.find(txid) !== undefined || explorer.findTransaction(txid) !== undefined) {
      return undefined;
    }
    const kept = this.#kept.find(wallet, txid);
    return kept === undefined ? undefined : decodeKept(kept);
  }

  #spenderOf(outpoint: Outpoint): Txid | undefined {
    const { mempool } = this.#needs;
    return (
      mempool.findSpender(outpoint)?.tx.txid ?? this.#indexed(outpoint)?.spentByTxid ?? undefined
    );
  }

  #outputAt(outpoint: Outpoint) {
    const { mempool, addresses, prefixes } = this.#needs;
    const coin = mempool.findOutput(outpoint) ?? this.#lostParent(outpoint)?.outputs[outpoint.vout];
    if (coin !== undefined) {
      const { value, scriptPubKey } = coin;
      const address = formatAddress(scriptPubKey, prefixes) ?? null;
      return { value, address, isOurs: addresses.find(scriptPubKey) !== undefined };
    }
    const row = this.#indexed(outpoint);
    if (row === undefined) return undefined;
    const isOurs = row.address !== null && this.#byText(row.address) !== undefined;
    return { value: row.value, address: row.address, isOurs };
  }

  #indexed(outpoint: Outpoint) {
    return this.#needs.explorer.findOutput(outpoint);
  }
}

function decodeKept({ raw }: KeptTransaction): Transaction {
  return decodeAll(raw, decodeTransaction);
}

/** How a cursor begins that leads to rows in no block; others are the index's. */
const OPEN_CURSOR = /^open:(\d{1,6})$/;

/** A page of a list whose first rows are in no block, and few, and whose others are in the index. */
function pageWithOpen<Row>(
  { limit, cursor }: PageRequest,
  listOpen: () => readonly Row[],
  listConfirmed: (page: PageRequest) => Page<Row>,
): Page<Row> {
  const at = cursor === undefined ? "0" : OPEN_CURSOR.exec(cursor)?.[1];
  if (at === undefined) return listConfirmed({ limit, cursor });

  const end = Number(at) + Math.min(limit, MAX_PAGE_ROWS);
  const open = listOpen().slice(Number(at), end + 1);
  const left = end - Number(at) - open.length;
  if (left <= 0) return { rows: open.slice(0, end - Number(at)), nextCursor: `open:${end}` };
  const { rows, nextCursor } = listConfirmed({ limit: left });
  return { rows: [...open, ...rows], nextCursor };
}

/** `entry` and all its unconfirmed ancestors. */
function withAncestors(entry: MempoolEntry): MempoolEntry[] {
  const all = new Set([entry]);
  for (const member of all) for (const parent of member.parents) all.add(parent);
  return [...all];
}

/** Every unconfirmed ancestor of `entry`, itself included. */
function ancestorsOf(entry: MempoolEntry): UnconfirmedAncestor[] {
  return withAncestors(entry).map(({ tx, fee, virtualSize, parents }) => ({
    txid: tx.txid,
    fee,
    virtualSize,
    parents: parents.map((parent) => parent.tx.txid),
  }));
}
