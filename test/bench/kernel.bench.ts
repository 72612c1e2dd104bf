/**
 * Speed of the mining kernels: against hashing with Bun alone, and over one and two workers.
 *
 * All hashers take turns, so that what else the machine does hits every one. Run it alone with
 * `bun test/bench/kernel.bench.ts`.
 */
import { chooseKernel } from "../../src/mining/kernel/choose-kernel.ts";
import { createEngineKernel } from "../../src/mining/kernel/engine-kernel.ts";
import type { Kernel } from "../../src/mining/kernel/kernel.ts";
import { loadKernel } from "../../src/mining/kernel/load-kernel.ts";
import { loadOpensslKernel } from "../../src/mining/kernel/openssl-kernel.ts";
import type { MinerCommand, MinerReport } from "../../src/mining/worker-messages.ts";
import { median, report } from "./measure.ts";

const ROUNDS = 11;
const ROUND_HASHES = 500_000;
const WORKER_REPORTS = 6;

const WORKER_URL = new URL("../../src/mining/miner.worker.ts", import.meta.url);

// A target no hash meets, so that every nonce is tried.
const UNREACHABLE = new Uint8Array(32);

/** Measures for about fifteen seconds and prints a line for each figure. */
export async function run(): Promise<void> {
  const rates = compareHashers();
  const bun = rates.get("Bun.SHA256.hash twice") ?? Number.NaN;
  for (const [name, rate] of rates) report(name, rate, "MH/s");
  const chosen = chooseKernel().name;
  report(
    `chosen here: ${chosen}, over Bun.SHA256`,
    (rates.get(`kernel ${chosen}`) ?? 0) / bun,
    "x",
  );

  const oneWorker = await measureWorkers(1);
  const twoWorkers = await measureWorkers(2);
  report("1 worker", oneWorker, "MH/s");
  report("2 workers", twoWorkers, "MH/s");
  report("2 workers over 1", twoWorkers / oneWorker, "x");
}

/** Medians in millions of double hashes a second. */
function compareHashers(): Map<string, number> {
  const openssl = loadOpensslKernel();
  const hashers = new Map<string, () => void>([
    ["Bun.SHA256.hash twice", searchWithBun()],
    ["kernel wasm-simd", searchWith(loadKernel())],
    ["kernel engine", searchWith(createEngineKernel())],
  ]);
  if (openssl !== undefined) hashers.set("kernel openssl", searchWith(openssl));

  const rates = new Map([...hashers.keys()].map((name) => [name, [] as number[]]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, search] of hashers) {
      const startedAtMs = performance.now();
      search();
      const rate = ROUND_HASHES / (performance.now() - startedAtMs) / 1_000;
      // The first rounds are for the compilers.
      if (round >= 0) rates.get(name)?.push(rate);
    }
  }
  return new Map([...rates].map(([name, values]) => [name, median(values)]));
}

function searchWith(kernel: Kernel): () => void {
  const header = new Uint8Array(80);
  return () => {
    if (kernel.search(header, UNREACHABLE, 0, ROUND_HASHES) !== undefined) throw new Error("found");
  };
}

function searchWithBun(): () => void {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  const inner = new Uint8Array(32);
  const hash = new Uint8Array(32);
  const highest = new DataView(hash.buffer);
  return () => {
    for (let nonce = 0; nonce < ROUND_HASHES; nonce++) {
      view.setUint32(76, nonce, true);
      Bun.SHA256.hash(header, inner);
      Bun.SHA256.hash(inner, hash);
      if (highest.getUint32(28, true) === 0 && hash.every((byte) => byte === 0)) {
        throw new Error("found");
      }
    }
  };
}

async function measureWorkers(count: number): Promise<number> {
  const rates = await Promise.all(Array.from({ length: count }, measureWorker));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function measureWorker(): Promise<number> {
  const worker = new Worker(WORKER_URL);
  const send = (command: MinerCommand) => worker.postMessage(command);
  const rates: number[] = [];
  await new Promise<void>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<MinerReport>) => {
      if (data.type !== "progress") return;
      rates.push(data.hashes / data.elapsedMs / 1_000);
      if (rates.length === WORKER_REPORTS) resolve();
    };
    const header = new Uint8Array(80);
    const job = { id: 0, header, target: UNREACHABLE, firstNonce: 0, nonceCount: 2 ** 32 };
    send({ type: "init", name: "miner-bench" });
    send({ type: "start", job });
  });
  worker.terminate();
  // The first report includes the start and slices that are still short.
  return median(rates.slice(1));
}

if (import.meta.main) await run();
