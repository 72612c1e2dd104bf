/**
 * The commands about peers, against a fake node: what they ask, show and return.
 */

import { describe, expect, test } from "bun:test";
import type {
  NodeAnswer,
  NodesAnswer,
  PeerAnswer,
  PeersAnswer,
} from "../../../src/cli/api-answers.ts";
import { fakeNode, NOW, problem, run } from "./fake-world.ts";

const NODE_ID = `02${"ab".repeat(32)}`;

function peerOf(changes: Partial<PeerAnswer> = {}): PeerAnswer {
  return {
    id: 7,
    nodeId: NODE_ID,
    name: "ada",
    address: "192.168.1.5:8333",
    kind: "manual",
    direction: "outbound",
    userAgent: "/cairn:1.2.3/",
    height: 1_234,
    connectedSince: NOW - 180_000,
    pingMs: 12.34,
    bytesReceived: 2_048,
    bytesSent: 1_024,
    ...changes,
  };
}

function peersOf(changes: Partial<PeersAnswer> = {}): PeersAnswer {
  return {
    inbound: 0,
    outbound: 1,
    total: 1,
    peers: [peerOf()],
    manual: [],
    cursor: null,
    ...changes,
  };
}

function nodeOf(changes: Partial<NodeAnswer> = {}): NodeAnswer {
  return {
    nodeId: NODE_ID,
    name: "ada",
    host: "fd00::5",
    port: 8_333,
    height: 9,
    peerCount: 2,
    hashrate: 1_000,
    lastSeen: NOW - 60_000,
    connected: false,
    self: false,
    ...changes,
  };
}

const ADDRESS = "192.168.1.5:8333";

describe("cairn peers", () => {
  test("shows a peer a line", async () => {
    await using node = fakeNode({ "GET /api/peers": peersOf() });
    const { code, stdout, stderr } = await run(["peers", "--url", node.url]);
    expect([code, stderr.text]).toEqual([0, ""]);
    expect(stdout.lines[0]).toBe("1 peer, 0 inbound, 1 outbound");
    expect(stdout.lines[3]).toMatch(
      /^7 +192\.168\.1\.5:8333 +ada \(02ababab…\) +manual +12\.3 ms +1,234 +3 min ago +2 KiB +1 KiB +\/cairn:1\.2\.3\/$/,
    );
  });

  test("shows peers without name, key or round trip, cleansed", async () => {
    const peers = [
      peerOf({ name: "" }),
      peerOf({ nodeId: null, name: "", userAgent: "/x\x1b[2J/", pingMs: null }),
    ];
    await using node = fakeNode({ "GET /api/peers": peersOf({ peers, total: 2 }) });
    const { stdout } = await run(["peers", "--url", node.url]);
    expect(stdout.text).toContain("an ordinary Bitcoin node");
    expect(stdout.text).not.toContain("\x1b");
    expect(stdout.text).not.toContain("null");
  });

  test("tells which of those named by hand are missing, and why", async () => {
    const manual = [
      { address: ADDRESS, connected: true, problem: null },
      { address: "10.0.0.1:1", connected: false, problem: null },
      { address: "10.0.0.2:2", connected: false, problem: { code: "X", detail: "10.0.0.2:2: X." } },
    ];
    await using node = fakeNode({ "GET /api/peers": peersOf({ manual }) });
    const { stdout } = await run(["peers", "--url", node.url]);
    expect(stdout.lines.slice(-2)).toEqual(["  10.0.0.1:1: not tried yet", "  10.0.0.2:2: X."]);
  });

  test("without peers points to where the reasons are", async () => {
    const none = peersOf({ outbound: 0, total: 0, peers: [] });
    await using node = fakeNode({ "GET /api/peers": none });
    const { code, stdout } = await run(["peers", "--url", node.url]);
    expect(code).toBe(0);
    expect(stdout.text).toContain("cairn status");
  });

  test("asks for all pages", async () => {
    const given = {
      fetch: async (url: string) =>
        Response.json(
          url.includes("cursor=100")
            ? peersOf({ peers: [peerOf({ id: 101 })] })
            : peersOf({ cursor: "100" }),
        ),
    };
    const { stdout } = await run(["peers", "--url", "http://127.0.0.1:1"], given);
    expect(stdout.lines.slice(3).map((line) => line.trim().split(" ")[0])).toEqual(["7", "101"]);
  });

  test("prints the node's own JSON for programs", async () => {
    await using node = fakeNode({ "GET /api/peers": new Response('{"peers": []}') });
    const { stdout } = await run(["peers", "--json", "--url", node.url]);
    expect(stdout.text).toBe('{"peers": []}\n');
  });
});

describe("cairn nodes", () => {
  test("shows a node a line, the node itself among them", async () => {
    const silent = { name: "", host: null, port: null, height: null, peerCount: null };
    const answer: NodesAnswer = {
      count: 3,
      addressCount: 1,
      nodes: [
        nodeOf({ self: true, connected: true, host: null }),
        nodeOf({ connected: true }),
        nodeOf({ ...silent, hashrate: null }),
      ],
      cursor: null,
    };
    await using node = fakeNode({ "GET /api/nodes": answer });
    const { code, stdout } = await run(["nodes", "--url", node.url]);
    expect(code).toBe(0);
    expect(stdout.lines[0]).toBe("3 nodes known, and 1 address");
    expect(stdout.lines[3]).toContain("the node asked");
    expect(stdout.lines[4]).toMatch(/\[fd00::5\]:8333 +connected +9 +2 +1 kH\/s$/);
    expect(stdout.lines[5]).toContain("seen 1 min ago");
    expect(stdout.text).not.toContain("null");
  });
});

describe("cairn connect", () => {
  const connected = { status: "connected", address: ADDRESS, detail: "Yes.", peer: peerOf() };

  test("says to whom, and takes any spelling of the address", async () => {
    await using node = fakeNode({ "POST /api/peers": connected });
    const { code, stdout } = await run(["connect", "[FD00:0::5]:8333", "--url", node.url]);
    expect(code).toBe(0);
    expect(JSON.parse(node.asked[0]?.body ?? "")).toEqual({ address: "[fd00::5]:8333" });
    expect(stdout.text).toContain("(ada), height 1,234");
  });

  test("fails with one line where nobody answers", async () => {
    const detail = `There is no connection to ${ADDRESS}: ECONNREFUSED. It is tried again.`;
    await using node = fakeNode({
      "POST /api/peers": { status: "unreachable", address: ADDRESS, detail, peer: null },
    });
    const { code, stdout, stderr } = await run(["connect", ADDRESS, "--url", node.url]);
    expect([code, stdout.text]).toEqual([1, ""]);
    expect(stderr.lines).toEqual([`cairn connect: ${detail.slice(0, -1)}`]);
    const json = await run(["connect", ADDRESS, "--json", "--url", node.url]);
    expect([json.code, JSON.parse(json.stdout.text).status]).toEqual([1, "unreachable"]);
  });

  test("fails with the node's reason when it refuses", async () => {
    await using node = fakeNode({
      "POST /api/peers": problem(409, "peer-banned", "It is banned."),
    });
    const { code, stderr } = await run(["connect", ADDRESS, "--url", node.url]);
    expect(code).toBe(1);
    expect(stderr.text).toContain("peer-banned");
  });

  test.each([
    [],
    ["localhost:8333"],
    ["http://10.0.0.1:8333"],
    ["10.0.0.1"],
    ["10.0.0.1:0"],
    ["10.0.0.1:65536"],
    ["fd00::5:8333"],
    ["010.0.0.1:8333"],
  ])("asks nothing for %p (A-19)", async (...argv) => {
    await using node = fakeNode({ "POST /api/peers": connected });
    const { code, stderr } = await run(["connect", ...argv, "--url", node.url]);
    expect([code, stderr.lines.length, node.asked.length]).toEqual([2, 1, 0]);
  });
});

describe("cairn disconnect, ban and unban", () => {
  test("name the peer in the path, safely, and say what was done", async () => {
    const asked: string[] = [];
    const answers: Record<string, unknown> = {
      "DELETE /api/peers/%5Bfd00%3A%3A5%5D%3A8333": { disconnected: 1, forgotten: true },
      "POST /api/peers/..%2Fbans/ban": { host: "10.0.0.1", until: NOW, reason: "" },
      "DELETE /api/peers/10.0.0.1/ban": { host: "10.0.0.1", lifted: true },
    };
    const fetch = async (url: string, { method, body }: RequestInit) => {
      const { pathname } = new URL(url);
      asked.push(`${method} ${pathname} ${body}`);
      return Response.json(answers[`${method} ${pathname}`]);
    };
    const url = ["--url", "http://127.0.0.1:1"];
    const gone = await run(["disconnect", "[fd00::5]:8333", ...url], { fetch });
    expect(gone.stdout.text).toBe("1 connection ended; it is no longer kept\n");
    const banned = await run(["ban", "../bans", "--hours", "2", "--reason", "why", ...url], {
      fetch,
    });
    expect(banned.stdout.text).toContain("10.0.0.1 is banned until");
    const lifted = await run(["unban", "10.0.0.1", ...url], { fetch });
    expect(lifted.stdout.text).toBe("10.0.0.1 may connect again\n");
    expect([gone.code, banned.code, lifted.code]).toEqual([0, 0, 0]);
    expect(asked[1]).toContain('{"seconds":7200,"reason":"why"}');
  });

  test("ban without a name lists the bans", async () => {
    const bans = [{ host: "10.0.0.1", until: NOW + 7_200_000, reason: "floods" }];
    const discouraged = [{ host: "10.0.0.2", secondsLeft: 60 }];
    await using node = fakeNode({ "GET /api/peers/bans": { bans, discouraged, cursor: null } });
    const { code, stdout } = await run(["ban", "--url", node.url]);
    expect(code).toBe(0);
    expect(stdout.lines.slice(1)).toEqual([
      "10.0.0.1  in 2 h    floods",
      "10.0.0.2  in 1 min  misbehaved",
    ]);
    await using empty = fakeNode({
      "GET /api/peers/bans": { bans: [], discouraged: [], cursor: null },
    });
    expect((await run(["ban", "--url", empty.url])).stdout.text).toBe("Nobody is banned\n");
  });

  test("without a name are called wrongly", async () => {
    for (const command of ["disconnect", "unban"]) expect((await run([command])).code).toBe(2);
    expect((await run(["ban", "1", "--hours", "0"])).code).toBe(2);
  });
});
