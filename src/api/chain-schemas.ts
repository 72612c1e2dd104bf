/**
 * Shapes of what the chain answers: blocks, headers, branches.
 *
 * Shapes only: where the figures come from is in view-block.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import {
  Amount,
  Bits,
  Chainwork,
  Count,
  Cursor,
  exact,
  Hash,
  MAX_LIST_LIMIT,
  Milliseconds,
  oneOf,
  orNull,
  Seconds,
  Target,
} from "./schemas.ts";
import { Propagation } from "./stats-schemas.ts";
import { TransactionView } from "./transaction-schemas.ts";

/** Where a block stands. */
export const BLOCK_STATUSES = ["active", "side-branch", "stale", "invalid"] as const;

/** Most heights of one answer about the tree of blocks, and most blocks at all of them together. */
export const MAX_TREE_DEPTH = 1_000;
export const MAX_TREE_BLOCKS = 2_000;

/** Most transactions that one answer about a block holds. */
export const MAX_BLOCK_TRANSACTIONS = 1_000;

const Reason = orNull(exact({ code: Type.String(), detail: Type.String() }));

const headerFields = {
  hash: Hash,
  height: Count,
  version: Type.Integer(),
  previousHash: Hash,
  merkleRoot: Hash,
  time: Seconds,
  bits: Bits,
  nonce: Count,
} as const;

const blockFields = {
  ...headerFields,
  difficulty: Type.Number({ description: "How many times harder than Bitcoin's easiest." }),
  target: Target,
  chainwork: Chainwork,
  size: Count,
  weight: Count,
  transactionCount: Count,
  totalFees: orNull(Amount),
  subsidy: Amount,
  miner: exact({
    tag: Type.String({ description: "What the coinbase claims; empty if nothing." }),
    stream: Type.String(),
    address: orNull(Type.String()),
  }),
  confirmations: Type.Integer({ description: "1 for the tip; 0 off the active chain." }),
  status: oneOf(BLOCK_STATUSES, {
    description: "On the active chain; never on it; left by a reorganisation; breaking a rule.",
  }),
  receivedAt: Milliseconds,
  propagation: orNull(Propagation),
  nextHash: orNull(Hash),
} as const;

export const BlockSummary = exact(blockFields, { title: "BlockSummary" });
export type BlockSummaryView = Static<typeof BlockSummary>;

export const BlockDetails = exact(
  { ...blockFields, transactions: Type.Array(TransactionView), cursor: Cursor },
  { title: "Block" },
);
export type BlockDetailsView = Static<typeof BlockDetails>;

export const BlockPage = exact({ height: Count, blocks: Type.Array(BlockSummary), cursor: Cursor });

export const BlockRange = exact({ blocks: Type.Array(BlockSummary) });

export const HeaderView = exact(
  {
    ...headerFields,
    hex: Type.String({ pattern: "^[0-9a-f]{160}$", description: "The 80 bytes of the header." }),
  },
  { title: "Header" },
);
export type HeaderViewType = Static<typeof HeaderView>;

export const HeaderList = exact({ headers: Type.Array(HeaderView) });

export const BranchTip = exact(
  {
    hash: Hash,
    height: Count,
    status: oneOf(BLOCK_STATUSES),
    branchLength: Type.Integer({
      minimum: 0,
      description: "Blocks since the active chain; 0: it.",
    }),
    forkHash: Hash,
    forkHeight: Count,
    chainwork: Chainwork,
    receivedAt: Milliseconds,
    reason: Reason,
  },
  { title: "BranchTip" },
);
export type BranchTipView = Static<typeof BranchTip>;

export const TipList = exact({ tips: Type.Array(BranchTip) });

export const TreeBlock = exact(
  {
    hash: Hash,
    height: Count,
    previousHash: Hash,
    status: oneOf(BLOCK_STATUSES),
    reason: Reason,
    time: Seconds,
    receivedAt: Milliseconds,
    transactionCount: Count,
    size: Count,
    miner: exact({ tag: Type.String(), stream: Type.String() }),
  },
  { title: "TreeBlock" },
);
export type TreeBlockView = Static<typeof TreeBlock>;

export const Tree = exact(
  {
    height: Count,
    tip: Hash,
    from: Type.Integer({ minimum: 0, description: "The lowest height shown." }),
    omitted: Type.Integer({
      minimum: 0,
      description: `Blocks off the active chain beyond ${MAX_TREE_BLOCKS} in all, the lowest.`,
    }),
    blocks: Type.Array(TreeBlock),
  },
  { title: "Tree" },
);
export type TreeView = Static<typeof Tree>;

export const RawBlock = exact({ hash: Hash, hex: Type.String() });

/** Query of the chain: a page, or all of it as a stream. */
export const ChainQuery = exact({
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIST_LIMIT, default: 20 }),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
  stream: Type.Optional(oneOf(["ndjson"], { description: "For all of it, one block a line." })),
});

export const RangeQuery = exact({
  from: Type.Integer({
    minimum: 0,
    maximum: 2 ** 32,
    default: 0,
    description: "Height of the first block.",
  }),
  to: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 2 ** 32, description: "Height of the last block." }),
  ),
});

export const BlockQuery = exact({
  limit: Type.Integer({
    minimum: 1,
    maximum: MAX_BLOCK_TRANSACTIONS,
    default: MAX_BLOCK_TRANSACTIONS,
    description: "Transactions in one answer.",
  }),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
});

export const TreeQuery = exact({
  depth: Type.Integer({
    minimum: 1,
    maximum: MAX_TREE_DEPTH,
    default: 50,
    description: "Heights, from the tip down.",
  }),
});

export const HeadersQuery = exact({
  from: Type.Integer({
    minimum: 0,
    maximum: 2 ** 32,
    default: 0,
    description: "Height of the first header.",
  }),
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIST_LIMIT, default: MAX_LIST_LIMIT }),
});
