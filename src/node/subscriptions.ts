/**
 * Who listens to whom: all of it, on one page.
 *
 * Events come from the engine in the order written in architecture: each after its commit,
 * `tip-changed` once all is settled.
 */

import type { MempoolKeeper } from "./mempool-keeper.ts";
import type { Node } from "./node.ts";

/** Connects the parts of `node`; they live and end together, so nothing is ever disconnected. */
export function connectSubscriptions(
  {
    chain,
    mempool,
    miner,
    index,
    explorer,
  }: Pick<Node, "chain" | "mempool" | "miner" | "index" | "explorer">,
  keeper: MempoolKeeper,
): void {
  chain.events.on("block-connected", ({ block }) => mempool.blockConnected(block));
  chain.events.on("block-disconnected", ({ block }) => mempool.blockDisconnected(block));

  chain.events.on("tip-changed", () => {
    mempool.settle();
    miner.tipChanged();
    index.poke();
  });

  index.events.on("replaced", () => explorer.reopen());

  mempool.events.on("transaction-accepted", ({ entry }) => {
    keeper.noteAccepted(entry.tx, entry.acceptedAt);
    miner.mempoolChanged();
  });
  mempool.events.on("transaction-removed", ({ tx }) => {
    keeper.noteRemoved(tx.txid);
    miner.mempoolChanged();
  });
}
