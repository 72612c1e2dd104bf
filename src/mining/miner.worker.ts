/**
 * A thread that searches nonces, one job at a time, in slices short enough to be interrupted.
 *
 * Knows nothing of blocks, templates or the chain: it gets header bytes and a target, and says
 * which nonce fits. The messages are in worker-messages.ts, the search itself in kernel/.
 */
import { pinThreadToCpu } from "../platform/cpu-affinity.ts";
import { chooseKernel } from "./kernel/choose-kernel.ts";
import type { MinerCommand, MinerReport, MiningJob } from "./worker-messages.ts";

/** How long a command may wait, in milliseconds, and how often yielding costs its microseconds. */
const SLICE_MS = 20;

/** In milliseconds. */
const PROGRESS_INTERVAL_MS = 500;

/** A few milliseconds of the slowest machine, before WebAssembly has been optimized. */
const FIRST_SLICE_NONCES = 4_096;

const MIN_SLICE_NONCES = 1_024;

interface Search {
  readonly job: MiningJob;
  readonly endNonce: number;
  nextNonce: number;
  unreportedHashes: number;
  reportedAtMs: number;
}

let search: Search | undefined;
let sliceNonces = FIRST_SLICE_NONCES;
let isSliceScheduled = false;

self.onmessage = ({ data: command }: MessageEvent<MinerCommand>) => {
  switch (command.type) {
    case "init":
      self.name = command.name;
      if (command.cpu !== undefined) pinThreadToCpu(command.cpu);
      report({ type: "ready" });
      break;
    case "start":
      endSearch();
      startSearch(command.job);
      break;
    case "stop":
      endSearch();
      break;
  }
};

const { kernel } = chooseKernel();

function startSearch(job: MiningJob): void {
  search = {
    job,
    endNonce: job.firstNonce + job.nonceCount,
    nextNonce: job.firstNonce,
    unreportedHashes: 0,
    reportedAtMs: performance.now(),
  };
  scheduleSlice();
}

// setImmediate lets waiting messages in between two slices, at the price of a few microseconds.
function scheduleSlice(): void {
  if (isSliceScheduled) return;
  isSliceScheduled = true;
  setImmediate(runSlice);
}

function runSlice(): void {
  isSliceScheduled = false;
  if (search === undefined) return;

  const { job, endNonce, nextNonce } = search;
  const count = Math.min(sliceNonces, endNonce - nextNonce);
  const startedAtMs = performance.now();
  const nonce = kernel.search(job.header, job.target, nextNonce, count);
  const nowMs = performance.now();

  if (nonce !== undefined) {
    search.unreportedHashes += nonce - nextNonce + 1;
    endSearch();
    report({ type: "found", jobId: job.id, nonce });
    return;
  }

  search.nextNonce += count;
  search.unreportedHashes += count;
  if (search.nextNonce === endNonce) {
    endSearch();
    report({ type: "exhausted", jobId: job.id });
    return;
  }

  adaptSlice(nowMs - startedAtMs);
  if (nowMs - search.reportedAtMs >= PROGRESS_INTERVAL_MS) reportProgress(search);
  scheduleSlice();
}

// At most doubled or halved at once, so that one slice disturbed by another thread decides little.
function adaptSlice(elapsedMs: number): void {
  const factor = Math.min(2, Math.max(0.5, SLICE_MS / elapsedMs));
  sliceNonces = Math.max(MIN_SLICE_NONCES, Math.round((sliceNonces * factor) / 4) * 4);
}

function endSearch(): void {
  if (search === undefined) return;
  reportProgress(search);
  search = undefined;
}

function reportProgress(of: Search): void {
  const nowMs = performance.now();
  const { unreportedHashes: hashes, reportedAtMs } = of;
  of.unreportedHashes = 0;
  of.reportedAtMs = nowMs;
  report({ type: "progress", jobId: of.job.id, hashes, elapsedMs: nowMs - reportedAtMs });
}

function report(message: MinerReport): void {
  self.postMessage(message);
}
