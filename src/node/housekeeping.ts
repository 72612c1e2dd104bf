/**
 * What a node does once a minute: drops expired transactions, notes a sample for the statistics.
 *
 * Only the rounds; what is expired, and where samples go, is known by those it calls.
 */

import type { IndexService } from "../index/index-service.ts";
import type { Clock } from "../lib/clock.ts";
import type { Mempool } from "../mempool/mempool.ts";

const INTERVAL_MS = 60_000;

/** Starts the rounds; returns the function that ends them. */
export function startHousekeeping({
  clock,
  mempool,
  index,
  countPeers,
}: {
  clock: Clock;
  mempool: Mempool;
  index: IndexService;
  countPeers: () => number;
}): () => void {
  let cancel = () => {};
  const round = () => {
    mempool.expire();
    index.recordSample({
      time: Math.floor(clock.now() / 1000),
      mempoolCount: mempool.count,
      mempoolBytes: mempool.bytes,
      mempoolFeerate: mempool.minFeerate(),
      peers: countPeers(),
    });
    cancel = clock.after(INTERVAL_MS, round);
  };
  round();
  return () => cancel();
}
