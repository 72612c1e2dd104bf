/**
 * A chain that was fought over: side branches, branches that were left, and branches that break a
 * rule, each by a miner with a name.
 *
 * Only makes blocks, in the order in which a node must be offered them.
 */

import { coinbaseHeightPush } from "../../src/consensus/check-block.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import type { Block } from "../../src/primitives/block.ts";
import { NULL_OUTPOINT, SEQUENCE_FINAL } from "../../src/primitives/transaction.ts";
import { pushData } from "../../src/script/script.ts";
import { type BlockPlan, Branch, QUICK } from "./chain-builder.ts";

/** How a rival of the active chain ends. */
type Fate = "side-branch" | "stale" | "invalid";

const FATES: readonly Fate[] = ["side-branch", "stale", "invalid"];

/** Sats beyond what a coinbase may take. */
const TOO_MUCH = 1_000_000;

/** Returns the plan of a next block whose coinbase says that `name` has mined it. */
export function minedBy(branch: Branch, name: string): BlockPlan {
  const tag = new TextEncoder().encode(`/cairn:${name}:A/`);
  const scriptSig = concatBytes(coinbaseHeightPush(branch.height + 1), pushData(tag));
  const input = { prevout: NULL_OUTPOINT, scriptSig, sequence: SEQUENCE_FINAL, witness: [] };
  return { coinbase: { inputs: [input] } };
}

/** Returns `heights` blocks with `forks` rivals among them, of all fates in turn. */
export function forkedChain({ heights, forks }: { heights: number; forks: number }): Block[] {
  const trunk = new Branch(QUICK).mine(2);
  const blocks: Block[] = [...trunk.blocks];
  const distance = Math.max(3, Math.floor((heights - 4) / Math.max(1, forks)));
  while (trunk.height < heights) {
    const place = trunk.height - 2;
    const fork = Math.floor(place / distance);
    const isFork = place % distance === 0 && fork < forks && trunk.height + 2 < heights;
    if (isFork) {
      blocks.push(...fight(trunk, FATES[fork % FATES.length] ?? "stale", `rival-${fork}`));
    } else {
      blocks.push(grow(trunk));
    }
  }
  return blocks;
}

/** Grows `trunk` by one or two blocks, with a rival beside them. */
function fight(trunk: Branch, fate: Fate, name: string): Block[] {
  const rival = trunk.fork();
  const plan = minedBy(rival, name);
  switch (fate) {
    case "side-branch":
      return [grow(trunk), rival.mine(plan).tip];
    case "stale":
      return [rival.mine(plan).tip, grow(trunk), grow(trunk)];
    case "invalid": {
      const first = rival.mine({ ...plan, fees: TOO_MUCH }).tip;
      // Only with more work than the chain has is it tried, and found out.
      return [grow(trunk), first, rival.mine(minedBy(rival, name)).tip];
    }
  }
}

function grow(trunk: Branch): Block {
  return trunk.mine(minedBy(trunk, trunk.height % 2 === 0 ? "alpha" : "beta")).tip;
}
