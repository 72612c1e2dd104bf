/**
 * One mining stream: a worker with a name, its own coinbase, and its own record.
 *
 * Turns candidates into jobs and reports into nonces. What to mine, and what to do with a nonce, is
 * decided by miner.ts.
 */

import { compactToTarget } from "../consensus/target.ts";
import { fromHex } from "../lib/bytes.ts";
import { encodeHeader } from "../primitives/block-header.ts";
import type { Candidate } from "./block-template.ts";
import { HashrateMeter } from "./hashrate.ts";
import type { MinerCommand, MinerReport } from "./worker-messages.ts";

/** The part of a Worker that a stream uses. */
export interface MinerWorker {
  postMessage(command: MinerCommand): void;
  terminate(): void;
  onmessage: ((event: { data: MinerReport }) => void) | null;
  onerror: ((event: { message: string }) => void) | null;
  /** The only sign of a worker that ends without an error. */
  addEventListener(type: "close", listener: () => void): void;
}

/** What a stream tells its miner. */
export interface StreamListener {
  onFound(stream: MiningStream, candidate: Candidate, nonce: number): void;
  /** All nonces of the current candidate were tried. */
  onExhausted(stream: MiningStream): void;
  onCrash(stream: MiningStream, message: string): void;
}

const NONCES = 2 ** 32;

/** A, B, ... Z, AA, AB, ...: the name of the stream at `index`, from 0. */
export function streamName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : streamName((index - (index % 26)) / 26 - 1) + last;
}

export class MiningStream {
  readonly name: string;
  readonly meter = new HashrateMeter();
  blocksFound = 0;
  /** Sats of the subsidies and fees of blocks it found. */
  earned = 0;

  readonly #spawn: () => MinerWorker;
  readonly #listener: StreamListener;
  readonly #cpu: number | undefined;
  #worker: MinerWorker | undefined;
  #candidate: Candidate | undefined;
  #jobId = 0;

  constructor({
    name,
    spawn,
    listener,
    cpu,
  }: {
    name: string;
    spawn: () => MinerWorker;
    listener: StreamListener;
    cpu: number | undefined;
  }) {
    this.name = name;
    this.#spawn = spawn;
    this.#listener = listener;
    this.#cpu = cpu;
  }

  get isWorking(): boolean {
    return this.#candidate !== undefined;
  }

  /** Searches `candidate` in place of whatever was searched before. */
  work(candidate: Candidate): void {
    this.#candidate = candidate;
    this.#jobId += 1;
    const job = {
      id: this.#jobId,
      header: encodeHeader(candidate.header),
      target: targetBytes(candidate.header.bits),
      firstNonce: 0,
      nonceCount: NONCES,
    };
    this.#ensureWorker().postMessage({ type: "start", job });
  }

  /** Stops searching; the worker stays for the next candidate. */
  rest(): void {
    if (this.#candidate === undefined) return;
    this.#candidate = undefined;
    this.#jobId += 1;
    this.meter.pause();
    this.#worker?.postMessage({ type: "stop" });
  }

  /** Ends the worker. */
  close(): void {
    this.rest();
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.terminate();
  }

  #ensureWorker(): MinerWorker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#spawn();
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = ({ message }) => this.#crash(worker, message);
    worker.addEventListener("close", () => this.#crash(worker, "it ended"));
    const init = { type: "init", name: this.name } as const;
    worker.postMessage(this.#cpu === undefined ? init : { ...init, cpu: this.#cpu });
    this.#worker = worker;
    return worker;
  }

  #receive(report: MinerReport): void {
    switch (report.type) {
      case "ready":
        break;
      case "progress":
        // Hashes of a job that was replaced were done all the same.
        if (this.isWorking) this.meter.add(report.hashes, report.elapsedMs);
        else this.meter.count(report.hashes);
        break;
      case "found":
        if (report.jobId !== this.#jobId || this.#candidate === undefined) break;
        this.#listener.onFound(this, this.#candidate, report.nonce);
        break;
      case "exhausted":
        if (report.jobId === this.#jobId) this.#listener.onExhausted(this);
        break;
    }
  }

  #crash(worker: MinerWorker, message: string): void {
    // Both signs of one death may come, and `close` also comes when we ended it ourselves.
    if (worker !== this.#worker) return;
    worker.terminate();
    this.#worker = undefined;
    this.#candidate = undefined;
    this.#listener.onCrash(this, message);
  }
}

/** A target as the kernel takes it: 32 bytes, little-endian. */
export function targetBytes(bits: number): Uint8Array {
  const target = compactToTarget(bits);
  if (target === undefined) throw new RangeError("bits stand for no target");
  return fromHex(target.toString(16).padStart(64, "0")).reverse();
}
