/**
 * The whole chain, newest block first, page by page.
 *
 * Branches that are not part of it are not listed here.
 */

import type { Static } from "@sinclair/typebox";
import type { BlockPage } from "../../src/api/chain-schemas.ts";
import { Card } from "../components/card.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { Pagination } from "../components/pagination.ts";
import { formatCount } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { BlockTable } from "./block-table.ts";

const PAGE_BLOCKS = 25;

/** The list of blocks. */
export function BlocksView() {
  const cursor = usePlace().query.get("cursor");
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const query = useQuery<Static<typeof BlockPage>>(`/api/blockchain?limit=${PAGE_BLOCKS}${after}`, [
    "chain",
  ]);
  const height = query.answer?.height;
  const note = height === undefined ? undefined : `${formatCount(height + 1)} on the active chain`;
  return html`<${Fragment}>
    <${PageTitle} title="Blocks" note=${note} />
    <${Card} title=${cursor === null ? "Newest first" : "Older blocks"} isFlush=${true}>
      <${Loaded} query=${query} lines=${PAGE_BLOCKS}>
        ${({ blocks, cursor: next }: Static<typeof BlockPage>) => html`<${Fragment}>
          <${BlockTable} blocks=${blocks} />
          <${Pagination}
            label="Pages of blocks"
            firstHref=${cursor === null ? undefined : "/blocks"}
            nextHref=${next === null ? undefined : `/blocks?cursor=${encodeURIComponent(next)}`}
          />
        </${Fragment}>`}
      </${Loaded}>
    </${Card}>
  </${Fragment}>`;
}
