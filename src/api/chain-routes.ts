/**
 * Routes of the chain: blocks, headers, branches.
 *
 * Handlers only put parts together; what is shown is made in view-block.ts, and the order in which
 * blocks are valid is none of their business.
 */

import { toHex } from "../lib/bytes.ts";
import { parseCursor } from "../lib/paging.ts";
import { type ApiContext, findBlock, indexCaughtUp } from "./api-context.ts";
import {
  BlockDetails,
  type BlockDetailsView,
  BlockPage,
  BlockQuery,
  BlockRange,
  ChainQuery,
  HeaderList,
  HeadersQuery,
  RangeQuery,
  RawBlock,
  TipList,
  Tree,
  TreeQuery,
} from "./chain-schemas.ts";
import { ReorganisationList } from "./live-schemas.ts";
import { describe } from "./operation.ts";
import { MAX_RECENT_REORGS } from "./recent-reorgs.ts";
import { readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { MAX_LIST_LIMIT, NoQuery } from "./schemas.ts";
import { streamBlocks } from "./stream-blocks.ts";
import { confirmationsOf, SETTLED_DEPTH, viewBlock, viewHeader, viewTip } from "./view-block.ts";
import { viewBlockTransactions } from "./view-transaction.ts";
import { viewTree } from "./view-tree.ts";

const OF_BLOCK = {
  path: { id: "Height on the active chain, or hash of any block known." },
  pathExamples: { id: "0" },
};

export function chainRoutes(context: ApiContext) {
  const { node } = context;
  const { chain } = node;
  return createRouter("chain")
    .get("/api/blockchain", ({ request }) => listChain(context, request), CHAIN)
    .get("/api/blocks", ({ request }) => listRange(context, request), BLOCKS)
    .get(
      "/api/block/:id",
      async ({ params: { id }, request }) => {
        const query = readQuery(request, BlockQuery);
        await indexCaughtUp(context);
        return revalidated(request, context, id, () => showBlock(context, id, query));
      },
      BLOCK,
    )
    .get("/api/block/:id/raw", ({ params: { id }, request }) => showRaw(context, id, request), RAW)
    .get(
      "/api/headers",
      ({ request }) => {
        const { from, limit } = readQuery(request, HeadersQuery);
        const entries = activeBetween(context, from, from + limit - 1);
        return { headers: entries.map((entry) => viewHeader(chain, entry)) };
      },
      HEADERS,
    )
    .get(
      "/api/tips",
      ({ request }) => {
        readQuery(request, NoQuery);
        const leaves = chain.index.leaves().sort((a, b) => b.height - a.height || a.id - b.id);
        // The active tip is a leaf, save below blocks that turned out invalid.
        const all = leaves.includes(chain.tip) ? leaves : [chain.tip, ...leaves];
        return { tips: all.slice(0, MAX_LIST_LIMIT).map((entry) => viewTip(chain, entry)) };
      },
      TIPS,
    )
    .get("/api/tree", ({ request }) => viewTree(chain, readQuery(request, TreeQuery).depth), TREE)
    .get(
      "/api/reorgs",
      ({ request }) => {
        readQuery(request, NoQuery);
        return { reorgs: context.reorgs.list };
      },
      REORGS,
    );
}

async function listChain(context: ApiContext, request: Request) {
  const { limit, cursor, stream } = readQuery(request, ChainQuery);
  await indexCaughtUp(context);
  const { chain } = context.node;
  if (stream !== undefined) return streamBlocks(context.node);

  const [before = 0] = parseCursor(cursor, [chain.tip.height + 1]);
  const last = Math.min(before - 1, chain.tip.height);
  const entries = activeBetween(context, Math.max(0, last - limit + 1), last).reverse();
  const oldest = entries.at(-1)?.height ?? 0;
  return {
    height: chain.tip.height,
    blocks: entries.map((entry) => viewBlock(context.node, entry)),
    cursor: oldest > 0 ? String(oldest) : null,
  };
}

async function listRange(context: ApiContext, request: Request) {
  const { from, to = from + MAX_LIST_LIMIT - 1 } = readQuery(request, RangeQuery);
  await indexCaughtUp(context);
  const last = Math.min(to, from + MAX_LIST_LIMIT - 1);
  return {
    blocks: activeBetween(context, from, last).map((entry) => viewBlock(context.node, entry)),
  };
}

function showBlock(
  context: ApiContext,
  id: string,
  { limit, cursor }: { limit: number; cursor?: string },
): BlockDetailsView {
  const { node } = context;
  const entry = findBlock(context, id);
  const block = node.chain.getBlock(entry);
  const [first = 0] = parseCursor(cursor, [0]);
  const next = first + limit;
  return {
    ...viewBlock(node, entry),
    transactions: viewBlockTransactions(node, { block, entry, first, count: limit }),
    cursor: next < block.transactions.length ? String(next) : null,
  };
}

/** The bytes that a hash stands for never change; what a height stands for may. */
function showRaw(context: ApiContext, id: string, request: Request): Response {
  readQuery(request, NoQuery);
  const { chain } = context.node;
  const entry = findBlock(context, id);
  const isSettled = confirmationsOf(chain, entry) >= SETTLED_DEPTH;
  const isByHash = id.length === entry.hash.length;
  const headers = {
    etag: `"${entry.hash}"`,
    "cache-control":
      isSettled && isByHash ? "public, max-age=31536000, immutable" : "public, no-cache",
  };
  if (request.headers.get("if-none-match") === headers.etag) {
    return new Response(null, { status: 304, headers });
  }
  return Response.json({ hash: entry.hash, hex: toHex(chain.getBlockBytes(entry)) }, { headers });
}

/**
 * Answers 304 if the client has this view. Confirmations, the next block and who spent an output
 * change with the tip, however deep the block is, so the tag names the tip too.
 */
function revalidated(
  request: Request,
  context: ApiContext,
  id: string,
  view: () => BlockDetailsView,
): Response {
  const { chain, mempool, startedAt } = context.node;
  const state = `${chain.tip.hash.slice(-24)}-${startedAt}-${mempool.revision}`;
  const headers = {
    etag: `"${findBlock(context, id).hash.slice(-24)}-${state}"`,
    "cache-control": "public, no-cache",
  };
  if (request.headers.get("if-none-match") === headers.etag) {
    return new Response(null, { status: 304, headers });
  }
  return Response.json(view(), { headers });
}

/** Blocks of the active chain from height `from` to `to`, upward, at most a page. */
function activeBetween({ node }: ApiContext, from: number, to: number) {
  const entries = [];
  for (let height = from; height <= to && entries.length < MAX_LIST_LIMIT; height++) {
    const entry = node.chain.index.findActive(height);
    if (entry === undefined) break;
    entries.push(entry);
  }
  return entries;
}

const CHAIN = describe({
  tag: "Chain",
  summary: "The chain, newest block first",
  description:
    "One page of the active chain. With `stream=ndjson`, all of it instead, from genesis upward, " +
    "one block summary a line, as fast as you read.",
  query: ChainQuery,
  answers: { 200: { description: "A page, or a stream of lines.", schema: BlockPage } },
  problems: [400],
});

const BLOCKS = describe({
  tag: "Chain",
  summary: "Blocks from one height to another",
  description: "Summaries of the active chain, upward, at most 100; `to` is included.",
  query: RangeQuery,
  answers: { 200: { description: "The blocks there are.", schema: BlockRange } },
});

const BLOCK = describe({
  ...OF_BLOCK,
  tag: "Chain",
  summary: "One block with its transactions",
  description:
    "Any block known, also off the active chain. Beyond 1,000 transactions, ask again with " +
    "`cursor`. Carries an ETag.",
  query: BlockQuery,
  answers: { 200: { description: "The block.", schema: BlockDetails } },
  problems: [400, 404],
});

const RAW = describe({
  ...OF_BLOCK,
  tag: "Chain",
  summary: "One block as bytes",
  description: "The encoded block, witnesses included. By hash and 6 deep, cacheable for ever.",
  answers: { 200: { description: "The bytes as hex.", schema: RawBlock } },
  problems: [400, 404],
});

const HEADERS = describe({
  tag: "Chain",
  summary: "Headers from a height on",
  description: "The 80 bytes of each block of the active chain, and what they say.",
  query: HeadersQuery,
  answers: { 200: { description: "The headers there are.", schema: HeaderList } },
});

const TIPS = describe({
  tag: "Chain",
  summary: "The end of every branch known",
  description:
    "Active, a valid side branch, left by a reorganisation, or invalid with the reason. Highest " +
    "first, at most 100.",
  answers: { 200: { description: "The branches.", schema: TipList } },
});

const TREE = describe({
  tag: "Chain",
  summary: "The last heights with every branch",
  description:
    "Every block known from the tip down so many heights, and above it, on the active chain or off " +
    "it: highest first, the active one before its rivals. Who mined a block is what its coinbase " +
    "claims.",
  query: TreeQuery,
  answers: { 200: { description: "The blocks.", schema: Tree } },
});

const REORGS = describe({
  tag: "Chain",
  summary: "The last reorganisations",
  description:
    "When the chain left blocks for a branch with more work, and what became of their " +
    `transactions. Newest first, at most ${MAX_RECENT_REORGS}, since the node began.`,
  answers: { 200: { description: "The reorganisations.", schema: ReorganisationList } },
});
