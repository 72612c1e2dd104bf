/**
 * The miner over a real chain, with workers and a clock that the test turns by hand.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chain } from "../../../src/chain/chain.ts";
import { ScriptVerifier } from "../../../src/chain/script-verifier.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { loadKernel } from "../../../src/mining/kernel/load-kernel.ts";
import { Miner, MiningStoppedError } from "../../../src/mining/miner.ts";
import { type MinerWorker, streamName } from "../../../src/mining/stream.ts";
import { TemplateBuilder } from "../../../src/mining/template-builder.ts";
import type { MinerCommand, MinerReport, MiningJob } from "../../../src/mining/worker-messages.ts";
import {
  type ChainDatabase,
  closeChainDatabase,
  openChainDatabase,
} from "../../../src/storage/database.ts";
import { HandClock } from "../../support/hand-clock.ts";

const network = findNetwork("regtest");
const kernel = loadKernel();
const OURS = Uint8Array.of(0x51);
const THEIRS = Uint8Array.of(0x52);

/** A worker that does nothing until the test says so. */
class HandWorker implements MinerWorker {
  onmessage: ((event: { data: MinerReport }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  job: MiningJob | undefined;
  name = "";
  cpu: number | undefined;
  isEnded = false;

  postMessage(command: MinerCommand): void {
    if (command.type === "init") {
      this.name = command.name;
      this.cpu = command.cpu;
    } else this.job = command.type === "start" ? command.job : undefined;
  }

  terminate(): void {
    this.isEnded = true;
  }

  addEventListener(): void {}

  /** Searches the current job to its end and reports as the real one does. */
  find(): void {
    const job = this.job;
    if (job === undefined) throw new Error("the worker rests");
    const nonce = kernel.search(job.header, job.target, 0, 100_000);
    if (nonce === undefined) throw new Error("no nonce found");
    this.report({ type: "progress", jobId: job.id, hashes: nonce + 1, elapsedMs: 1 });
    this.report({ type: "found", jobId: job.id, nonce });
  }

  report(report: MinerReport): void {
    this.onmessage?.({ data: report });
  }
}

let folder: string;
let database: ChainDatabase;
let chain: Chain;
let clock: HandClock;
let workers: HandWorker[];
let miner: Miner;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cairn-miner-"));
  const identity = { network: network.name, genesis: network.genesis.hash };
  database = openChainDatabase(join(folder, "cairn.db"), identity);
  clock = new HandClock();
  const now = () => clock.now();
  const scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
  chain = new Chain({ network, database, scripts, now, log: SILENT_LOGGER });
  workers = [];
  miner = makeMiner(2);
  chain.events.on("tip-changed", () => miner.tipChanged());
});

afterEach(() => {
  miner.close();
  closeChainDatabase(database);
  rmSync(folder, { recursive: true, force: true });
});

function makeMiner(threads: number, cpus: readonly number[] = []): Miner {
  const builder = new TemplateBuilder({
    chain,
    select: () => ({ transactions: [], totalFees: 0 }),
    now: () => clock.now(),
    log: SILENT_LOGGER,
  });
  return new Miner(
    {
      params: network.params,
      clock,
      log: SILENT_LOGGER,
      buildTemplate: () => builder.build(),
      submitBlock: (block) => chain.submitBlock(block),
      spawnWorker: () => {
        const worker = new HandWorker();
        workers.push(worker);
        return worker;
      },
    },
    { threads, payoutScript: OURS, tag: "test", refreshMs: 5_000, cpus },
  );
}

const worker = (index: number) => workers[index] as HandWorker;
const tipCoinbase = () => chain.getBlock(chain.tip).transactions[0];

describe("continuous mining", () => {
  test("keeps every stream on a header of its own until it is stopped", () => {
    miner.start();
    expect(workers.map(({ name }) => name)).toEqual(["A", "B"]);
    expect(worker(0).job?.header).not.toEqual(worker(1).job?.header as Uint8Array);

    const { id } = worker(0).job as MiningJob;
    miner.stop();
    worker(0).report({ type: "progress", jobId: id, hashes: 7, elapsedMs: 1 });
    expect(miner.streams[0]).toMatchObject({ hashrate: 0, totalHashes: 7 });
    expect(workers.map(({ job }) => job)).toEqual([undefined, undefined]);
    expect(miner.isRunning).toBe(false);
  });

  test("connects what a stream finds, counts it as the stream's, and goes on to the next", () => {
    miner.start();
    worker(1).find();
    expect(chain.tip.height).toBe(1);
    expect(miner.streams.map(({ blocksFound }) => blocksFound)).toEqual([0, 1]);
    expect(miner.streams[1]?.earned).toBe(5_000_000_000);

    worker(0).find();
    worker(1).find();
    expect(chain.tip.height).toBe(3);
    expect(miner.blocksFound).toBe(3);
  });

  test("ignores a nonce for a header that was replaced", () => {
    miner.start();
    const stale = worker(0).job as MiningJob;
    worker(1).find();
    worker(0).report({ type: "found", jobId: stale.id, nonce: 0 });
    expect(chain.tip.height).toBe(1);
  });

  test("gives a stream that tried all nonces another header", () => {
    miner.start();
    const first = worker(0).job as MiningJob;
    worker(0).report({ type: "exhausted", jobId: first.id });
    expect(worker(0).job?.id).toBeGreaterThan(first.id);
    expect(worker(0).job?.header).not.toEqual(first.header);
  });

  test("brings the time in the header up to date when the refresh is due", () => {
    miner.start();
    const timeOf = (job: MiningJob | undefined) =>
      new DataView((job as MiningJob).header.buffer).getUint32(68, true);
    const before = timeOf(worker(0).job);
    clock.pass(4_999);
    expect(timeOf(worker(0).job)).toBe(before);
    clock.pass(1);
    expect(timeOf(worker(0).job)).toBe(before + 5);
  });

  test("waits for the clock when the next block's time would be refused", () => {
    miner.start();
    worker(0).find();
    // The next block must be later than this one, which is now too far ahead of the clock.
    clock.pass(-7_300_000);
    miner.tipChanged();
    expect(worker(0).job).toBeUndefined();

    clock.pass(7_300_000);
    expect(worker(0).job).toBeDefined();
  });

  test("replaces a worker that crashed", () => {
    miner.start();
    worker(0).onerror?.({ message: "gone" });
    expect(worker(0).isEnded).toBe(true);
    clock.pass(1_000);
    expect(workers.length).toBe(3);
    worker(2).find();
    expect(chain.tip.height).toBe(1);
  });

  test("starts with another number of streams when asked to, and pins them in turn", () => {
    miner.close();
    workers = [];
    miner = makeMiner(1, [3, 5]);
    miner.start(3);
    expect(workers.map(({ name, cpu }) => [name, cpu])).toEqual([
      ["A", 3],
      ["B", 5],
      ["C", 3],
    ]);
    miner.start(1);
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([false, true, true]);
  });
});

describe("a demand for blocks", () => {
  test("is served by real work, paid as it says, and ends by itself", async () => {
    const demand = miner.mine(2, THEIRS);
    worker(0).find();
    worker(1).find();
    const hashes = await demand;
    expect(hashes).toEqual([chain.index.findActive(1)?.hash, chain.tip.hash] as never);
    expect(tipCoinbase()?.outputs[0]?.scriptPubKey).toEqual(THEIRS);
    expect(workers.every(({ job }) => job === undefined)).toBe(true);
  });

  test("comes before continuous mining, which then goes on", async () => {
    miner.start();
    const demand = miner.mine(1, THEIRS);
    worker(0).find();
    await demand;
    expect(tipCoinbase()?.outputs[0]?.scriptPubKey).toEqual(THEIRS);
    worker(0).find();
    expect(tipCoinbase()?.outputs[0]?.scriptPubKey).toEqual(OURS);
  });

  test("waits for those before it", async () => {
    const first = miner.mine(1, THEIRS);
    const second = miner.mine(1, OURS);
    worker(0).find();
    expect(tipCoinbase()?.outputs[0]?.scriptPubKey).toEqual(THEIRS);
    worker(0).find();
    expect(tipCoinbase()?.outputs[0]?.scriptPubKey).toEqual(OURS);
    expect([await first, await second].map(({ length }) => length)).toEqual([1, 1]);
  });

  test("is given up when the miner closes, and refused when too many wait", async () => {
    const demands = Array.from({ length: 17 }, () => miner.mine(1).catch((error) => error));
    expect(await demands[16]).toBeInstanceOf(MiningStoppedError);
    miner.close();
    expect(await demands[0]).toBeInstanceOf(MiningStoppedError);
    expect(await miner.mine(1).catch((error) => error)).toBeInstanceOf(MiningStoppedError);
  });
});

test("streams are named A to Z, then AA", () => {
  expect([0, 25, 26, 27, 51, 52, 701, 702].map(streamName)).toEqual([
    "A",
    "Z",
    "AA",
    "AB",
    "AZ",
    "BA",
    "ZZ",
    "AAA",
  ]);
});
