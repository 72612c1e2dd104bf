/**
 * What the wallet of this page has, as the node tells it: addresses up to the gap after the last that
 * was used (BIP-0044), their balance, coins and history.
 *
 * The node is asked in small batches and only about what has changed, and so learns which addresses
 * belong together. Knows public keys alone; what the node says is proven where it is spent, in
 * payment.ts.
 */

import type {
  AddressSummaryView,
  AddressTransactionView,
  UtxoView,
} from "../../src/api/address-schemas.ts";
import {
  type AddressPrefixes,
  formatAddress,
  GAP_LIMIT,
  type KeyAccount,
} from "../wallet-engine.ts";

/** Asks the node; rejects with what is wrong. */
export type Ask = <Answer>(path: string) => Promise<Answer>;

/** Receives or takes change. */
export type Branch = 0 | 1;

/** One address, with what the node says of it. */
export interface WalletAddress {
  readonly address: string;
  readonly script: Uint8Array;
  readonly branch: Branch;
  readonly index: number;
  readonly summary: AddressSummaryView;
}

/** A coin, and where it lies. */
export interface WalletCoin extends UtxoView {
  readonly at: WalletAddress;
}

/** A transaction as it moved all the addresses together. Sats. */
export interface WalletTransaction {
  readonly txid: string;
  readonly amount: number;
  /** Null while it waits. */
  readonly blockHeight: number | null;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** The wallet at one moment. Sats. */
export interface WalletPicture {
  readonly addresses: readonly WalletAddress[];
  readonly coins: readonly WalletCoin[];
  /** Newest first. */
  readonly history: readonly WalletTransaction[];
  readonly confirmed: number;
  readonly unconfirmed: number;
  readonly immature: number;
  /** First of each branch that nobody has paid, after all that somebody has. */
  readonly next: Readonly<Record<Branch, WalletAddress>>;
  /** False if there is more than is looked at here. */
  readonly isComplete: boolean;
}

/** Questions at the same time: a browser opens no more lines to one host. */
export const BATCH_SIZE = 6;

/** Addresses of one branch that are looked at. */
export const MAX_BRANCH_ADDRESSES = 500;

/** Rows of one page of an address, and pages that are asked for. */
const PAGE_ROWS = 100;
const MAX_PAGES = 10;

interface Details {
  readonly coins: readonly UtxoView[];
  readonly transactions: readonly AddressTransactionView[];
  readonly isComplete: boolean;
}

export class WalletScan {
  readonly #account: KeyAccount;
  readonly #prefixes: AddressPrefixes;
  readonly #details = new Map<string, { readonly of: string; readonly details: Details }>();
  readonly #derived: readonly [PlainAddress[], PlainAddress[]] = [[], []];

  constructor(account: KeyAccount, prefixes: AddressPrefixes) {
    this.#account = account;
    this.#prefixes = prefixes;
  }

  /** Asks for everything that may have changed; rejects as `ask` does. */
  async look(ask: Ask): Promise<WalletPicture> {
    const [receiving, change] = [await this.#walk(0, ask), await this.#walk(1, ask)];
    const addresses = [...receiving, ...change];
    const used = addresses.filter(isUsed);
    const details = await inBatches(used, (address) => this.#detailsOf(address, ask));
    const sum = (of: (summary: AddressSummaryView) => number) =>
      used.reduce((total, { summary }) => total + of(summary), 0);
    return {
      addresses,
      coins: details.flatMap(({ coins }, at) => {
        return coins.map((coin) => ({ ...coin, at: used[at] as WalletAddress }));
      }),
      history: mergeHistory(details.flatMap(({ transactions }) => transactions)),
      confirmed: sum(({ confirmed }) => confirmed),
      unconfirmed: sum(({ unconfirmed }) => unconfirmed),
      immature: sum(({ immature }) => immature),
      next: { 0: firstUnused(receiving), 1: firstUnused(change) },
      isComplete:
        details.every(({ isComplete }) => isComplete) &&
        Math.max(receiving.length, change.length) < MAX_BRANCH_ADDRESSES,
    };
  }

  /** The addresses of a branch, to the end of the gap. */
  async #walk(branch: Branch, ask: Ask): Promise<WalletAddress[]> {
    const found: WalletAddress[] = [];
    let usedCount = 0;
    while (found.length < Math.min(usedCount + GAP_LIMIT, MAX_BRANCH_ADDRESSES)) {
      const end = Math.min(found.length + BATCH_SIZE, usedCount + GAP_LIMIT, MAX_BRANCH_ADDRESSES);
      const indexes = Array.from({ length: end - found.length }, (_, at) => found.length + at);
      const plain = indexes.map((index) => this.#derive(branch, index));
      const answers = await inBatches(plain, async (address) => ({
        ...address,
        summary: await ask<AddressSummaryView>(pathOf(address)),
      }));
      for (const address of answers) {
        found.push(address);
        if (isUsed(address)) usedCount = address.index + 1;
      }
    }
    return found;
  }

  #derive(branch: Branch, index: number): PlainAddress {
    const known = this.#derived[branch][index];
    if (known !== undefined) return known;
    const script = this.#account.scriptAt(branch, index);
    const address = formatAddress(script, this.#prefixes);
    if (address === undefined) throw new Error("an account has scripts without addresses");
    const derived = { address, script, branch, index };
    this.#derived[branch][index] = derived;
    return derived;
  }

  async #detailsOf(address: WalletAddress, ask: Ask): Promise<Details> {
    const of = JSON.stringify(address.summary);
    const known = this.#details.get(address.address);
    if (known?.of === of) return known.details;
    const path = pathOf(address);
    const coins = await readPages<"utxos", UtxoView>(path, "utxos", ask);
    const history = await readPages<"transactions", AddressTransactionView>(
      path,
      "transactions",
      ask,
    );
    const details = {
      coins: coins.rows,
      transactions: history.rows,
      isComplete: coins.isComplete && history.isComplete,
    };
    this.#details.set(address.address, { of, details });
    return details;
  }
}

type PlainAddress = Omit<WalletAddress, "summary">;

function isUsed({ summary }: WalletAddress): boolean {
  return summary.transactionCount > 0;
}

function firstUnused(addresses: readonly WalletAddress[]): WalletAddress {
  const next = addresses[addresses.findLastIndex(isUsed) + 1] ?? addresses.at(-1);
  if (next === undefined) throw new Error("a branch has no address");
  return next;
}

function pathOf({ address }: PlainAddress): string {
  return `/api/addresses/${encodeURIComponent(address)}`;
}

async function readPages<List extends string, Row>(
  path: string,
  list: List,
  ask: Ask,
): Promise<{ rows: Row[]; isComplete: boolean }> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MAX_PAGES; count++) {
    const after = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await ask<Record<List, Row[]> & { cursor: string | null }>(
      `${path}/${list}?limit=${PAGE_ROWS}${after}`,
    );
    rows.push(...page[list]);
    if (page.cursor === null) return { rows, isComplete: true };
    cursor = page.cursor;
  }
  return { rows, isComplete: false };
}

/** One row for each transaction; what waits first, then from the newest block on. */
function mergeHistory(rows: readonly AddressTransactionView[]): WalletTransaction[] {
  const merged = new Map<string, WalletTransaction>();
  for (const { txid, amount, blockHeight, timestamp } of rows) {
    const sum = (merged.get(txid)?.amount ?? 0) + amount;
    merged.set(txid, { txid, amount: sum, blockHeight, timestamp });
  }
  const heightOf = ({ blockHeight }: WalletTransaction) => blockHeight ?? Number.MAX_SAFE_INTEGER;
  return [...merged.values()].sort(
    (a, b) => heightOf(b) - heightOf(a) || b.timestamp - a.timestamp,
  );
}

/** Returns what `act` makes of each, a few of them at a time. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    const batch = items.slice(start, start + BATCH_SIZE);
    results.push(...(await Promise.all(batch.map(act))));
  }
  return results;
}
