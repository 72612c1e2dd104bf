/**
 * The main thread's side of the index worker: pokes it, tells how far it is, replaces it if it dies.
 *
 * The worker's file is named by whoever spawns it. Knows nothing of tables; what is in the index is
 * asked of explorer-queries.ts.
 */

import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Logger } from "../lib/logger.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import type {
  IndexCommand,
  IndexReport,
  IndexSetup,
  IndexTip,
  NodeRecord,
  StatisticsSample,
  UserRecord,
} from "./index-messages.ts";
import { MAX_USER_ROWS } from "./named-users.ts";

/** The part of a Worker that the service uses. */
export interface IndexWorker {
  postMessage(command: IndexCommand): void;
  terminate(): void;
  onmessage: ((event: { data: IndexReport }) => void) | null;
  onerror: ((event: { message: string }) => void) | null;
  /** Bun tells so of a worker that has ended, whatever the reason. */
  addEventListener(type: "close", listener: () => void): void;
}

/** `advanced` after every batch of blocks; `replaced`: readers must connect again. */
export type IndexEvents = {
  advanced: IndexTip;
  replaced: undefined;
  error: { readonly message: string };
};

interface Waiter {
  /** The last poke when the wait began. */
  readonly poke: number;
  readonly target: BlockHash | number;
  readonly resolve: (isCaughtUp: boolean) => void;
}

/** Milliseconds before a dead worker is replaced; doubles with every death up to the most. */
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;

/** Milliseconds that a worker has to finish its batch and close, before it is ended. */
const STOP_TIMEOUT_MS = 5_000;

export class IndexService {
  readonly events = new Emitter<IndexEvents>();

  readonly #spawn: () => IndexWorker;
  readonly #setup: IndexSetup;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #waiters = new Set<Waiter>();
  readonly #ready = Promise.withResolvers<void>();
  #worker: IndexWorker | undefined;
  #tip: IndexTip | undefined;
  #users: readonly UserRecord[] | undefined;
  #lastPoke = 0;
  #followedPoke = -1;
  #failures = 0;
  #cancelRestart: (() => void) | undefined;
  #stopping: PromiseWithResolvers<void> | undefined;

  constructor({
    spawnWorker,
    setup,
    clock,
    log,
  }: {
    spawnWorker: () => IndexWorker;
    setup: IndexSetup;
    clock: Clock;
    log: Logger;
  }) {
    this.#spawn = spawnWorker;
    this.#setup = setup;
    this.#clock = clock;
    this.#log = log;
  }

  /** The block up to which the index has followed the chain; undefined before genesis. */
  get tip(): IndexTip | undefined {
    return this.#tip;
  }

  /**
   * Spawns the worker; resolves once the index is there to be read, however far it is. Pending for
   * as long as it cannot be opened, which `error` events tell: a node need not wait for it.
   */
  start(): Promise<void> {
    this.#spawnWorker();
    return this.#ready.promise;
  }

  /** Says that the chain has moved. Cheap: call it whenever the tip changes. */
  poke(): void {
    this.#lastPoke += 1;
    this.#worker?.postMessage({ type: "poke", poke: this.#lastPoke });
  }

  /** Writes what the node sees at this moment into `network_stats`; lost while there is no worker. */
  recordSample(sample: StatisticsSample): void {
    this.#worker?.postMessage({ type: "sample", sample });
  }

  /** Writes what is known of nodes into `nodes`; lost while there is no worker. */
  recordNodes(records: readonly NodeRecord[]): void {
    this.#worker?.postMessage({ type: "nodes", records });
  }

  /**
   * Puts `records` in the place of all rows of `users`, MAX_USER_ROWS at most; again whenever there is
   * another worker or another file.
   */
  recordUsers(records: readonly UserRecord[]): void {
    this.#users = records.slice(0, MAX_USER_ROWS);
    this.#postUsers();
  }

  /**
   * Resolves true once the index shows all that the chain had at the last `poke` before this call
   * and, if `target` is a height, reaches it; at once if `target` is its tip. False after
   * `timeoutMs`, or when the service stops.
   */
  caughtUp(target: BlockHash | number, timeoutMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter: Waiter = { poke: this.#lastPoke, target, resolve };
    if (this.#isReached(waiter)) return Promise.resolve(true);
    if (this.#stopping !== undefined) return Promise.resolve(false);

    this.#waiters.add(waiter);
    const cancel = this.#clock.after(timeoutMs, () => this.#settle(waiter, false));
    return promise.finally(cancel);
  }

  /** Lets the worker finish its batch and close the index; resolves when it has. */
  async stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = Promise.withResolvers<void>();
      this.#cancelRestart?.();
      for (const waiter of [...this.#waiters]) this.#settle(waiter, false);
      if (this.#worker === undefined) this.#stopping.resolve();
      this.#worker?.postMessage({ type: "stop" });
    }
    const { promise, resolve } = this.#stopping;
    const cancel = this.#clock.after(STOP_TIMEOUT_MS, resolve);
    await promise;
    cancel();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #spawnWorker(): void {
    const worker = this.#spawn();
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(worker, data);
    worker.onerror = ({ message }) => this.#replace(worker, message);
    worker.addEventListener("close", () => this.#replace(worker, "it ended"));
    worker.postMessage({ type: "init", setup: this.#setup });
    this.#postUsers();
    worker.postMessage({ type: "poke", poke: this.#lastPoke });
  }

  #postUsers(): void {
    if (this.#users !== undefined) {
      this.#worker?.postMessage({ type: "users", records: this.#users });
    }
  }

  #receive(worker: IndexWorker, report: IndexReport): void {
    if (worker !== this.#worker) return;
    switch (report.type) {
      case "ready":
        this.#tip = report.tip;
        this.#followedPoke = -1;
        if (report.isNew) this.#log.info("building the explorer index");
        this.#ready.resolve();
        break;
      case "advanced":
        this.#advance(report);
        break;
      case "rebuilding":
        this.#tip = undefined;
        this.#followedPoke = -1;
        this.#log.warn("the explorer index was damaged and is built again");
        if (report.isReplaced) {
          this.#postUsers();
          this.events.emit("replaced", undefined);
        }
        break;
      case "error":
        this.#log.warn("explorer index", { message: report.message });
        this.events.emit("error", { message: report.message });
        break;
      case "stopped":
        this.#stopping?.resolve();
        break;
    }
  }

  #advance({ hash, height, poke }: IndexTip & { poke: number }): void {
    this.#failures = 0;
    this.#tip = { hash, height };
    this.#followedPoke = Math.max(this.#followedPoke, poke);
    for (const waiter of [...this.#waiters]) {
      if (this.#isReached(waiter)) this.#settle(waiter, true);
    }
    this.events.emit("advanced", this.#tip);
  }

  #isReached({ poke, target }: Waiter): boolean {
    if (this.#tip === undefined) return false;
    if (this.#tip.hash === target) return true;
    if (this.#followedPoke < poke) return false;
    return typeof target !== "number" || this.#tip.height >= target;
  }

  #settle(waiter: Waiter, isCaughtUp: boolean): void {
    if (this.#waiters.delete(waiter)) waiter.resolve(isCaughtUp);
  }

  #replace(worker: IndexWorker, message: string): void {
    if (worker !== this.#worker) return;
    worker.terminate();
    this.#worker = undefined;
    if (this.#stopping !== undefined) {
      this.#stopping.resolve();
      return;
    }
    const delayMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    const reason = reasonIn(message);
    this.#log.error("the index worker died; starting another", { message: reason, delayMs });
    this.events.emit("error", { message: reason });
    this.#cancelRestart = this.#clock.after(delayMs, () => this.#spawnWorker());
  }
}

/** Bun puts the source around the error that ended a worker: what is left is the error's own line. */
function reasonIn(message: string): string {
  return /^\w*Error: (.+)$/m.exec(message)?.[1] ?? message;
}
