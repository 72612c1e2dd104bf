/**
 * Shapes of peers, nodes and bans, and of being alone.
 *
 * Shapes only: where the figures come from is in view-peer.ts and explain-alone.ts.
 */

import { type Static, Type } from "@sinclair/typebox";
import {
  Count,
  Cursor,
  exact,
  Hash,
  MAX_LIST_LIMIT,
  Milliseconds,
  oneOf,
  orNull,
} from "./schemas.ts";

/** Longest that a peer's address, or a reason, may be in a request, in characters. */
const MAX_ADDRESS_LENGTH = 64;
const MAX_REASON_LENGTH = 200;

/** Seconds of a ban, at most and unless another time is given: a year, a day. */
const MAX_BAN_SECONDS = 366 * 24 * 3_600;
export const DEFAULT_BAN_SECONDS = 24 * 3_600;

const NodeIdText = Type.String({
  pattern: "^0[23][0-9a-f]{64}$",
  description: "The public key that a node has proven to hold.",
});

const Address = Type.String({ description: "IP address and port." });

const Ping = orNull(Type.Number({ minimum: 0, description: "Milliseconds of a round trip." }));

export const Peer = exact(
  {
    id: Type.Integer({ minimum: 1, description: "Number of the connection." }),
    nodeId: orNull(NodeIdText),
    name: Type.String({ description: "Chosen by its owner; may be empty." }),
    address: Type.String({
      description: "Of its end: of one that dialled us, not where it accepts peers.",
    }),
    apiPort: orNull(Count),
    kind: oneOf(["inbound", "outbound", "manual", "block-relay", "feeler"]),
    direction: oneOf(["inbound", "outbound"]),
    userAgent: Type.String(),
    protocolVersion: Count,
    services: Type.String({ pattern: "^[0-9a-f]{16}$", description: "Service bits as hex." }),
    height: Type.Integer({ description: "As it says itself." }),
    connectedSince: Milliseconds,
    quietMs: Type.Number({ minimum: 0, description: "Milliseconds since anything came of it." }),
    pingMs: Ping,
    minPingMs: Ping,
    bytesReceived: Count,
    bytesSent: Count,
    messagesReceived: Count,
    messagesSent: Count,
    unsentBytes: Count,
    misbehaviorPoints: Type.Number({ minimum: 0, description: "100 end the connection." }),
  },
  { title: "Peer" },
);
export type PeerViewType = Static<typeof Peer>;

const ManualPeer = exact({
  address: Address,
  connected: Type.Boolean(),
  problem: orNull(exact({ code: Type.String(), detail: Type.String(), since: Milliseconds })),
});
export type ManualPeerView = Static<typeof ManualPeer>;

export const PeerPage = exact({
  inbound: Count,
  outbound: Count,
  total: Count,
  peers: Type.Array(Peer, { description: "In the order in which they came." }),
  manual: Type.Array(ManualPeer, {
    description: "Nodes to which the operator wants a connection, here or not; on the first page.",
  }),
  cursor: Cursor,
});

/** Query of lists that people want whole. */
export const WholePageQuery = exact({
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIST_LIMIT, default: MAX_LIST_LIMIT }),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: "From the page before." })),
});

export const ConnectRequest = exact({
  address: Type.String({
    maxLength: MAX_ADDRESS_LENGTH,
    description: "IP address and port; names are not looked up.",
  }),
});

export const ConnectResult = exact(
  {
    status: oneOf(["connected", "unreachable", "refused"], {
      description:
        "There was no connection (unreachable), or it ended before hands were shaken (refused).",
    }),
    address: Address,
    reason: orNull(Type.String({ description: "The system's word, or what was wrong." })),
    detail: Type.String(),
    peer: orNull(Peer),
  },
  { title: "ConnectResult" },
);
export type ConnectResultView = Static<typeof ConnectResult>;

export const DisconnectResult = exact({
  disconnected: Type.Integer({ minimum: 0, description: "Connections that were ended." }),
  forgotten: Type.Boolean({ description: "True if it was one that the operator had named." }),
});

export const BanRequest = exact({
  seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_BAN_SECONDS })),
  reason: Type.Optional(Type.String({ maxLength: MAX_REASON_LENGTH })),
});

export const Ban = exact(
  { host: Type.String(), until: Milliseconds, reason: Type.String() },
  { title: "Ban" },
);
export type BanView = Static<typeof Ban>;

export const BanPage = exact({
  bans: Type.Array(Ban, { description: "Those that end first at the front." }),
  discouraged: Type.Array(exact({ host: Type.String(), secondsLeft: Count }), {
    description: "Hosts that misbehaved: not dialled, and the first to go. On the first page.",
  }),
  cursor: Cursor,
});

export const LiftResult = exact({ host: Type.String(), lifted: Type.Literal(true) });

export const DiscoverResult = exact({
  announced: Type.Boolean({ description: "True if nodes nearby are told that this one is here." }),
  heard: Type.Integer({ minimum: 0, description: "Nodes heard nearby in the last minutes." }),
  known: Type.Integer({ minimum: 0, description: "Addresses in the book." }),
  connected: Count,
});

export const KnownNode = exact(
  {
    nodeId: NodeIdText,
    name: Type.String(),
    host: orNull(Type.String()),
    port: orNull(Count),
    apiPort: orNull(Count),
    height: orNull(Count),
    tip: orNull(Hash),
    peerCount: orNull(Count),
    hashrate: orNull(Type.Number({ minimum: 0, description: "Hashes a second." })),
    mempoolCount: orNull(Count),
    mempoolBytes: orNull(Count),
    lastSeen: Milliseconds,
    connected: Type.Boolean(),
    self: Type.Boolean({ description: "True of the node that answers." }),
  },
  { title: "Node" },
);
export type KnownNodeView = Static<typeof KnownNode>;

export const NodePage = exact({
  count: Count,
  addressCount: Type.Integer({ minimum: 0, description: "Addresses in the book." }),
  nodes: Type.Array(KnownNode),
  cursor: Cursor,
});

const Edge = exact({
  from: NodeIdText,
  to: NodeIdText,
  proven: Type.Boolean({ description: "False: the word of one of the two." }),
});

export const Network = exact(
  {
    nodes: Type.Array(KnownNode),
    edges: Type.Array(Edge, { description: "Each once; may name nodes that are not known." }),
    complete: Type.Boolean({ description: "False if there are more edges than are shown." }),
  },
  { title: "Topology" },
);

/** Why a node may have no peers. */
export const ALONE_CODES = [
  "peers-off",
  "just-started",
  "discovery-off",
  "discovery-problem",
  "no-interface",
  "not-announced",
  "other-networks-only",
  "nothing-heard",
  "heard-not-connected",
  "manual-unreachable",
  "manual-refused",
] as const;

export const Alone = exact(
  {
    reasons: Type.Array(exact({ code: oneOf(ALONE_CODES), detail: Type.String() }), {
      description: "What may be the matter; the code is stable.",
    }),
    advice: Type.String({ description: "What to do." }),
    discovery: orNull(
      exact({
        interfaces: Type.Array(Type.String()),
        lastSentAt: orNull(Milliseconds),
        lastHeardAt: orNull(Milliseconds),
        nodesHeard: Count,
        foreignDatagrams: Count,
        foreignNetworks: Count,
      }),
    ),
  },
  { title: "Alone" },
);
export type AloneView = Static<typeof Alone>;
