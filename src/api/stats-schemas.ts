/**
 * Shapes of a node's state, totals, time series and health.
 *
 * Shapes only: where the figures come from is in view-status.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import { STATISTICS_RANGES } from "../index/statistics-history.ts";
import { Alone } from "./peer-schemas.ts";
import {
  Amount,
  Bits,
  Chainwork,
  Count,
  exact,
  Feerate,
  Hash,
  Milliseconds,
  oneOf,
  orNull,
  Seconds,
  Target,
} from "./schemas.ts";

const Limits = exact({
  listLimit: Count,
  batchTransactions: Count,
  bodyBytes: Count,
  batchBodyBytes: Count,
  maxBlockWeight: Count,
  maxMoney: Amount,
  coinbaseMaturity: Count,
  addressPrefix: Type.String(),
});

export const Status = exact(
  {
    version: Type.String(),
    name: Type.String({ description: "What blocks mined here say." }),
    nodeId: orNull(Type.String({ description: "Public key by which peers know this node." })),
    nodeName: Type.String({ description: "By which other nodes show this one; may be empty." }),
    network: Type.String(),
    genesis: Hash,
    height: Count,
    tip: Hash,
    tipTime: Seconds,
    chainwork: Chainwork,
    difficulty: Type.Number(),
    bits: Bits,
    target: Target,
    blockIntervalSeconds: orNull(Count),
    hashrate: exact({
      own: Type.Number({ description: "Hashes a second of this node." }),
      network: Type.Number({ description: "Hashes a second that the last blocks took." }),
    }),
    mempool: exact({ count: Count, bytes: Count, minFeerate: Feerate }),
    p2pPort: orNull(Type.Integer({ description: "Where peers are accepted." })),
    peers: exact({ inbound: Count, outbound: Count, total: Count }),
    alone: orNull(Alone),
    sync: exact({
      state: oneOf(["synced", "syncing"]),
      progress: Type.Number({ minimum: 0, maximum: 1 }),
      isSyncing: Type.Boolean(),
      headers: Type.Integer({ minimum: 0, description: "Height of the best chain known of." }),
      blocksPerSecond: Type.Number({ minimum: 0, description: "Over the last seconds." }),
      estimatedSeconds: orNull(Type.Integer({ minimum: 0, description: "Until caught up." })),
    }),
    time: Milliseconds,
    uptimeSeconds: Count,
    memoryBytes: Count,
    databaseBytes: Count,
    signatures: Type.String({ description: '"native", or "portable" and slower.' }),
    mining: exact({
      running: Type.Boolean(),
      threads: Count,
      address: orNull(Type.String()),
      blocksFound: Count,
    }),
    warnings: Type.Array(Type.String()),
    limits: Limits,
  },
  { title: "Status" },
);
export type StatusView = Static<typeof Status>;

/** How a block or transaction came here. */
export const Propagation = exact({
  hops: Type.Integer({ minimum: 0, description: "Links passed; 0 if it began here." }),
  milliseconds: Type.Integer({ minimum: 0, description: "From where it began to here." }),
});
export type PropagationView = Static<typeof Propagation>;

export const Totals = exact(
  {
    height: Count,
    blocks: Count,
    transactions: Count,
    outputs: Count,
    unspentOutputs: Count,
    supply: Amount,
    fees: Amount,
    addresses: Count,
    difficulty: Type.Number(),
    hashrate: Type.Number(),
    mempool: exact({ count: Count, bytes: Count }),
  },
  { title: "Totals" },
);

const ChainPoint = exact({
  time: Seconds,
  height: Count,
  difficulty: Type.Number(),
  hashrate: orNull(Type.Number()),
  intervalSeconds: orNull(Type.Number()),
  transactions: Count,
  transactionsPerSecond: orNull(Type.Number()),
});

const SamplePoint = exact({
  time: Seconds,
  mempoolCount: Type.Number(),
  mempoolBytes: Type.Number(),
  mempoolFeerate: Type.Number(),
  peers: Type.Number(),
});

export const History = exact(
  {
    range: oneOf(STATISTICS_RANGES),
    from: Type.Integer(),
    to: Type.Integer(),
    chain: Type.Array(ChainPoint),
    samples: Type.Array(SamplePoint),
  },
  { title: "History" },
);

export const HistoryQuery = exact({
  range: oneOf(STATISTICS_RANGES, { default: "1h", description: "How far back." }),
});

export const Live = exact({ status: Type.Literal("live") });

export const Ready = exact({ status: Type.Literal("ready"), height: Count });
