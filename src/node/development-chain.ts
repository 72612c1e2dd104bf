/**
 * Blocks of a development network: at once, on this thread, when something asks for them.
 *
 * Work there is two hashes a block, so that starting a mining thread would take longer than mining.
 * Whom the first blocks pay is the business of development-accounts.ts.
 */

import { checkProofOfWork } from "../consensus/check-header.ts";
import { RuleError } from "../consensus/rule-error.ts";
import { makeCandidate, makeMinedBlock } from "../mining/block-template.ts";
import type { Block } from "../primitives/block.ts";
import type { Node } from "./node.ts";
import type { DevelopmentMining } from "./settings.ts";

type MiningNode = Pick<
  Node,
  "network" | "templates" | "submitBlock" | "mempool" | "clock" | "payoutScript" | "log"
>;

/** Says in the coinbase which of them is not a mining thread. */
const STREAM = "dev";

const SECOND_MS = 1_000;

/**
 * Mines the next block and connects it; an Error if the node refuses it. `time` in seconds since
 * 1970, if it is not to be the template's.
 */
export function mineAtOnce(
  node: MiningNode,
  payoutScript = node.payoutScript,
  time?: number,
): Block {
  const template = node.templates.build();
  const dated = time === undefined ? template : { ...template, time };
  const candidate = makeCandidate(dated, {
    payoutScript,
    tag: node.network.name,
    stream: STREAM,
    // A block on the same parent at another time is another block.
    extranonce: node.clock.now(),
  });
  for (let nonce = 0; ; nonce++) {
    const block = makeMinedBlock(candidate, nonce);
    if (!hasWork(block, node)) continue;
    const verdict = node.submitBlock(block);
    if (verdict.status === "connected") return block;
    throw new Error(`a block mined at once was not connected: ${verdict.status}`);
  }
}

/** Mines when `when` says so; returns what ends it. */
export function startDevelopmentMining(node: MiningNode, when: DevelopmentMining): () => void {
  switch (when) {
    case "manual":
      return () => {};
    case "auto":
      return mineOnTransactions(node);
    default:
      return mineEvery(node, when * SECOND_MS);
  }
}

function mineEvery(node: MiningNode, intervalMs: number): () => void {
  let cancel = () => {};
  const wait = () => {
    cancel = node.clock.after(intervalMs, () => {
      mineOrTell(node);
      wait();
    });
  };
  wait();
  return () => cancel();
}

/** Many transactions of one turn get one block: it is mined after the turn that brought them. */
function mineOnTransactions(node: MiningNode): () => void {
  let cancel: (() => void) | undefined;
  const plan = () => {
    cancel ??= node.clock.after(0, () => {
      cancel = undefined;
      mineOrTell(node);
    });
  };
  const forget = node.mempool.events.on("transaction-accepted", plan);
  if (node.mempool.count > 0) plan();
  return () => {
    forget();
    cancel?.();
  };
}

/** A block that cannot be had now, times having run too far ahead, is no reason to end. */
function mineOrTell(node: MiningNode): void {
  try {
    mineAtOnce(node);
  } catch (error) {
    node.log.warn("no block was mined", { reason: (error as Error).message });
  }
}

function hasWork({ hash, header }: Block, { network }: MiningNode): boolean {
  try {
    checkProofOfWork(hash, header.bits, network.params);
    return true;
  } catch (error) {
    if (error instanceof RuleError) return false;
    throw error;
  }
}
