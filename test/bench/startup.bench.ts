/**
 * How long a node takes from its start to its first answer, on an empty directory and on 10,000
 * blocks, and what memory it has then. The compiled binary if there is one, else the source.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  FROM_BINARY,
  FROM_SOURCE,
  HAS_BINARY,
  type ProcessNode,
  startProcessNode,
} from "../support/process-node.ts";
import { median, report } from "./measure.ts";

const ROUNDS = 5;
const BLOCKS = 10_000;
const BLOCKS_PER_DEMAND = 1_000;

const program = HAS_BINARY ? FROM_BINARY : FROM_SOURCE;

/** Measures for some twenty seconds and prints a line for each figure. */
export async function run(): Promise<void> {
  console.log(HAS_BINARY ? "compiled binary" : "from source: no binary was built");
  const folder = mkdtempSync(join(tmpdir(), "cairn-startup-"));
  try {
    const empty: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { node, milliseconds } = await timedStart(join(folder, `empty-${round}`));
      empty.push(milliseconds);
      await node.stop();
    }
    report("start to first answer, empty directory", median(empty), "ms");

    const full = join(folder, "full");
    const { node: miner } = await timedStart(full);
    for (let mined = 0; mined < BLOCKS; mined += BLOCKS_PER_DEMAND) await mine(miner);
    report(`memory after mining ${BLOCKS} blocks`, residentMegabytes(miner), "MB");
    await miner.stop();

    const long: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { node, milliseconds } = await timedStart(full);
      long.push(milliseconds);
      if (round === 0) report("memory at rest on them", residentMegabytes(node), "MB");
      await node.stop();
    }
    report(`start to first answer, ${BLOCKS} blocks`, median(long), "ms");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timedStart(data: string) {
  const startedAt = performance.now();
  const node = await startProcessNode(["--network", "regtest", "--data", data], { program });
  await (await fetch(`${node.url}/api/status`)).json();
  return { node, milliseconds: performance.now() - startedAt };
}

async function mine({ url }: ProcessNode): Promise<void> {
  const response = await fetch(`${url}/api/mine`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ blocks: BLOCKS_PER_DEMAND }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Resident memory of the process as the system counts it; 0 where it does not say. */
function residentMegabytes({ process: { pid } }: ProcessNode): number {
  try {
    const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(match?.[1] ?? 0) / 1_000;
  } catch {
    return 0;
  }
}

if (import.meta.main) await run();
