/**
 * What the index worker does between its messages: batches of catching up, retries, repair.
 *
 * One batch runs per turn of the event loop, so that a command never waits for more than one. A full
 * disk or a busy database is tried again; a damaged index is made anew; anything else ends the
 * worker, and index-service.ts starts another.
 */

import type { Database } from "bun:sqlite";
import { findNetwork } from "../consensus/networks.ts";
import type { Network } from "../consensus/params.ts";
import { ChainSource } from "./chain-source.ts";
import { ExplorerIndex, IndexMismatchError } from "./explorer-index.ts";
import { type CatchUpBudget, catchUp } from "./follower.ts";
import type {
  IndexReport,
  IndexSetup,
  NodeRecord,
  StatisticsSample,
  UserRecord,
} from "./index-messages.ts";
import { disconnectNodes, recordNodes } from "./known-nodes.ts";
import { recordUsers } from "./named-users.ts";
import { recordSample } from "./network-stats.ts";
import { isDamage, isDamagedIndex, openIndex, replaceIndex } from "./schema.ts";

/** A tenth of a second or two of work on an ordinary machine; a large block is one batch. */
const BATCH: CatchUpBudget = { blocks: 500, bytes: 1_000_000 };

/** Milliseconds after which what failed is tried again. */
const RETRY_MS = 1_000;

export class IndexRunner {
  readonly #path: string;
  readonly #network: Network;
  readonly #report: (report: IndexReport) => void;
  readonly #source: ChainSource;
  #database: Database;
  #index: ExplorerIndex;
  #poke = -1;
  #timer: Timer | undefined;
  #isScheduled = false;
  #isStopped = false;
  /** Once is enough: what fails again is a fault of ours, which no rebuilding cures. */
  #isReset = false;

  /** Opens both databases; reports `ready`. */
  constructor(setup: IndexSetup, report: (report: IndexReport) => void) {
    this.#path = setup.indexPath;
    this.#network = findNetwork(setup.network, setup.difficulty);
    this.#report = report;
    this.#source = new ChainSource(setup.chainPath);
    const { database, isNew, isReplaced } = openIndex(this.#path, this.#identity);
    this.#database = database;
    this.#index = new ExplorerIndex(database, this.#network);
    disconnectNodes(database);
    report({ type: "ready", tip: this.#tip, isNew });
    if (isReplaced) report({ type: "rebuilding", isReplaced });
  }

  /** Follows the chain; reports `advanced` with this number once all of it is indexed. */
  poke(poke: number): void {
    this.#poke = Math.max(this.#poke, poke);
    this.#schedule();
  }

  recordSample(sample: StatisticsSample): void {
    this.#guard(() => recordSample(this.#database, sample));
  }

  recordNodes(records: readonly NodeRecord[]): void {
    this.#guard(() => recordNodes(this.#database, records));
  }

  recordUsers(records: readonly UserRecord[]): void {
    this.#guard(() => recordUsers(this.#database, records));
  }

  /** Closes both databases; nothing happens after this. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#database.close();
    this.#source.close();
  }

  get #identity() {
    return { network: this.#network.name, genesis: this.#network.genesis.hash };
  }

  get #tip() {
    const { tip } = this.#index;
    return tip === undefined ? undefined : { hash: tip.hash, height: tip.height };
  }

  // setImmediate lets waiting messages in between two batches.
  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    clearTimeout(this.#timer);
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isStopped) this.#guard(() => this.#runBatch());
    });
  }

  #runBatch(): void {
    const poke = this.#poke;
    const result = catchUp(this.#source, this.#index, BATCH);
    const tip = this.#tip;
    if (tip !== undefined) {
      this.#report({ type: "advanced", ...tip, poke: result === "caught-up" ? poke : -1 });
    }
    if (result === "behind") this.#schedule();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#report({ type: "error", message: messageOf(error) });
      if (this.#repair(error)) this.#schedule();
      else if (isPassing(error)) this.#retryLater();
      else throw error;
    }
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#schedule(), RETRY_MS);
  }

  /** Returns whether the index was at fault, and is made anew. */
  #repair(error: unknown): boolean {
    if (error instanceof IndexMismatchError && !this.#isReset) {
      this.#isReset = true;
      this.#index.reset();
      this.#report({ type: "rebuilding", isReplaced: false });
      return true;
    }
    if (!isDamage(error) || !isDamagedIndex(this.#database)) return false;
    this.#replace();
    return true;
  }

  #replace(): void {
    this.#database.close();
    this.#database = replaceIndex(this.#path, this.#identity).database;
    this.#index = new ExplorerIndex(this.#database, this.#network);
    this.#report({ type: "rebuilding", isReplaced: true });
  }
}

/** What another try may cure: a busy database, a full disk. */
function isPassing(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code !== undefined && /^SQLITE_(?:BUSY|LOCKED|FULL)/.test(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
