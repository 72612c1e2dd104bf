/**
 * The newest blocks, each marked for a moment as it arrives.
 *
 * The whole chain is in blocks.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { BlockPage } from "../../src/api/chain-schemas.ts";
import { Card } from "../components/card.ts";
import { Loaded } from "../components/loaded.ts";
import { html } from "../html.ts";
import { useQuery } from "../use-query.ts";
import { BlockTable } from "./block-table.ts";

const BLOCKS_SHOWN = 8;

/** A card of blocks, newest first. */
export function LatestBlocks() {
  const query = useQuery<Static<typeof BlockPage>>(`/api/blockchain?limit=${BLOCKS_SHOWN}`, [
    "chain",
  ]);
  const all = html`<a href="/blocks" class="text-sm text-accent hover:underline">All blocks</a>`;
  return html`<${Card} title="Latest blocks" actions=${all} isFlush=${true}>
    <${Loaded} query=${query} lines=${BLOCKS_SHOWN}>
      ${({ blocks }: Static<typeof BlockPage>) => html`<${BlockTable} blocks=${blocks} />`}
    </${Loaded}>
  </${Card}>`;
}
