/**
 * Shapes of the push API: what clients say, what they are told, what events carry.
 *
 * Shapes only. Data are the views of the REST API wherever there is one, so that a client can take
 * either.
 */

import { type Static, Type } from "@sinclair/typebox";
import { BlockSummary } from "./chain-schemas.ts";
import { Peer } from "./peer-schemas.ts";
import { Amount, Count, exact, Feerate, Hash, Milliseconds, oneOf, orNull } from "./schemas.ts";
import { Status } from "./stats-schemas.ts";
import { MempoolTransaction } from "./transaction-schemas.ts";

/** Topics that need no name beside them. */
export const LIVE_TOPICS = [
  "blocks",
  "transactions",
  "mempool",
  "peers",
  "mining",
  "stats",
  "reorgs",
] as const;

export type LiveTopic = (typeof LIVE_TOPICS)[number];

/** What stands before an address that is a topic. */
export const ADDRESS_TOPIC_PREFIX = "address:";

/** Most topics of one client. */
export const MAX_LIVE_TOPICS = 100;

/** Most outputs of a transaction, and transactions of a reorganisation, that one event lists. */
export const MAX_LIVE_ITEMS = 100;

const Topics = Type.Array(Type.String({ maxLength: 128 }), {
  minItems: 1,
  maxItems: MAX_LIVE_TOPICS,
});

export const SubscribeRequest = exact({
  op: Type.Literal("subscribe"),
  topics: Topics,
  since: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  boot: Type.Optional(Type.String({ maxLength: 64 })),
});

export const UnsubscribeRequest = exact({
  op: Type.Literal("unsubscribe"),
  topics: Type.Optional(Topics),
});

export const PingRequest = exact({ op: Type.Literal("ping") });

const Sequence = Type.Integer({
  minimum: 0,
  description: "Rises by one with every event of the node.",
});

const LiveTransaction = exact(
  {
    ...MempoolTransaction.properties,
    outputs: Type.Array(exact({ index: Count, address: orNull(Type.String()), amount: Amount }), {
      description: `The first ${MAX_LIVE_ITEMS}.`,
    }),
  },
  { title: "LiveTransaction" },
);
export type LiveTransactionView = Static<typeof LiveTransaction>;

const RemovedTransaction = exact(
  {
    txid: Hash,
    wtxid: Hash,
    reason: oneOf(["block", "conflict", "replaced", "evicted", "expired", "reorg"]),
  },
  { title: "RemovedTransaction" },
);

const BlockPlace = exact({ hash: Hash, height: Count });

const Reorganisation = exact(
  {
    oldTip: BlockPlace,
    newTip: BlockPlace,
    ancestor: BlockPlace,
    depth: Type.Integer({ minimum: 1, description: "Blocks that left the active chain." }),
    disconnected: Type.Array(Hash, {
      description: `From the old tip down, the first ${MAX_LIVE_ITEMS}.`,
    }),
    connected: Type.Array(Hash, { description: `Up to the new tip, the last ${MAX_LIVE_ITEMS}.` }),
    displaced: exact({
      confirmed: Type.Integer({ minimum: 0, description: "In a block of the new branch, too." }),
      waiting: Type.Integer({ minimum: 0, description: "Back in the mempool." }),
      dropped: Type.Integer({ minimum: 0, description: "Impossible on the new branch." }),
      unknown: Type.Integer({ minimum: 0, description: "Too many to be followed." }),
      droppedTxids: Type.Array(Hash, { description: `The first ${MAX_LIVE_ITEMS}.` }),
    }),
  },
  { title: "Reorganisation" },
);
export type ReorganisationView = Static<typeof Reorganisation>;

const RecentReorganisation = exact(
  { ...Reorganisation.properties, time: Milliseconds },
  { title: "RecentReorganisation" },
);
export type RecentReorganisationView = Static<typeof RecentReorganisation>;

export const ReorganisationList = exact({ reorgs: Type.Array(RecentReorganisation) });

const MempoolLevel = exact(
  { count: Count, bytes: Count, minFeerate: Feerate },
  { title: "MempoolLevel" },
);

const LostPeer = exact(
  { ...Peer.properties, reason: Type.String({ description: "Why the connection ended." }) },
  { title: "LostPeer" },
);

const MiningProgress = exact(
  {
    running: Type.Boolean(),
    threads: Count,
    hashrate: Type.Number(),
    totalHashes: Count,
    blocksFound: Count,
    streams: Type.Array(
      exact({
        name: Type.String(),
        hashrate: Type.Number({ description: "Hashes a second." }),
        totalHashes: Count,
        blocksFound: Count,
        earned: Amount,
        working: Type.Boolean(),
      }),
    ),
  },
  { title: "MiningProgress" },
);
export type MiningProgressView = Static<typeof MiningProgress>;

const { height, tip, tipTime, difficulty, hashrate, mempool, peers, sync, time, uptimeSeconds } =
  Status.properties;

const LiveStats = exact(
  { height, tip, tipTime, difficulty, hashrate, mempool, peers, sync, time, uptimeSeconds },
  { title: "LiveStats", description: "Members of the node's status that change." },
);
export type LiveStatsView = Static<typeof LiveStats>;

const AddressTouch = exact(
  {
    address: Type.String(),
    txid: Hash,
    status: oneOf(["mempool", "confirmed", "abandoned", "removed"], {
      description: "It waits; a block has it; that block was left; it waits no more.",
    }),
    received: Amount,
    sent: Amount,
    blockHash: orNull(Hash),
    blockHeight: orNull(Count),
    reason: orNull(Type.String({ description: "Why it was removed." })),
  },
  { title: "AddressTouch" },
);
export type AddressTouchView = Static<typeof AddressTouch>;

/** What each event carries. */
export const LIVE_DATA = {
  "block-connected": BlockSummary,
  "block-disconnected": BlockSummary,
  reorg: Reorganisation,
  "transaction-accepted": LiveTransaction,
  "transaction-removed": RemovedTransaction,
  "mempool-changed": MempoolLevel,
  "peer-connected": Peer,
  "peer-disconnected": LostPeer,
  "mining-progress": MiningProgress,
  stats: LiveStats,
  "address-touched": AddressTouch,
} as const;

/** Events by name, and what each carries. */
export type LiveData = { [Name in keyof typeof LIVE_DATA]: Static<(typeof LIVE_DATA)[Name]> };

const EVENT_NAMES = Object.keys(LIVE_DATA) as (keyof LiveData)[];

const TopicNames = Type.Array(Type.String(), { description: "All that are wanted now." });

/** Everything that a client can be told. */
export const LiveMessage = Type.Union([
  exact(
    {
      topic: Type.String(),
      seq: Sequence,
      time: Milliseconds,
      event: oneOf(EVENT_NAMES),
      data: Type.Union(Object.values(LIVE_DATA)),
    },
    { title: "LiveEvent" },
  ),
  exact(
    {
      op: Type.Literal("subscribed"),
      topics: TopicNames,
      seq: Sequence,
      boot: Type.String({ description: "Another one after a restart of the node." }),
      limits: exact({ topics: Count, messagesPerSecond: Count, messageBytes: Count }),
    },
    { title: "LiveSubscribed" },
  ),
  exact(
    { op: Type.Literal("unsubscribed"), topics: TopicNames, seq: Sequence },
    { title: "LiveUnsubscribed" },
  ),
  exact({ op: Type.Literal("pong"), seq: Sequence, time: Milliseconds }, { title: "LivePong" }),
  exact(
    {
      op: Type.Literal("gap"),
      from: Sequence,
      to: Sequence,
      reason: oneOf(["forgotten", "restarted"], {
        description: "The log does not reach back; `from` is of another run of the node.",
      }),
    },
    { title: "LiveGap", description: "Events that will not come: ask for everything anew." },
  ),
  exact(
    { op: Type.Literal("error"), code: Type.String(), detail: Type.String() },
    { title: "LiveError" },
  ),
]);
