/**
 * Where a block stands, in a word and a tone.
 *
 * Longer words, for a page about one block, are in block.ts.
 */

import type { TreeBlockView } from "../../src/api/chain-schemas.ts";
import type { Tone } from "../components/badge.ts";
import { nameMiner } from "./block-table.ts";

/** Word, tone and colour of each status. */
export const BLOCK_STATUSES: Readonly<
  Record<TreeBlockView["status"], { tone: Tone; text: string; colour: string }>
> = {
  active: { tone: "good", text: "Active", colour: "var(--color-good)" },
  "side-branch": { tone: "muted", text: "Side branch", colour: "var(--color-muted)" },
  stale: { tone: "accent", text: "Stale", colour: "var(--color-accent)" },
  invalid: { tone: "bad", text: "Invalid", colour: "var(--color-bad)" },
};

/** Returns whom a block says it is from. */
export function nameTreeMiner({ miner }: Pick<TreeBlockView, "miner">): string {
  return nameMiner({ miner: { ...miner, address: null } });
}

/** Returns why a block does not count, if it breaks a rule. */
export function describeReason({ status, reason }: TreeBlockView): string | undefined {
  if (reason !== null) return reason.detail;
  return status === "invalid" ? "It grows on a block that breaks a rule." : undefined;
}
