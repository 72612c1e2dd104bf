/**
 * The commands that ask a node, against a fake one: what they ask, show and return.
 */

import { describe, expect, test } from "bun:test";
import type {
  BlockAnswer,
  BlockSummary,
  MempoolAnswer,
  StatusAnswer,
  TransactionAnswer,
} from "../../../src/cli/api-answers.ts";
import { fakeNode, NOW, problem, run } from "./fake-world.ts";

const TIME = NOW / 1_000;
const TXID = "ab".repeat(32);

function summaryOf(height: number, changes: Partial<BlockSummary> = {}): BlockSummary {
  const hash = height.toString(16).padStart(64, "0");
  return {
    hash,
    height,
    version: 0x20000000,
    previousHash: height === 0 ? null : (height - 1).toString(16).padStart(64, "0"),
    merkleRoot: "cd".repeat(32),
    time: TIME - 60 * (10 - height),
    bits: "207fffff",
    nonce: 7,
    difficulty: 1.5,
    target: "7f".repeat(32),
    chainwork: "02".padStart(64, "0"),
    size: 285,
    weight: 1140,
    transactionCount: 1,
    totalFees: 0,
    subsidy: 5_000_000_000,
    miner: { tag: "cairn", address: "crn1qexample" },
    confirmations: 1,
    status: "active",
    receivedAt: TIME,
    nextHash: null,
    ...changes,
  };
}

function transactionOf(changes: Partial<TransactionAnswer> = {}): TransactionAnswer {
  return {
    txid: TXID,
    wtxid: TXID,
    version: 2,
    lockTime: 0,
    size: 222,
    virtualSize: 141,
    weight: 561,
    fee: 141,
    feerate: 1,
    status: "confirmed",
    confirmations: 3,
    blockHash: "00".repeat(32),
    blockHeight: 8,
    timestamp: (TIME - 30) * 1_000,
    inputs: [{ txid: "ef".repeat(32), vout: 1, address: "crn1qfrom", amount: 5_000_000_000 }],
    outputs: [
      { index: 0, address: "crn1qto", amount: 4_999_999_859, type: "p2wpkh", spentBy: null },
      { index: 1, address: null, amount: 0, type: "nulldata", spentBy: null },
    ],
    ...changes,
  };
}

const COINBASE = transactionOf({
  fee: null,
  feerate: null,
  timestamp: null,
  inputs: [{ txid: "00".repeat(32), vout: 0xffffffff, address: null, amount: null }],
});

const SYNCED: StatusAnswer["sync"] = {
  state: "synced",
  progress: 1,
  isSyncing: false,
  headers: 9,
  blocksPerSecond: 0,
  estimatedSeconds: null,
};

function statusOf(changes: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    name: "lab-1",
    version: "0.1.0",
    network: "cairn",
    genesis: "00".repeat(32),
    height: 9,
    tip: "9".padStart(64, "0"),
    tipTime: TIME - 12,
    chainwork: "0a".padStart(64, "0"),
    difficulty: 1.5,
    bits: "207fffff",
    target: "7f".repeat(32),
    hashrate: { own: 2_412_345, network: 5_000_000 },
    mempool: { count: 2, bytes: 2048, minFeerate: 1 },
    nodeId: `02${"ab".repeat(32)}`,
    nodeName: "ada",
    p2pPort: 8_333,
    peers: { inbound: 2, outbound: 1, total: 3 },
    alone: null,
    sync: SYNCED,
    mining: { running: true, threads: 2, address: "crn1qminer", blocksFound: 4 },
    signatures: "native",
    uptimeSeconds: 7500,
    memoryBytes: 1024 ** 2,
    databaseBytes: 1024,
    warnings: [],
    ...changes,
  };
}

describe("cairn status", () => {
  test("shows the node on one screen", async () => {
    await using node = fakeNode({ "GET /api/status": statusOf() });
    const { code, stdout, stderr } = await run(["status", "--url", node.url]);
    expect(code).toBe(0);
    expect(stderr.text).toBe("");
    for (const part of ["height 9", "12 s ago", "2.41 MH/s", "2 threads", "2 transactions"]) {
      expect(stdout.text).toContain(part);
    }
    expect(stdout.text).not.toContain("Warnings");
  });

  test("works at height 0 without peers, address or hash rate", async () => {
    const bare = statusOf({
      height: 0,
      hashrate: { own: 0, network: 0 },
      mining: { running: false, threads: 0, address: null, blocksFound: 0 },
      nodeId: null,
      nodeName: "",
      p2pPort: null,
      peers: { inbound: 0, outbound: 0, total: 0 },
      alone: { reasons: [], advice: "Wait." },
      sync: { ...SYNCED, state: "syncing", progress: 0, isSyncing: true },
    });
    await using node = fakeNode({ "GET /api/status": bare });
    expect((await run(["status", "--url", node.url])).code).toBe(0);
  });

  test("shows how far it has caught up, and when it will have", async () => {
    const sync = {
      state: "syncing",
      progress: 0.25,
      isSyncing: true,
      headers: 4_000,
      blocksPerSecond: 50,
      estimatedSeconds: 60,
    };
    await using node = fakeNode({ "GET /api/status": statusOf({ height: 1_000, sync }) });
    const { stdout } = await run(["status", "--url", node.url]);
    expect(stdout.text).toContain("syncing 25 %");
    expect(stdout.text).toContain(`[${"#".repeat(6)}${"-".repeat(18)}] 1,000 of 4,000 blocks`);
    expect(stdout.text).toContain("50 a second, about 1 min left");
  });

  test("shows peers, and why there may be none", async () => {
    await using node = fakeNode({ "GET /api/status": statusOf() });
    const among = await run(["status", "--url", node.url]);
    expect(among.stdout.text).toContain("2 inbound, 1 outbound; accepted at port 8333");
    expect(among.stdout.text).not.toContain("no peers");

    const alone = {
      reasons: [{ code: "nothing-heard", detail: "No other node can be heard \x1b[2Jnearby." }],
      advice: "If you know where another node is: cairn connect IP:PORT.",
    };
    await using lonely = fakeNode({ "GET /api/status": statusOf({ alone }) });
    const { stdout } = await run(["status", "--url", lonely.url]);
    expect(stdout.text).toContain("Why there are no peers");
    expect(stdout.text).toContain("(nothing-heard)");
    expect(stdout.text).toContain("cairn connect IP:PORT");
    expect(stdout.text).not.toContain("\x1b");
  });

  test("shows warnings, cleansed", async () => {
    await using node = fakeNode({ "GET /api/status": statusOf({ warnings: ["disk\x1b[2J low"] }) });
    const { stdout } = await run(["status", "--url", node.url]);
    expect(stdout.text).toContain("Warnings");
    expect(stdout.text).not.toContain("\x1b");
  });

  test("prints the node's own JSON for programs, to the letter", async () => {
    const text = '{ "height": 9,\n"later": [1.50] }';
    await using node = fakeNode({ "GET /api/status": new Response(text) });
    const { code, stdout } = await run(["status", "--url", node.url, "--json"]);
    expect(code).toBe(0);
    expect(stdout.text).toBe(`${text}\n`);
  });

  test("takes the address from CAIRN_URL, and rather from --url", async () => {
    await using node = fakeNode({ "GET /api/status": statusOf() });
    const environment = { CAIRN_URL: node.url };
    expect((await run(["status"], { environment })).code).toBe(0);
    const dead = { CAIRN_URL: "http://127.0.0.1:1" };
    expect((await run(["status", "--url", `${node.url}/`], { environment: dead })).code).toBe(0);
  });

  test("fails with one line when no node answers", async () => {
    await using node = fakeNode({});
    const { url } = node;
    await node[Symbol.asyncDispose]();
    const { code, stdout, stderr } = await run(["status", "--url", url]);
    expect(code).toBe(1);
    expect(stdout.text).toBe("");
    expect(stderr.lines).toHaveLength(1);
    expect(stderr.text).toContain("cairn start");
  });
});

describe("cairn chain", () => {
  test("shows a block a line, newest first, with the interval to its parent", async () => {
    const blocks = [
      summaryOf(9),
      summaryOf(8, { miner: { tag: null, address: null } }),
      summaryOf(7, { time: TIME }),
      summaryOf(0),
    ];
    await using node = fakeNode({ "GET /api/blockchain": { height: 9, blocks, cursor: "0" } });
    const { code, stdout } = await run(["chain", "--url", node.url, "--limit", "4"]);
    expect(code).toBe(0);
    expect(node.asked[0]?.path).toBe("/api/blockchain?limit=4");
    expect(stdout.lines[1]).toMatch(/^ +9 +1 min ago +1 min +1 +285 B +cairn +0{9}…0{8}9$/);
    expect(stdout.lines[2]).toContain("-2 min");
    expect(stdout.text).toContain("--cursor 0");
  });

  test("asks for an older page by its cursor, and names none at the end", async () => {
    const answer = { height: 0, blocks: [summaryOf(0)], cursor: null };
    await using node = fakeNode({ "GET /api/blockchain": answer });
    const { stdout } = await run(["chain", "--url", node.url, "--cursor", "a&b"]);
    expect(node.asked[0]?.path).toBe("/api/blockchain?limit=15&cursor=a%26b");
    expect(stdout.text).not.toContain("--cursor");
  });
});

describe("cairn block", () => {
  const block: BlockAnswer = { ...summaryOf(9), transactions: [COINBASE, transactionOf()] };

  test("shows header and transactions by height, and by hash in either case", async () => {
    const hash = "AB".repeat(32);
    await using node = fakeNode({
      "GET /api/block/9": block,
      [`GET /api/block/${hash.toLowerCase()}`]: block,
    });
    for (const name of ["9", hash]) {
      const { code, stdout } = await run(["block", name, "--url", node.url]);
      expect(code).toBe(0);
      for (const part of ["Block 9", block.merkleRoot, "0x20000000", "50.00000000 coins", TXID]) {
        expect(stdout.text).toContain(part);
      }
    }
  });

  test("shows the tip when none is named", async () => {
    const { tip } = statusOf();
    await using node = fakeNode({
      "GET /api/status": statusOf(),
      [`GET /api/block/${tip}`]: block,
    });
    expect((await run(["block", "--url", node.url])).code).toBe(0);
  });

  test("shows the genesis block, and blocks off the active chain", async () => {
    const genesis = {
      ...summaryOf(0, { status: "stale", confirmations: 0, version: -1 }),
      transactions: [],
    };
    await using node = fakeNode({ "GET /api/block/0": genesis });
    const { code, stdout } = await run(["block", "0", "--url", node.url]);
    expect(code).toBe(0);
    expect(stdout.text).toContain("stale");
    expect(stdout.text).toContain("0xffffffff");
  });

  test("lists no more transactions than the limit, and says so", async () => {
    await using node = fakeNode({ "GET /api/block/9": block });
    const { stdout } = await run(["block", "9", "--limit", "1", "--url", node.url]);
    expect(stdout.text).toContain("and 1 more transaction;");
  });

  test("fails with the node's reason when there is none", async () => {
    await using node = fakeNode({});
    const { code, stderr } = await run(["block", "10", "--url", node.url]);
    expect(code).toBe(1);
    expect(stderr.text).toContain("not-found");
  });
});

describe("cairn tx", () => {
  test("shows what it spends and pays, confirmed, waiting or coinbase", async () => {
    const waiting = {
      status: "mempool",
      blockHash: null,
      blockHeight: null,
      confirmations: 0,
    } as const;
    for (const transaction of [transactionOf(), transactionOf(waiting), COINBASE]) {
      await using node = fakeNode({ [`GET /api/transactions/${TXID}`]: transaction });
      const { code, stdout } = await run(["tx", TXID.toUpperCase(), "--url", node.url]);
      expect(code).toBe(0);
      for (const part of ["49.99999859", "crn1qto", "no address (nulldata)"]) {
        expect(stdout.text).toContain(part);
      }
    }
  });

  test("sends what is given, or what stands on standard input", async () => {
    await using node = fakeNode({ "POST /api/transactions": { txid: TXID } });
    const flags = ["--url", node.url, "--token", "t"];
    const fromArgument = await run(["tx", "send", "AB00", ...flags]);
    const fromInput = await run(["tx", "send", "-", ...flags], { stdin: "ab\n00\n" });
    expect(fromArgument.code).toBe(0);
    expect(fromInput.code).toBe(0);
    expect(fromInput.stdout.text).toContain(TXID);
    expect(node.asked.map(({ body }) => body)).toEqual(['{"hex":"ab00"}', '{"hex":"ab00"}']);
    expect(node.asked[0]?.headers.get("authorization")).toBe("Bearer t");
    expect(node.asked[0]?.headers.get("content-type")).toBe("application/json");
  });

  test("fails with the node's reason when it refuses", async () => {
    const detail = "An input is spent already.";
    await using node = fakeNode({
      "POST /api/transactions": problem(422, "bad-txns-inputs-missingorspent", detail),
    });
    const { code, stdout, stderr } = await run(["tx", "send", "00", "--url", node.url]);
    expect(code).toBe(1);
    expect(stdout.text).toBe("");
    expect(stderr.text).toContain("bad-txns-inputs-missingorspent");
  });

  test("tests without sending, and returns 1 if it would be refused", async () => {
    const path = "POST /api/transactions/test";
    await using willing = fakeNode({ [path]: { accepted: true, fee: 141 } });
    await using unwilling = fakeNode({ [path]: { accepted: false, code: "x", detail: "no" } });
    for (const flags of [[], ["--json"]]) {
      expect((await run(["tx", "test", "00", "--url", willing.url, ...flags])).code).toBe(0);
      expect((await run(["tx", "test", "00", "--url", unwilling.url, ...flags])).code).toBe(1);
    }
    expect(willing.asked.every((asked) => asked.path === "/api/transactions/test")).toBe(true);
  });

  test("repeats no token in any message", async () => {
    for (const token of ["canary-secret", "canary secret"]) {
      const { stdout, stderr } = await run([
        "tx",
        "send",
        "00",
        "--url",
        "http://127.0.0.1:1",
        "--token",
        token,
      ]);
      expect(stdout.text + stderr.text).not.toContain("canary");
    }
  });
});

describe("cairn mempool", () => {
  const mempool: MempoolAnswer = {
    count: 3,
    bytes: 3000,
    minFeerate: 1,
    histogram: [
      { feerate: 10, count: 1, virtualSize: 141 },
      { feerate: 1, count: 2, virtualSize: 282 },
    ],
    nextBlock: { count: 3, weight: 1692, fees: 1692 },
  };

  test("shows what waits, by feerate", async () => {
    await using node = fakeNode({ "GET /api/mempool": mempool });
    const { code, stdout } = await run(["mempool", "--url", node.url]);
    expect(code).toBe(0);
    expect(stdout.text).toContain("3 transactions waiting");
    expect(stdout.text).toContain(` ${"#".repeat(30)}\n`);
    expect(stdout.text).toContain(` ${"#".repeat(15)}\n`);
  });

  test("shows an empty one", async () => {
    const empty = { ...mempool, count: 0, bytes: 0, histogram: [] };
    await using node = fakeNode({ "GET /api/mempool": empty });
    const { code, stdout } = await run(["mempool", "--url", node.url]);
    expect(code).toBe(0);
    expect(stdout.text).not.toContain("By feerate");
  });
});
