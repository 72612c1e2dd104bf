/**
 * Shapes of a node's state, totals, time series and health.
 *
 * Shapes only: where the figures come from is in view-status.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import { STATISTICS_RANGES } from "../index/statistics-history.ts";
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
    peers: exact({ inbound: Count, outbound: Count }),
    sync: exact({
      state: oneOf(["synced", "syncing"]),
      progress: Type.Number({ minimum: 0, maximum: 1 }),
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
  range: oneOf(STATISTICS_RANGES, { default: "1h" }),
});

export const Live = exact({ status: Type.Literal("live") });

export const Ready = exact({ status: Type.Literal("ready"), height: Count });
