/**
 * Keeps the transactions that touch a wallet, so that one which vanishes from mempool and chain can
 * still be shown, and one of our own be sent again.
 *
 * Listens to the mempool and to blocks that are abandoned; what is confirmed can be read from the
 * chain at any time and needs no keeping. What became of a transaction is told by wallet-ledger.ts.
 */

import type { Chain } from "../chain/chain.ts";
import type { MempoolAddresses } from "../index/mempool-addresses.ts";
import { toHex } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { encodeTransaction, type Transaction } from "../primitives/transaction.ts";
import type { KeptTransaction } from "../storage/kept-transaction-store.ts";
import type { WalletStore } from "../storage/wallet-store.ts";

/** Names the wallets that a script belongs to. */
export type FindOwners = (scriptHex: string) => Iterable<string>;

export interface WalletActivityNeeds {
  readonly mempool: Pick<Mempool, "events">;
  readonly chain: Pick<Chain, "events">;
  readonly waiting: Pick<MempoolAddresses, "find" | "scriptsOf">;
  readonly store: Pick<WalletStore, "kept" | "transaction">;
  readonly findOwners: FindOwners;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Milliseconds within which what was seen is on the disk; our own payments are there before. */
const FLUSH_MS = 1_000;

/** Transactions gathered at most before they are written. */
const MAX_GATHERED = 500;

/** Transactions of others kept for one wallet; the newest are. */
export const MAX_KEPT = 1_000;

/** Transactions after which a wallet's are counted again. */
const TRIM_EVERY = 100;

export class WalletActivity {
  readonly #needs: WalletActivityNeeds;
  readonly #forget: readonly (() => void)[];
  #gathered: (KeptTransaction & { readonly wallet: string })[] = [];
  #writtenSinceTrim = new Map<string, number>();
  #cancelFlush: (() => void) | undefined;

  /** Follows mempool and chain from here on. */
  constructor(needs: WalletActivityNeeds) {
    this.#needs = needs;
    const { mempool, chain } = needs;
    this.#forget = [
      mempool.events.on("transaction-accepted", ({ entry }) => this.#noteWaiting(entry.tx)),
      chain.events.on("block-disconnected", ({ block }) => {
        const firstSeen = block.header.time * 1_000;
        for (const tx of block.transactions) this.#note(tx, outputScripts(tx), firstSeen);
      }),
    ];
  }

  /** Looks at what waits already for a script whose owner has just come. */
  rescan(script: Uint8Array): void {
    for (const { entry } of this.#needs.waiting.find(script)) this.#noteWaiting(entry.tx);
  }

  /**
   * Writes what was gathered. What cannot be written now would be missed only if it vanished: no
   * reason to end the node.
   */
  flush(): void {
    try {
      this.#write();
    } catch (error) {
      this.#needs.log.error("wallet transactions could not be kept", {
        reason: (error as Error).message,
      });
    }
  }

  stop(): void {
    for (const forget of this.#forget) forget();
    this.flush();
  }

  #write(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    const { store } = this.#needs;
    store.transaction(() => {
      for (const { wallet, ...kept } of gathered) {
        store.kept.put(wallet, kept);
        this.#trim(wallet);
      }
    });
  }

  #noteWaiting(tx: Transaction): void {
    const { waiting, clock } = this.#needs;
    this.#note(tx, waiting.scriptsOf(tx.txid), clock.now());
  }

  #note(tx: Transaction, scripts: Iterable<string>, firstSeen: number): void {
    const { findOwners, clock } = this.#needs;
    const owners = new Set<string>();
    for (const script of scripts) for (const owner of findOwners(script)) owners.add(owner);
    if (owners.size === 0) return;

    const raw = encodeTransaction(tx);
    for (const wallet of owners) {
      this.#gathered.push({
        wallet,
        txid: tx.txid,
        raw,
        isOwn: false,
        firstSeen,
        replaces: undefined,
      });
    }
    if (this.#gathered.length >= MAX_GATHERED) this.flush();
    else this.#cancelFlush ??= clock.after(FLUSH_MS, () => this.flush());
  }

  #trim(wallet: string): void {
    const count = (this.#writtenSinceTrim.get(wallet) ?? 0) + 1;
    this.#writtenSinceTrim.set(wallet, count % TRIM_EVERY);
    if (count === TRIM_EVERY) this.#needs.store.kept.trim(wallet, MAX_KEPT);
  }
}

function* outputScripts({ outputs }: Transaction): Iterable<string> {
  for (const { scriptPubKey } of outputs) yield toHex(scriptPubKey);
}
