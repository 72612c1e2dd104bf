/**
 * The miner: keeps every stream busy with the newest template, and hands in what they find.
 *
 * Two reasons to work: continuous mining, and demands for a number of blocks (`mine now`), served in
 * order and first. Blocks enter the chain by its one door, like everyone's.
 */

import type { BlockVerdict } from "../chain/chain.ts";
import type { ConsensusParams } from "../consensus/params.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { Block } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import {
  type BlockTemplate,
  type Candidate,
  makeCandidate,
  makeMinedBlock,
} from "./block-template.ts";
import { type MinerWorker, MiningStream, type StreamListener, streamName } from "./stream.ts";

export interface MinerSettings {
  readonly threads: number;
  /** Output script that continuous mining pays. */
  readonly payoutScript: Uint8Array;
  readonly tag: string;
  /** Milliseconds after which new transactions get into the work in progress. */
  readonly refreshMs: number;
  /** Processors to pin the streams to, in turn; empty: wherever the system likes. */
  readonly cpus: readonly number[];
}

/** What the miner needs of the others. */
export interface MinerNeeds {
  readonly params: ConsensusParams;
  readonly clock: Clock;
  readonly log: Logger;
  buildTemplate(): BlockTemplate;
  submitBlock(block: Block): BlockVerdict;
  spawnWorker(): MinerWorker;
}

export interface StreamStatus {
  readonly name: string;
  /** Hashes per second. */
  readonly hashrate: number;
  readonly totalHashes: number;
  readonly blocksFound: number;
  /** Sats. */
  readonly earned: number;
  readonly working: boolean;
}

/** Nobody waits for a demand any more: the miner stopped. */
export class MiningStoppedError extends Error {
  override readonly name = "MiningStoppedError";
}

interface Demand {
  readonly payoutScript: Uint8Array;
  readonly hashes: BlockHash[];
  remaining: number;
  resolve(hashes: BlockHash[]): void;
  reject(error: Error): void;
}

/** Demands that may wait at once. */
export const MAX_DEMANDS = 16;

const NOBODY_WAITS = "nobody waits for these blocks any more";

/** Milliseconds until a crashed worker is replaced, or an unusable clock looked at again. */
const RETRY_MS = 1_000;

export class Miner implements StreamListener {
  readonly #needs: MinerNeeds;
  readonly #settings: MinerSettings;
  readonly #demands: Demand[] = [];
  #streams: MiningStream[] = [];
  #threads: number;
  #continuous = false;
  #closed = false;
  #extranonce: number;
  #template: BlockTemplate | undefined;
  #cancelRefresh: (() => void) | undefined;
  #hasNewTransactions = false;

  constructor(needs: MinerNeeds, settings: MinerSettings) {
    this.#needs = needs;
    this.#settings = settings;
    this.#threads = settings.threads;
    // Two runs of one node must not search the same headers again.
    this.#extranonce = needs.clock.now();
    this.#resizeStreams();
  }

  /** True while mining continuously. */
  get isRunning(): boolean {
    return this.#continuous;
  }

  get threads(): number {
    return this.#threads;
  }

  get blocksFound(): number {
    return this.#streams.reduce((sum, { blocksFound }) => sum + blocksFound, 0);
  }

  /** Hashes per second of all streams. */
  get hashrate(): number {
    return this.#streams.reduce((sum, { meter }) => sum + meter.hashrate, 0);
  }

  get streams(): StreamStatus[] {
    return this.#streams.map(({ name, meter, blocksFound, earned, isWorking }) => ({
      name,
      hashrate: meter.hashrate,
      totalHashes: meter.totalHashes,
      blocksFound,
      earned,
      working: isWorking,
    }));
  }

  /** Starts continuous mining, with another number of streams if given. */
  start(threads = this.#threads): void {
    if (threads !== this.#threads) {
      this.#threads = threads;
      this.#resizeStreams();
    }
    this.#continuous = true;
    this.#renew();
  }

  /** Stops continuous mining; demands in progress are finished. */
  stop(): void {
    this.#continuous = false;
    this.#renew();
  }

  /** Mines `count` blocks that pay to `payoutScript`; gives their hashes once all are connected.
   * Rejects with MiningStoppedError if the node stops first, or if `signal` says that nobody waits
   * for them any more: blocks found by then stay. */
  mine(
    count: number,
    payoutScript = this.#settings.payoutScript,
    signal?: AbortSignal,
  ): Promise<BlockHash[]> {
    if (this.#closed) return Promise.reject(new MiningStoppedError("the node is stopping"));
    if (signal?.aborted === true) return Promise.reject(new MiningStoppedError(NOBODY_WAITS));
    if (this.#demands.length >= MAX_DEMANDS) {
      return Promise.reject(new MiningStoppedError("too many demands are waiting"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<BlockHash[]>();
    const demand: Demand = { payoutScript, hashes: [], remaining: count, resolve, reject };
    const giveUp = () => this.#giveUp(demand);
    signal?.addEventListener("abort", giveUp);
    this.#demands.push(demand);
    if (this.#demands.length === 1) this.#renew();
    return promise.finally(() => signal?.removeEventListener("abort", giveUp));
  }

  /** To be called when the tip changed: everybody starts on the next block at once. */
  tipChanged(): void {
    if (!this.#closed) this.#renew();
  }

  /** To be called when the mempool changed: it is looked at when the refresh is due. */
  mempoolChanged(): void {
    this.#hasNewTransactions = true;
  }

  /** Ends all workers and gives up all demands. */
  close(): void {
    this.#closed = true;
    this.#continuous = false;
    this.#cancelRefresh?.();
    for (const stream of this.#streams) stream.close();
    for (const demand of this.#demands.splice(0)) {
      demand.reject(new MiningStoppedError("the node is stopping"));
    }
  }

  onFound(stream: MiningStream, candidate: Candidate, nonce: number): void {
    const block = makeMinedBlock(candidate, nonce);
    const demand = this.#demands[0];
    const verdict = this.#needs.submitBlock(block);
    if (verdict.status !== "connected") {
      this.#needs.log.warn("mined block not connected", { hash: block.hash, ...verdict });
      this.#renew();
      return;
    }

    stream.blocksFound += 1;
    stream.earned += candidate.template.coinbaseValue;
    if (demand !== undefined) this.#serve(demand, block.hash);
  }

  onExhausted(stream: MiningStream): void {
    if (this.#template !== undefined) stream.work(this.#nextCandidate(this.#template, stream));
  }

  onCrash(stream: MiningStream, message: string): void {
    this.#needs.log.warn("mining worker crashed and will be replaced", {
      stream: stream.name,
      message,
    });
    this.#needs.clock.after(RETRY_MS, () => {
      if (!this.#closed && this.#hasWork && !stream.isWorking) this.onExhausted(stream);
    });
  }

  get #hasWork(): boolean {
    return !this.#closed && (this.#continuous || this.#demands.length > 0);
  }

  #serve(demand: Demand, hash: BlockHash): void {
    demand.hashes.push(hash);
    demand.remaining -= 1;
    if (demand.remaining > 0) return;
    this.#demands.shift();
    demand.resolve(demand.hashes);
    this.#renew();
  }

  #giveUp(demand: Demand): void {
    const place = this.#demands.indexOf(demand);
    if (place === -1) return;
    this.#demands.splice(place, 1);
    demand.reject(new MiningStoppedError(NOBODY_WAITS));
    if (place === 0) this.#renew();
  }

  /** Gives every stream work on a new template, or rest if there is none to do. */
  #renew(): void {
    this.#cancelRefresh?.();
    this.#cancelRefresh = undefined;
    this.#template = undefined;
    if (!this.#hasWork) {
      for (const stream of this.#streams) stream.rest();
      return;
    }

    const { clock, params } = this.#needs;
    const template = this.#needs.buildTemplate();
    this.#hasNewTransactions = false;
    if (template.time > clock.now() / 1000 + params.maxFutureSeconds) {
      // Blocks came so fast that the next one's time would be refused: wait for the clock.
      for (const stream of this.#streams) stream.rest();
      this.#cancelRefresh = clock.after(RETRY_MS, () => this.#renew());
      return;
    }

    this.#workOn(template);
  }

  #workOn(template: BlockTemplate): void {
    this.#template = template;
    for (const stream of this.#streams) stream.work(this.#nextCandidate(template, stream));
    this.#cancelRefresh = this.#needs.clock.after(this.#settings.refreshMs, () =>
      this.#refresh(template),
    );
  }

  /** New transactions are a reason for a new template; else only the time is brought up to date. */
  #refresh(template: BlockTemplate): void {
    const time = Math.floor(this.#needs.clock.now() / 1000);
    if (this.#hasNewTransactions) this.#renew();
    else this.#workOn({ ...template, time: Math.max(template.minTime, time) });
  }

  #nextCandidate(template: BlockTemplate, stream: MiningStream): Candidate {
    this.#extranonce += 1;
    return makeCandidate(template, {
      payoutScript: this.#demands[0]?.payoutScript ?? this.#settings.payoutScript,
      tag: this.#settings.tag,
      stream: stream.name,
      extranonce: this.#extranonce,
    });
  }

  #resizeStreams(): void {
    const { cpus } = this.#settings;
    for (const stream of this.#streams.splice(this.#threads)) stream.close();
    for (let index = this.#streams.length; index < this.#threads; index++) {
      this.#streams.push(
        new MiningStream({
          name: streamName(index),
          spawn: () => this.#needs.spawnWorker(),
          listener: this,
          cpu: cpus.length > 0 ? cpus[index % cpus.length] : undefined,
        }),
      );
    }
  }
}
