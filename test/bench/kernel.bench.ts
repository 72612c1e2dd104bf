/**
 * Speed of the mining kernel: against hashing with Bun alone, and over one and two workers.
 *
 * The two hashers take turns, so that what else the machine does hits both. Run it alone with
 * `bun test/bench/kernel.bench.ts`.
 */
import { loadKernel } from "../../src/mining/kernel/load-kernel.ts";
import type { MinerCommand, MinerReport } from "../../src/mining/worker-messages.ts";

const ROUNDS = 11;
const ROUND_HASHES = 500_000;
const WORKER_REPORTS = 6;

const WORKER_URL = new URL("../../src/mining/miner.worker.ts", import.meta.url);

// A target no hash meets, so that every nonce is tried.
const UNREACHABLE = new Uint8Array(32);

/** Medians in millions of double hashes per second; `ratio` is the kernel's over Bun's. */
export interface KernelBenchResult {
  readonly kernel: number;
  readonly bun: number;
  readonly ratio: number;
  readonly oneWorker: number;
  readonly twoWorkers: number;
}

/** Measures for about ten seconds, prints a line for each figure and returns them. */
export async function run(): Promise<KernelBenchResult> {
  const { kernel, bun } = compareHashers();
  const ratio = kernel / bun;
  console.log(`kernel                   ${kernel.toFixed(2)} MH/s`);
  console.log(`Bun.SHA256.hash twice    ${bun.toFixed(2)} MH/s`);
  console.log(`kernel / Bun             ${ratio.toFixed(2)}`);

  const oneWorker = await measureWorkers(1);
  const twoWorkers = await measureWorkers(2);
  const [share, scaling] = [oneWorker / kernel, twoWorkers / oneWorker];
  console.log(
    `1 worker                 ${oneWorker.toFixed(2)} MH/s (${share.toFixed(2)} kernels)`,
  );
  console.log(`2 workers                ${twoWorkers.toFixed(2)} MH/s (x ${scaling.toFixed(2)})`);
  return { kernel, bun, ratio, oneWorker, twoWorkers };
}

function compareHashers(): { kernel: number; bun: number } {
  const hashers = { kernel: searchWithKernel(), bun: searchWithBun() };
  const rates = { kernel: [] as number[], bun: [] as number[] };
  for (let round = -2; round < ROUNDS; round++) {
    for (const name of ["kernel", "bun"] as const) {
      const startedAtMs = performance.now();
      hashers[name]();
      const rate = ROUND_HASHES / (performance.now() - startedAtMs) / 1_000;
      // The first rounds are for the compilers.
      if (round >= 0) rates[name].push(rate);
    }
  }
  return { kernel: median(rates.kernel), bun: median(rates.bun) };
}

function searchWithKernel(): () => void {
  const kernel = loadKernel();
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
    worker.onmessage = ({ data: report }: MessageEvent<MinerReport>) => {
      if (report.type !== "progress") return;
      rates.push(report.hashes / report.elapsedMs / 1_000);
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

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[values.length >> 1] ?? Number.NaN;
}

if (import.meta.main) await run();
