/**
 * The API of nodes that have peers: three of them in one process, joined over TCP on loopback and
 * never by multicast, each answer held to the OpenAPI document.
 *
 * One story: alone, connected, watched, sent away, banned, forgiven, found again. A node without
 * peers comes last.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Node } from "../../src/node/node.ts";
import { CheckedClient } from "../support/checked-client.ts";
import {
  joinTestNode,
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";

interface Member extends RunningNode {
  readonly api: RunningApi;
  readonly client: CheckedClient;
  /** Where it accepts peers. */
  readonly address: string;
}

const members: Member[] = [];
let one: Member;
let two: Member;
let three: Member;

async function startMember(name: string): Promise<Member> {
  const running = await startTestNode();
  const address = await joinTestNode(running.node, { name });
  const api = await startTestApi(running.node);
  const client = await CheckedClient.connect(api);
  const member = { ...running, api, client, address };
  members.push(member);
  return member;
}

async function endMember(member: Member): Promise<void> {
  await member.api[Symbol.asyncDispose]();
  await member[Symbol.asyncDispose]();
}

beforeAll(async () => {
  one = await startMember("one");
  two = await startMember("two");
  three = await startMember("three");
});

afterAll(async () => {
  for (const member of members) await endMember(member);
});

function idOf({ node }: Member): string {
  return node.peers?.nodeId ?? "";
}

/** Resolves once `isSo`, which is asked again with whatever happens among the peers of `node`. */
async function until(node: Node, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (isSo()) resolve();
  };
  const { peers } = node;
  if (peers === undefined) throw new Error("the node has no peers");
  const unsubscribe = [
    peers.manager.peers.events.on("peer-connected", () => queueMicrotask(look)),
    peers.manager.peers.events.on("peer-disconnected", () => queueMicrotask(look)),
    peers.topology.events.on("node-changed", () => queueMicrotask(look)),
    node.chain.events.on("tip-changed", () => queueMicrotask(look)),
    node.mempool.events.on("transaction-accepted", () => queueMicrotask(look)),
  ];
  look();
  await promise;
  for (const end of unsubscribe) end();
}

const connected = ({ node }: Member) => node.peers?.manager.view().length ?? 0;

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("alone", () => {
  test("a node says who it is, that it has no peers, and why", async () => {
    const { body } = await one.client.get("/api/status");
    expect(body).toMatchObject({
      nodeId: idOf(one),
      nodeName: "one",
      p2pPort: one.node.peers?.manager.port,
      peers: { inbound: 0, outbound: 0, total: 0 },
      sync: { state: "synced", isSyncing: false, headers: 0, estimatedSeconds: null },
    });
    expect(body.alone.reasons.map(({ code }: { code: string }) => code)).toContain("discovery-off");
    expect(body.alone.advice).toContain("cairn connect");
  });

  test("it lists no peers and no bans, and itself among the nodes", async () => {
    expect((await one.client.get("/api/peers")).body).toEqual({
      inbound: 0,
      outbound: 0,
      total: 0,
      peers: [],
      manual: [],
      cursor: null,
    });
    expect((await one.client.get("/api/peers/bans")).body.bans).toEqual([]);
    const { body } = await one.client.get("/api/nodes");
    expect(body).toMatchObject({ count: 1, addressCount: 0, cursor: null });
    expect(body.nodes[0]).toMatchObject({ nodeId: idOf(one), self: true, host: null });
  });
});

describe("connecting", () => {
  test("answers once hands are shaken, with the peer", async () => {
    const { status, body } = await one.client.post("/api/peers", { address: two.address });
    expect([status, body.status, body.reason]).toEqual([200, "connected", null]);
    expect(body.peer).toMatchObject({
      nodeId: idOf(two),
      name: "two",
      address: two.address,
      direction: "outbound",
      kind: "manual",
      userAgent: "/cairn:test/",
    });
    const status2 = (await one.client.get("/api/status")).body;
    expect([status2.peers, status2.alone]).toEqual([{ inbound: 0, outbound: 1, total: 1 }, null]);
  });

  test("the other side shows it as inbound", async () => {
    await until(two.node, () => connected(two) === 1);
    const { body } = await two.client.get("/api/peers");
    expect(body).toMatchObject({ inbound: 1, outbound: 0, total: 1, manual: [] });
    expect(body.peers[0]).toMatchObject({ nodeId: idOf(one), name: "one", kind: "inbound" });
    expect(body.peers[0].bytesReceived).toBeGreaterThan(0);
  });

  test("again is a conflict", async () => {
    const { status, body } = await one.client.post("/api/peers", { address: two.address });
    expect([status, body.code]).toEqual([409, "peer-already-connected"]);
  });

  test("to oneself is refused, and not kept", async () => {
    const { status, body } = await one.client.post("/api/peers", { address: one.address });
    expect([status, body.code]).toEqual([422, "peer-is-self"]);
    const { manual } = (await one.client.get("/api/peers")).body;
    expect(manual.map(({ address }: { address: string }) => address)).toEqual([two.address]);
  });

  test("to where nobody is, is kept and told", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { status, body } = await three.client.post("/api/peers", { address });
    expect([status, body.status, body.reason]).toEqual([202, "unreachable", "ECONNREFUSED"]);
    const { manual } = (await three.client.get("/api/peers")).body;
    expect(manual).toHaveLength(1);
    expect(manual[0]).toMatchObject({ address, connected: false, problem: { code: body.reason } });
    const { alone } = (await three.client.get("/api/status")).body;
    const codes = alone.reasons.map(({ code }: { code: string }) => code);
    expect(codes).toContain("manual-unreachable");

    const forgotten = await three.client.send(`/api/peers/${address}`, { method: "DELETE" });
    expect(forgotten.body).toEqual({ disconnected: 0, forgotten: true });
    expect((await three.client.get("/api/peers")).body.manual).toEqual([]);
  });

  test("to what is no node of the network is refused, and told", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.end(), data() {} },
    });
    const address = `127.0.0.1:${server.port}`;
    const { status, body } = await three.client.post("/api/peers", { address });
    expect([status, body.status, body.peer]).toEqual([202, "refused", null]);
    const { alone } = (await three.client.get("/api/status")).body;
    const codes = alone.reasons.map(({ code }: { code: string }) => code);
    expect(codes).toContain("manual-refused");
    await three.client.send(`/api/peers/${address}`, { method: "DELETE" });
    server.stop(true);
  });
});

describe("among others", () => {
  test("blocks and transactions tell how they came", async () => {
    await three.client.post("/api/peers", { address: two.address });
    await until(two.node, () => connected(two) === 2);
    const [hash] = await one.node.miner.mine(1);
    await until(three.node, () => three.node.chain.tip.hash === hash);
    const began = (await one.client.get(`/api/block/${hash}`)).body;
    expect(began.propagation).toEqual({ hops: 0, milliseconds: 0 });
    const arrived = (await three.client.get(`/api/block/${hash}`)).body;
    expect(arrived.propagation?.hops).toBe(2);
    expect(arrived.transactions[0].propagation).toBeNull();
    expect((await one.client.get("/api/block/0")).body.propagation).toBeNull();
  });

  test("nodes tell of themselves, and of who is connected to whom", async () => {
    const knows = (member: Member, other: Member) => {
      const nodes = member.node.peers?.topology.nodes() ?? [];
      return nodes.some(({ nodeId, height }) => nodeId === idOf(other) && height !== undefined);
    };
    await until(two.node, () => knows(two, one) && knows(two, three));
    const { body } = await two.client.get("/api/topology");
    expect(body.complete).toBe(true);
    const ids = body.nodes.map(({ nodeId }: { nodeId: string }) => nodeId);
    expect(ids.toSorted()).toEqual([idOf(one), idOf(two), idOf(three)].toSorted());
    const own = body.edges.filter(({ proven }: { proven: boolean }) => proven);
    expect(own).toHaveLength(2);

    const page = (await two.client.get("/api/nodes?limit=2")).body;
    expect([page.count, page.nodes.length, page.cursor]).toEqual([3, 2, "2"]);
    const rest = (await two.client.get(`/api/nodes?limit=2&cursor=${page.cursor}`)).body;
    expect([rest.nodes.length, rest.cursor]).toEqual([1, null]);
  });

  test("lists of peers come in pages", async () => {
    const first = (await two.client.get("/api/peers?limit=1")).body;
    expect([first.total, first.peers.length, first.cursor]).toEqual([2, 1, "1"]);
    const second = (await two.client.get("/api/peers?limit=1&cursor=1")).body;
    expect([second.peers.length, second.cursor]).toEqual([1, null]);
    expect(second.peers[0].id).not.toBe(first.peers[0].id);
  });

  test("metrics count peers and their bytes", async () => {
    const { body } = await two.client.get("/metrics");
    expect(body).toContain("cairn_peers_inbound 2\n");
    expect(body).toContain("cairn_peers_outbound 0\n");
    expect(body).toContain("cairn_blocks_behind 0\n");
    expect(body).toMatch(/^cairn_peer_received_bytes [1-9]/m);
    expect(body).toMatch(/^cairn_peer_sent_bytes [1-9]/m);
  });
});

describe("sending away", () => {
  test("a peer is named by its node id, number or address", async () => {
    const gone = await one.client.send(`/api/peers/${idOf(two)}`, { method: "DELETE" });
    expect(gone.body).toEqual({ disconnected: 1, forgotten: true });
    await until(one.node, () => connected(one) === 0);
    expect((await one.client.get("/api/peers")).body.manual).toEqual([]);

    const again = await one.client.post("/api/peers", { address: two.address });
    expect(again.body.status).toBe("connected");
    const { id } = again.body.peer;
    const byNumber = await one.client.send(`/api/peers/${id}`, { method: "DELETE" });
    expect(byNumber.body).toEqual({ disconnected: 1, forgotten: true });
    for (const name of [id, idOf(two), two.address, "[::1]:18444", "10.0.0.1"]) {
      const path = `/api/peers/${encodeURIComponent(String(name))}`;
      const { status, body } = await one.client.send(path, { method: "DELETE" });
      expect([name, status, body.code]).toEqual([name, 404, "peer-not-found"]);
    }
  });

  test("a ban ends the connection and lets none come about until it is lifted", async () => {
    await three.client.get("/api/peers");
    const banned = await three.client.post(`/api/peers/${two.address}/ban`, {
      seconds: 60,
      reason: "a try",
    });
    expect(banned.body).toMatchObject({ host: "127.0.0.1", reason: "a try" });
    await until(three.node, () => connected(three) === 0);
    const { bans } = (await three.client.get("/api/peers/bans")).body;
    expect(bans).toEqual([banned.body]);
    const refused = await three.client.post("/api/peers", { address: one.address });
    expect([refused.status, refused.body.code]).toEqual([409, "peer-banned"]);
    const { manual } = (await three.client.get("/api/peers")).body;
    expect(manual.map(({ address }: { address: string }) => address)).toEqual([two.address]);

    const path = "/api/peers/127.0.0.1/ban";
    const lifted = await three.client.send(path, { method: "DELETE" });
    expect(lifted.body).toEqual({ host: "127.0.0.1", lifted: true });
    const twice = await three.client.send(path, { method: "DELETE" });
    expect([twice.status, twice.body.code]).toEqual([404, "ban-not-found"]);
    expect((await three.client.get("/api/peers/bans")).body.bans).toEqual([]);
  });

  test("looking for peers dials at once whom the operator wants", async () => {
    const found = until(three.node, () => connected(three) === 1);
    const { status, body } = await three.client.post("/api/peers/discover");
    expect([status, body.announced, body.heard]).toEqual([200, false, 0]);
    expect(body.known).toBeGreaterThan(0);
    await found;
    const { peers } = (await three.client.get("/api/peers")).body;
    expect(peers[0]).toMatchObject({ nodeId: idOf(two), kind: "manual" });
  });

  test("one that dialled us is known by the address at which it accepts peers", async () => {
    // Which of two connections to one node stays, goes by their ids.
    const { status } = await two.client.post("/api/peers", { address: three.address });
    expect([200, 409]).toContain(status);
    await until(two.node, () => connected(two) === 1);
    const { total, manual } = (await two.client.get("/api/peers")).body;
    expect(total).toBe(1);
    expect(manual).toEqual([{ address: three.address, connected: true, problem: null }]);
    // Named so, it is sent away, though it has another address at its end of the connection.
    const path = `/api/peers/${three.address}`;
    const gone = await two.client.send(path, { method: "DELETE" });
    expect(gone.body).toEqual({ disconnected: 1, forgotten: true });
  });
});

test("the nodes that were met can be read with SQL, also after the end", async () => {
  const directory = mkdtempSync(join(tmpdir(), "cairn-test-"));
  try {
    const running = await startTestNode({ directory });
    await joinTestNode(running.node, { name: "four" });
    const { peers } = running.node;
    const verdict = await peers?.manager.connect({
      host: "127.0.0.1",
      port: one.node.peers?.manager.port ?? 0,
    });
    expect(verdict?.status).toBe("connected");
    await until(running.node, () => {
      const nodes = peers?.topology.nodes() ?? [];
      return nodes.some(({ nodeId, height }) => nodeId === idOf(one) && height !== undefined);
    });
    await running[Symbol.asyncDispose]();

    using database = new Database(join(directory, "index.db"), { readonly: true });
    const rows = database.query("SELECT * FROM nodes ORDER BY is_self DESC").all();
    expect(rows).toMatchObject([
      { name: "four", is_self: 1, host: null },
      { name: "one", is_self: 0, node_id: idOf(one), host: "127.0.0.1" },
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("every operation about peers was answered with success", async () => {
  const document = (await one.client.get("/swagger/json")).body;
  const paths = document.paths as Record<string, Record<string, { tags: string[] }>>;
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes("Peers"))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  const covered = new Set(members.flatMap(({ client }) => [...client.covered]));
  expect(described.length).toBe(9);
  expect(described.filter((name) => !covered.has(name))).toEqual([]);
});

describe("a node made without peers", () => {
  let running: RunningNode;
  let api: RunningApi;
  let client: CheckedClient;

  beforeAll(async () => {
    running = await startTestNode();
    api = await startTestApi(running.node);
    client = await CheckedClient.connect(api);
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
  });

  test("has none, and says so", async () => {
    const { body } = await client.get("/api/status");
    expect(body).toMatchObject({ nodeId: null, nodeName: "", p2pPort: null });
    expect(body.alone.reasons[0].code).toBe("peers-off");
    expect((await client.get("/api/peers")).body.total).toBe(0);
    expect((await client.get("/api/peers/bans")).body.bans).toEqual([]);
    expect((await client.get("/api/nodes")).body.nodes).toEqual([]);
    expect((await client.get("/api/topology")).body).toEqual({
      nodes: [],
      edges: [],
      complete: true,
    });
    expect((await client.get("/metrics")).body).toContain("cairn_peers_inbound 0\n");
  });

  test("refuses every change", async () => {
    for (const [method, path, body] of [
      ["POST", "/api/peers", '{"address":"127.0.0.1:8333"}'],
      ["POST", "/api/peers/discover", "{}"],
      ["DELETE", "/api/peers/1", "{}"],
      ["POST", "/api/peers/127.0.0.1/ban", "{}"],
      ["DELETE", "/api/peers/127.0.0.1/ban", "{}"],
    ] as const) {
      const headers = { "content-type": "application/json" };
      const answer = await client.send(path, { method, headers, body });
      expect([path, answer.status, answer.body.code]).toEqual([path, 503, "peers-off"]);
    }
  });
});
