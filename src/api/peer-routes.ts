/**
 * Routes of peers and nodes: who is connected, who is known, to connect, disconnect and ban.
 *
 * Handlers only put parts together; how peers are found and judged is the business of p2p/. A node
 * made without peers answers all questions with none, and refuses all changes.
 */

import { parseCursor } from "../lib/paging.ts";
import type { PeerNetwork } from "../p2p/peer-network.ts";
import type { TopologyView } from "../p2p/topology.ts";
import { formatNetAddress, type NetAddress, parseNetAddress } from "../wire/net-address.ts";
import type { ApiContext } from "./api-context.ts";
import { describe } from "./operation.ts";
import { findNamedPeer, parsePeerAddress } from "./peer-names.ts";
import {
  Ban,
  BanPage,
  BanRequest,
  ConnectRequest,
  ConnectResult,
  type ConnectResultView,
  DEFAULT_BAN_SECONDS,
  DisconnectResult,
  DiscoverResult,
  LiftResult,
  Network,
  NodePage,
  PeerPage,
  WholePageQuery,
} from "./peer-schemas.ts";
import { ApiError } from "./problem.ts";
import { readBody, readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoBody, NoQuery } from "./schemas.ts";
import { countPeers, viewConnection, viewManualPeers, viewNode, viewPeer } from "./view-peer.ts";

/** Discouraged hosts shown. */
const DISCOURAGED_SHOWN = 100;

const NO_TOPOLOGY: TopologyView = { nodes: [], edges: [], isComplete: true };

export function peerRoutes(context: ApiContext) {
  return createRouter("peers")
    .get("/api/peers", ({ request }) => listPeers(context, request), LIST)
    .post("/api/peers", ({ request }) => connect(context, request), CONNECT)
    .post("/api/peers/discover", ({ request }) => discover(context, request), DISCOVER)
    .get("/api/peers/bans", ({ request }) => listBans(context, request), BANS)
    .delete(
      "/api/peers/:id",
      ({ params: { id }, request }) => disconnect(context, request, id),
      DISCONNECT,
    )
    .post("/api/peers/:id/ban", ({ params: { id }, request }) => ban(context, request, id), BAN)
    .delete("/api/peers/:id/ban", ({ params: { id }, request }) => lift(context, request, id), LIFT)
    .get("/api/nodes", ({ request }) => listNodes(context, request), NODES)
    .get("/api/topology", ({ request }) => showTopology(context, request), TOPOLOGY);
}

function listPeers({ node }: ApiContext, request: Request) {
  const { limit, cursor } = readQuery(request, WholePageQuery);
  const [first = 0] = parseCursor(cursor, [0]);
  const { peers } = node;
  const counts = countPeers(node);
  if (peers === undefined) return { ...counts, peers: [], manual: [], cursor: null };
  const views = peers.manager.view();
  return {
    ...counts,
    peers: views.slice(first, first + limit).map((view) => viewPeer(peers, view)),
    manual: first === 0 ? viewManualPeers(peers) : [],
    cursor: nextCursor(first + limit, views.length),
  };
}

/** Kept first, so that nobody is connected whom nobody would dial again. */
async function connect(context: ApiContext, request: Request): Promise<Response> {
  const address = parsePeerAddress((await readBody(request, ConnectRequest)).address);
  const peers = peersOf(context);
  const { addresses } = peers;
  const text = formatNetAddress(address);
  const wasManual = addresses.manual().some((other) => formatNetAddress(other) === text);
  if (!addresses.addManual(address)) throw refuse(409, "peer-list-full", "No more can be named.");

  const verdict = await peers.manager.connect(address);
  const answer = (view: ConnectResultView) =>
    Response.json(view, { status: view.status === "connected" ? 200 : 202 });
  switch (verdict.status) {
    case "connected": {
      const { id } = verdict.peer;
      return answer(viewConnection(peers, text, { status: "connected", id }));
    }
    case "unreachable":
      return answer(viewConnection(peers, text, { status: "unreachable", why: verdict.code }));
    case "refused":
      return answer(viewConnection(peers, text, { status: "refused", why: verdict.reason }));
    case "already-connected":
      throw refuse(409, "peer-already-connected", `There is a connection to ${text} already.`);
    case "banned":
      if (!wasManual) addresses.removeManual(address);
      throw refuse(409, "peer-banned", `${address.host} is banned here.`);
    case "self":
      addresses.removeManual(address);
      throw refuse(422, "peer-is-self", `${text} is this node itself.`);
  }
}

async function disconnect(context: ApiContext, request: Request, id: string) {
  await readBody(request, NoBody);
  const peers = peersOf(context);
  const named = findNamedPeer(peers, id);
  const candidates = named.peers.map(({ address }) => parseNetAddress(address));
  const isForgotten = [named.address, ...candidates]
    .filter((address): address is NetAddress => address !== undefined)
    .map((address) => peers.addresses.removeManual(address))
    .includes(true);
  const ended = named.peers.filter((peer) => peers.manager.disconnect(peer.id)).length;
  if (ended === 0 && !isForgotten) throw peerNotFound();
  return { disconnected: ended, forgotten: isForgotten };
}

async function ban(context: ApiContext, request: Request, id: string) {
  const { seconds = DEFAULT_BAN_SECONDS, reason = "" } = await readBody(request, BanRequest);
  const peers = peersOf(context);
  // Of several hosts of one node each is banned; the answer tells of the first.
  const { hosts } = findNamedPeer(peers, id);
  const [host] = hosts;
  if (host === undefined) throw peerNotFound();
  const until = context.node.clock.now() + 1000 * seconds;
  for (const each of hosts) {
    if (peers.manager.ban(each, until, reason) === "full") {
      throw refuse(409, "ban-list-full", "There is no room for another ban.");
    }
  }
  return { host, until, reason };
}

async function lift(context: ApiContext, request: Request, id: string) {
  await readBody(request, NoBody);
  const peers = peersOf(context);
  const { hosts } = findNamedPeer(peers, id);
  const lifted = hosts.filter((host) => peers.manager.unban(host));
  const [host] = lifted;
  if (host === undefined) {
    throw refuse(404, "ban-not-found", "No such host is banned or discouraged.");
  }
  return { host, lifted: true };
}

function listBans({ node }: ApiContext, request: Request) {
  const { limit, cursor } = readQuery(request, WholePageQuery);
  const [first = 0] = parseCursor(cursor, [0]);
  const bans = node.peers?.bans.list() ?? [];
  const discouraged =
    first === 0 ? (node.peers?.bans.listDiscouraged(DISCOURAGED_SHOWN) ?? []) : [];
  return {
    bans: bans.slice(first, first + limit),
    discouraged: discouraged.map(({ host, leftMs }) => ({
      host,
      secondsLeft: Math.ceil(leftMs / 1000),
    })),
    cursor: nextCursor(first + limit, bans.length),
  };
}

async function discover(context: ApiContext, request: Request) {
  await readBody(request, NoBody);
  const peers = peersOf(context);
  return {
    announced: peers.lookForPeers(),
    heard: peers.discovery?.nodeCount ?? 0,
    known: peers.addresses.size,
    connected: countPeers(context.node).total,
  };
}

function listNodes({ node }: ApiContext, request: Request) {
  const { limit, cursor } = readQuery(request, WholePageQuery);
  const [first = 0] = parseCursor(cursor, [0]);
  const nodes = node.peers?.topology.nodes() ?? [];
  return {
    count: nodes.length,
    addressCount: node.peers?.addresses.size ?? 0,
    nodes: nodes.slice(first, first + limit).map(viewNode),
    cursor: nextCursor(first + limit, nodes.length),
  };
}

function showTopology({ node }: ApiContext, request: Request) {
  readQuery(request, NoQuery);
  const { nodes, edges, isComplete } = node.peers?.topology.view() ?? NO_TOPOLOGY;
  return {
    nodes: nodes.map(viewNode),
    edges: edges.map(({ from, to, isProven }) => ({ from, to, proven: isProven })),
    complete: isComplete,
  };
}

function nextCursor(next: number, count: number): string | null {
  return next < count ? String(next) : null;
}

function peersOf({ node }: ApiContext): PeerNetwork {
  if (node.peers === undefined) {
    throw refuse(503, "peers-off", "This node was started without peers.");
  }
  return node.peers;
}

function peerNotFound(): ApiError {
  return refuse(404, "peer-not-found", "No such peer is connected.");
}

function refuse(status: number, code: string, detail: string): ApiError {
  return new ApiError({ status, code, detail });
}

const OF_PEER = {
  path: { id: "Number of the connection, node id, IP address, or IP address and port." },
  pathExamples: { id: "192.168.1.5:8333" },
};
const OF_HOST = { ...OF_PEER, pathExamples: { id: "192.168.1.5" } };

const LIST = describe({
  tag: "Peers",
  summary: "Who is connected",
  description:
    "Every peer that has shaken hands, with its statistics, and the nodes that were named by hand.",
  query: WholePageQuery,
  answers: { 200: { description: "The peers.", schema: PeerPage } },
  problems: [400],
});

const CONNECT = describe({
  tag: "Peers",
  summary: "Connect to a node",
  description:
    "Dials it now, and answers when hands are shaken or will not be, within 15 s. It is kept: if it " +
    "cannot be reached now (202) or goes away later, it is tried again, also after a restart.",
  body: ConnectRequest,
  bodyExample: { address: "192.168.1.5:8333" },
  answers: {
    200: { description: "Connected.", schema: ConnectResult },
    202: { description: "Not connected, but kept.", schema: ConnectResult },
  },
  problems: [409],
});

const DISCOVER = describe({
  tag: "Peers",
  summary: "Look for peers now",
  description:
    "Tells nodes nearby that this one is here, and dials at once whoever is known and not connected, " +
    "whatever failed before. Who comes of it is in GET /api/peers a moment later.",
  body: NoBody,
  answers: { 200: { description: "What is known so far.", schema: DiscoverResult } },
});

const DISCONNECT = describe({
  ...OF_PEER,
  tag: "Peers",
  summary: "Disconnect a peer",
  description:
    "Ends its connection, no longer keeps it if it was named by hand, and does not dial it for five " +
    "minutes. It may dial us: to keep it away, ban it.",
  body: NoBody,
  answers: { 200: { description: "What was ended.", schema: DisconnectResult } },
  problems: [404],
});

const BAN = describe({
  ...OF_HOST,
  tag: "Peers",
  summary: "Ban a peer's host",
  description:
    "Ends all connections with it and lets none come about, for a day unless told otherwise. Any " +
    "IP address can be banned, connected or not. Survives restarts.",
  body: BanRequest,
  bodyExample: { seconds: 3600, reason: "floods" },
  answers: { 200: { description: "The ban.", schema: Ban } },
  problems: [404, 409],
});

const LIFT = describe({
  ...OF_HOST,
  tag: "Peers",
  summary: "Lift a ban",
  description: "Forgives a host that was banned by hand, or discouraged for what it did.",
  body: NoBody,
  answers: { 200: { description: "The host.", schema: LiftResult } },
  problems: [404],
});

const BANS = describe({
  tag: "Peers",
  summary: "Who is banned",
  description: "Hosts banned by hand, and those discouraged for what they did.",
  query: WholePageQuery,
  answers: { 200: { description: "The bans.", schema: BanPage } },
  problems: [400],
});

const NODES = describe({
  tag: "Peers",
  summary: "Nodes known",
  description:
    "This node first, then those that are its peers or were lately, as they describe themselves.",
  query: WholePageQuery,
  answers: { 200: { description: "The nodes.", schema: NodePage } },
  problems: [400],
});

const TOPOLOGY = describe({
  tag: "Peers",
  summary: "Who is connected to whom",
  description:
    "Nodes and the connections between them. Our own are known for sure, others are the word of one " +
    "of the two.",
  answers: { 200: { description: "The graph.", schema: Network } },
});
