/**
 * Lets a node that just started mine, once it knows the chain of those around it.
 *
 * A new node that mined at once would make a chain of its own, only to throw it away, coins and all,
 * a moment later. Alone it does not wait for long.
 */

import type { Node } from "./node.ts";

/** Milliseconds in which nodes nearby have been heard and have shaken hands, if there are any. */
const ALONE_MS = 3_000;

/** Milliseconds in which a new peer has told its headers. */
const FIRST_PEER_MS = 1_000;

const LOOK_INTERVAL_MS = 100;

/** Starts the miner of `node` when that makes sense; returns what gives it up. */
export function startMiningWhenCaughtUp(node: Node): () => void {
  const { clock, miner } = node;
  const startedAt = clock.monotonic();
  let firstPeerAt: number | undefined;
  let cancel = () => {};

  const look = () => {
    const now = clock.monotonic();
    const { peers } = node;
    if (peers !== undefined && peers.manager.peers.size > 0) firstPeerAt ??= now;
    const isReady =
      firstPeerAt === undefined
        ? now - startedAt >= ALONE_MS
        : now - firstPeerAt >= FIRST_PEER_MS && peers?.blocks.progress().isSyncing === false;
    if (isReady) miner.start();
    else cancel = clock.after(LOOK_INTERVAL_MS, look);
  };
  look();
  return () => cancel();
}
