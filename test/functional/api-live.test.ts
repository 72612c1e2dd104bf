/**
 * The push API of whole nodes, by real sockets: what is told and in which order, what is told again,
 * and what clients who mean harm, or never read, cannot do.
 *
 * Limits one by one, on a clock turned by hand, are in unit/api/live-hub.test.ts.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { MEMPOOL_INTERVAL_MS } from "../../src/api/live-feed.ts";
import { MAX_LIVE_CLIENTS, MAX_LIVE_MESSAGE_BYTES } from "../../src/api/live-hub.ts";
import type { Node } from "../../src/node/node.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import {
  ANYONE_BY_WITNESS,
  Branch,
  coinOf,
  QUICK,
  type SpendableCoin,
  spend,
} from "../support/chain-builder.ts";
import { fundedCoins } from "../support/doors.ts";
import { findMismatches } from "../support/json-schema.ts";
import { askForSocket, LiveListener, type RawSocket, type Told } from "../support/live-client.ts";
import {
  joinTestNode,
  type RunningApi,
  type RunningNode,
  startTestApi,
  startTestNode,
} from "../support/test-node.ts";
import { until } from "../support/until.ts";

let running: RunningNode;
let node: Node;
let api: RunningApi;
let port: number;
let trunk: Branch;

beforeEach(async () => {
  running = await startTestNode({ network: QUICK });
  node = running.node;
  api = await startTestApi(node);
  port = api.server.port;
  trunk = new Branch(QUICK).mine(1);
});

afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

function offer(blocks: readonly Block[]): void {
  for (const block of blocks) {
    expect(["connected", "side-branch"]).toContain(node.submitBlock(block).status);
  }
}

function accept(...txs: readonly Transaction[]): void {
  for (const tx of txs) expect(node.submitTransaction(tx).status).toBe("accepted");
}

const pay = (coin: SpendableCoin, fee = 1_000) => spend([coin], { fee, script: ANYONE_BY_WITNESS });

/** A chain of payments of one coin, at most as long as the mempool takes. */
function payments(coin: SpendableCoin, count: number): Transaction[] {
  const txs: Transaction[] = [];
  for (let at = coin; txs.length < count; at = coinOf(txs.at(-1)!)) txs.push(pay(at));
  return txs;
}

/** Resolves once `listener` was told everything that has happened. */
async function caughtUp(listener: LiveListener): Promise<void> {
  const { seq } = await listener.ask({ op: "ping" });
  const wanted = listener.answers.findLast(({ op }) => op === "subscribed")?.topics ?? [];
  // Whoever wants every topic gets every number.
  if (wanted.length >= 7) {
    await until("all events", () => (listener.events.at(-1)?.seq ?? 0) >= seq, 10_000);
  }
}

const EVERYTHING = ["blocks", "transactions", "mempool", "peers", "mining", "stats", "reorgs"];

/** Fails unless all that was told is as the API's document says. */
async function expectAsDescribed(told: readonly Told[]): Promise<void> {
  const document = (await (await api.fetch("/swagger/json")).json()) as any;
  const { schema } = document.paths["/ws"].get.responses["101"].content["application/json"];
  expect(told.length).toBeGreaterThan(0);
  const choices = schema.anyOf.map(({ $ref }: { $ref: string }) => $ref.split("/").at(-1));
  expect(choices).toEqual([
    "LiveEvent",
    "LiveSubscribed",
    "LiveUnsubscribed",
    "LivePong",
    "LiveGap",
    "LiveError",
  ]);
  for (const message of told) expect(findMismatches(schema, message, document)).toEqual([]);
}

describe("events", () => {
  test("of all topics have every number, rising by one, and are as the document says", async () => {
    await using all = await LiveListener.connect(port, ...EVERYTHING);
    const coins = fundedCoins(trunk, 4);
    offer(trunk.blocks);
    const [a, b, c] = coins.map((coin) => pay(coin));
    accept(a!, b!, c!);
    accept(spend([coins[0]!], { fee: 50_000, script: ANYONE_BY_WITNESS }));
    offer(trunk.mine({ transactions: [b!] }).after(trunk.height - 1));
    await node.miner.mine(1);
    await until("figures", () => all.named("stats").length > 1);
    await until("the mempool", () => all.named("mempool-changed").length > 0);
    await caughtUp(all);

    const seqs = all.events.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => seqs[0] + index));
    expect(seqs[0]).toBe(all.answers[0].seq + 1);
    expect(all.named("block-connected").map(({ data }) => data.height)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(all.named("transaction-accepted").map(({ data }) => data.txid)).toHaveLength(4);
    expect(all.named("transaction-removed").map(({ data }) => [data.txid, data.reason])).toEqual(
      expect.arrayContaining([
        [a!.txid, "replaced"],
        [b!.txid, "block"],
      ]),
    );
    await all.askText("nonsense");
    await all.ask({ op: "unsubscribe", topics: ["stats"] });
    await expectAsDescribed(all.told);
  });

  test("carry the REST views, so that a client can take either", async () => {
    await using blocks = await LiveListener.connect(port, "blocks", "transactions");
    const [coin] = fundedCoins(trunk, 1);
    offer(trunk.blocks);
    const tx = pay(coin!, 1_234);
    accept(tx);
    const [accepted] = await until("it", () => atLeast(blocks.named("transaction-accepted"), 1));
    const listed = (await (await api.fetch("/api/transactions")).json()) as any;
    const { outputs, ...view } = accepted!.data;
    expect(view).toEqual(listed.transactions[0]);
    expect(outputs).toEqual([
      {
        index: 0,
        address: formatAddress(ANYONE_BY_WITNESS, QUICK.addressPrefixes),
        amount: tx.outputs[0]!.value,
      },
    ]);

    await node.miner.mine(1);
    const told = await until("the block", () => atLeast(blocks.named("block-connected"), 5));
    const { data } = told.at(-1)!;
    const rest = (await (await api.fetch(`/api/block/${data.hash}`)).json()) as any;
    const { transactions, cursor, ...summary } = rest;
    expect(data).toEqual(summary);
    expect(data).toMatchObject({ transactionCount: 2, totalFees: 1_234, miner: { tag: "test" } });
  });

  test("of the mempool as a whole come at most four times a second", async () => {
    await using client = await LiveListener.connect(port, "mempool", "transactions");
    const coins = fundedCoins(trunk, 40);
    offer(trunk.blocks);
    for (const coin of coins) {
      accept(pay(coin));
      await Bun.sleep(20);
    }
    await until("the last", () =>
      client.named("mempool-changed").some(({ data }) => data.count === coins.length),
    );
    const times = client.named("mempool-changed").map(({ time }) => time);
    expect(client.named("transaction-accepted")).toHaveLength(coins.length);
    expect(times.length).toBeGreaterThan(1);
    for (const [index, time] of times.entries()) {
      if (index > 0)
        expect(time - times[index - 1]).toBeGreaterThanOrEqual(MEMPOOL_INTERVAL_MS - 5);
    }
  });

  test("of a reorganisation come in its order, and say what became of the payments", async () => {
    const [a, b, c] = fundedCoins(trunk, 3);
    const both = pay(a!);
    const back = pay(b!);
    const contradicted = pay(c!);
    const left = trunk.fork().mine({ transactions: [both, back] });
    left.mine({ transactions: [contradicted] });
    const right = trunk.fork().mine({ transactions: [both, pay(c!, 7_000)] });
    right.mine(2);
    offer(left.blocks);
    await using client = await LiveListener.connect(port, "blocks", "reorgs", "transactions");
    offer(right.after(trunk.height));
    await until("the reorganisation", () => client.named("reorg").length > 0);

    const moves = client.events.filter(({ topic }) => topic !== "transactions");
    const [l1, l2] = left.after(trunk.height);
    const [r1, r2, r3] = right.after(trunk.height);
    expect(moves.map(({ event, data }) => [event, data.hash])).toEqual([
      ["block-disconnected", l2!.hash],
      ["block-disconnected", l1!.hash],
      ["block-connected", r1!.hash],
      ["block-connected", r2!.hash],
      ["block-connected", r3!.hash],
      ["reorg", undefined],
    ]);
    expect(moves.at(-1)!.data).toEqual({
      oldTip: { hash: l2!.hash, height: left.height },
      newTip: { hash: r3!.hash, height: right.height },
      ancestor: { hash: trunk.tip.hash, height: trunk.height },
      depth: 2,
      disconnected: [l2!.hash, l1!.hash],
      connected: [r1!.hash, r2!.hash, r3!.hash],
      displaced: {
        confirmed: 1,
        waiting: 1,
        dropped: 1,
        droppedTxids: [contradicted.txid],
        unknown: 0,
      },
    });
    expect(client.named("transaction-accepted").map(({ data }) => data.txid)).toEqual([back.txid]);
    const disconnected = client.named("block-disconnected")[0]!.data;
    expect(disconnected).toMatchObject({ status: "stale", confirmations: 0 });
    await expectAsDescribed(client.told);
  });

  test("of an address tell its payments from the mempool to a block and back", async () => {
    const address = formatAddress(running.key.scriptPubKey, QUICK.addressPrefixes)!;
    const [coin] = fundedCoins(trunk, 1);
    offer(trunk.blocks);
    await using client = await LiveListener.connect(port, `address:${address.toUpperCase()}`);
    expect(client.answers[0].topics).toEqual([`address:${address}`]);
    const tx = spend([coin!], { fee: 1_000, script: running.key.scriptPubKey });
    accept(tx);
    const left = trunk.fork().mine({ transactions: [tx] });
    offer([left.tip]);
    const right = trunk.fork().mine(2);
    offer(right.after(trunk.height));
    await until("its return", () => client.events.length >= 4);
    const value = tx.outputs[0]!.value;
    const there = { address, txid: tx.txid, received: value, sent: 0 };
    const inBlock = { blockHash: left.tip.hash, blockHeight: left.height };
    expect(client.events.map(({ event, data }) => [event, data])).toMatchObject([
      ["address-touched", { ...there, status: "mempool", blockHash: null }],
      ["address-touched", { ...there, status: "confirmed", ...inBlock }],
      ["address-touched", { ...there, status: "abandoned", ...inBlock }],
      ["address-touched", { ...there, status: "mempool", blockHash: null }],
    ]);
    // Blocks that pay it, and nothing else.
    await node.miner.mine(1);
    await until("the reward", () => client.events.some(({ data }) => data.txid !== tx.txid));
    await expectAsDescribed(client.told);
  });

  test("of peers tell who came and who went", async () => {
    await using client = await LiveListener.connect(port, "peers", "stats");
    await using other = await startTestNode({ network: QUICK });
    const address = await joinTestNode(node, { name: "one" });
    await joinTestNode(other.node, { name: "two", manualPeers: [addressOf(address)] });
    const [came] = await until("a peer", () => atLeast(client.named("peer-connected"), 1));
    expect(came!.data).toMatchObject({ direction: "inbound", name: "two" });
    await other.node.stop();
    const [went] = await until("its end", () => atLeast(client.named("peer-disconnected"), 1));
    expect(went!.data).toMatchObject({ id: came!.data.id, reason: "closed-by-peer" });
    await expectAsDescribed(client.told);
  });

  test("of mining come each second while there is work, and once more at its end", async () => {
    await using other = await startTestNode({ difficulty: 6, network: "lab", mining: true });
    await using otherApi = await startTestApi(other.node);
    await using client = await LiveListener.connect(otherApi.server.port, "mining");
    await until("progress", () => client.named("mining-progress").length >= 2);
    const { data } = client.events.at(-1)!;
    expect(data).toMatchObject({ running: true, threads: 1, streams: [{ working: true }] });
    other.node.miner.stop();
    await until("rest", () => client.events.at(-1)!.data.running === false);
  });
});

test("what cannot be told is a gap to clients, and no fault of the engine's", async () => {
  await using client = await LiveListener.connect(port, "blocks", "stats");
  node.explorer.close();
  node.events.emit("joined", { peers: undefined as never });
  await until("the gap", () => client.answers.some(({ op }) => op === "gap"));
  offer(trunk.blocks);
  await until("the block", () => client.named("block-connected").length > 0);
  expect(client.answers.filter(({ op }) => op === "gap")).toHaveLength(1);
});

describe("a client that comes back", () => {
  test("is told exactly what it missed", async () => {
    await using steady = await LiveListener.connect(port, "blocks", "transactions");
    const first = await LiveListener.connect(port, "blocks", "transactions");
    const [a, b] = fundedCoins(trunk, 2);
    offer(trunk.blocks);
    accept(...payments(a!, 10));
    await until("the first part", () => first.events.length >= trunk.height + 10);
    await first.close();
    accept(...payments(b!, 10));
    await node.miner.mine(2);
    const { boot } = first.answers[0];
    const since = first.events.at(-1)!.seq;
    await using second = await LiveListener.connect(port);
    second.say(
      JSON.stringify({ op: "subscribe", topics: ["blocks", "transactions"], since, boot }),
    );
    await node.miner.mine(1);
    const heights = (listener: LiveListener) =>
      listener.named("block-connected").some(({ data }) => data.height === trunk.height + 3);
    await until("the end", () => heights(steady) && heights(second));
    expect([...first.events, ...second.events]).toEqual(steady.events);
    expect(second.answers.map(({ op }) => op)).toEqual(["subscribed"]);
  });

  test("after a restart is told of a gap", async () => {
    const first = await LiveListener.connect(port, "blocks");
    offer(trunk.blocks);
    await until("a block", () => first.events.length > 0);
    const { boot } = first.answers[0];
    const since = first.events.at(-1)!.seq;
    await api[Symbol.asyncDispose]();
    expect(await first.closed).toBe(1001);

    api = await startTestApi(node);
    for (const more of [{}, { boot }]) {
      await using second = await LiveListener.connect(api.server.port);
      const answer = await second.ask({ op: "subscribe", topics: ["blocks"], since, ...more });
      expect(answer.op).toBe("subscribed");
      expect(answer.boot).not.toBe(boot);
      await until("the gap", () => second.answers.length > 1);
      expect(second.answers[1]).toMatchObject({ op: "gap", from: since + 1, to: answer.seq });
    }
  });
});

describe("what means harm", () => {
  test.each([
    ["a page of another site (A-06)", { origin: "https://evil.example" }, 403],
    ["a sandboxed page", { origin: "null" }, 403],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }, 403],
    ["another name for this machine (A-03)", { host: "evil.example" }, 421],
    ["an unspecified address (A-07)", { host: "0.0.0.0" }, 421],
    ["a wrong version", { "sec-websocket-version": "7" }, 426],
    ["a key that is none", { "sec-websocket-key": "x" }, 400],
    ["a wrong token", { authorization: "Bearer wrong" }, 401],
  ])("%s gets no socket", async (_, headers, status) => {
    using raw = await askForSocket(port, headers as Record<string, string>);
    expect(raw.status).toContain(` ${status} `);
  });

  test("a program without an origin, and our own page, get one", async () => {
    for (const headers of [{}, { origin: `http://127.0.0.1:${port}` }]) {
      using raw = await askForSocket(port, headers as Record<string, string>);
      expect(raw.status).toContain(" 101 ");
    }
    const plain = await api.fetch("/ws");
    expect(plain.status).toBe(426);
    expect(await plain.json()).toMatchObject({ code: "upgrade-needed" });
  });

  test("messages too many or too long end the connection, and no other", async () => {
    await using steady = await LiveListener.connect(port, "blocks");
    const flooding = await LiveListener.connect(port);
    for (let round = 0; round < 500; round++) flooding.say('{"op":"ping"}');
    expect(await flooding.closed).toBe(1008);
    const long = await LiveListener.connect(port);
    expect(await long.askText("x".repeat(MAX_LIVE_MESSAGE_BYTES))).toMatchObject({
      code: "json-syntax",
    });
    long.say("x".repeat(MAX_LIVE_MESSAGE_BYTES + 1));
    expect(await long.closed).toBe(1009);
    expect((await steady.ask({ op: "ping" })).op).toBe("pong");
  });

  test("bad messages get an answer, and the next good one too", async () => {
    await using client = await LiveListener.connect(port);
    const cases: [string | Uint8Array<ArrayBuffer>, string][] = [
      ["{", "json-syntax"],
      ['{"op":"ping","__proto__":{"op":"x"}}', "json-forbidden-key"],
      ['{"op":"subscribe","topics":["constructor"]}', "unknown-topic"],
      [
        '{"op":"subscribe","topics":["address:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"]}',
        "bad-address-network",
      ],
      [new Uint8Array(8), "not-text"],
    ];
    for (const [text, code] of cases) {
      expect(await client.askText(text)).toMatchObject({ op: "error", code });
    }
    expect((await client.ask({ op: "ping" })).op).toBe("pong");
  });

  test("there are so many places, and one again when somebody goes", async () => {
    const raws: RawSocket[] = [];
    try {
      // Those that are refused hold none.
      for (const headers of [{ "sec-websocket-key": "x" }, { "sec-websocket-version": "7" }]) {
        using raw = await askForSocket(port, headers as Record<string, string>);
        expect(raw.status).not.toContain(" 101 ");
      }
      for (let count = 0; count < MAX_LIVE_CLIENTS; count++) raws.push(await askForSocket(port));
      expect(raws.every(({ status }) => status.includes(" 101 "))).toBeTrue();
      using refused = await askForSocket(port);
      expect(refused.status).toContain(" 503 ");
      expect((await api.fetch("/api/status")).status).toBe(200);
      raws.pop()![Symbol.dispose]();
      await until("a place", async () => {
        using raw = await askForSocket(port);
        return raw.status.includes(" 101 ");
      });
    } finally {
      for (const raw of raws) raw[Symbol.dispose]();
    }
  });
});

describe("a hundred clients, ten of which never read (A-18)", () => {
  test("the ten are closed, and cost neither memory nor the others anything", async () => {
    const silentCount = 10;
    const coins = fundedCoins(trunk, 20);
    offer(trunk.blocks);
    await using reader = await LiveListener.connect(port, "transactions");
    const steady = await Promise.all(
      Array.from({ length: MAX_LIVE_CLIENTS - silentCount - 1 }, () =>
        LiveListener.connect(port, "blocks"),
      ),
    );
    const silent = (await openSockets(silentCount)) ?? [];
    expect(silent).toHaveLength(silentCount);
    const everything = JSON.stringify({ op: "subscribe", topics: EVERYTHING });
    for (const raw of silent) raw.send(everything);

    // Counted and forgotten: this process is the node's, too.
    let seen = 0;
    let gaps = 0;
    const readOn = () => {
      for (const { op, event } of reader.told.splice(0)) {
        if (op === "gap") gaps += 1;
        if (event === "transaction-accepted") seen += 1;
      }
      return seen;
    };

    // Each payment is replaced by a dearer one, so that the mempool stays small.
    let isDone = false;
    let accepted = 0;
    const flow = (async () => {
      for (let fee = 10_000; !isDone; fee += 5_000) {
        for (const coin of coins) {
          accept(spend([coin], { fee, count: 60, script: ANYONE_BY_WITNESS }));
          accepted += 1;
        }
        readOn();
        await Bun.sleep(25);
      }
    })();
    await until("some events", () => accepted >= 500);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    // What is seen of their end: as many others find a place.
    const others = await until("their places", () => openSockets(silentCount), 60_000);
    isDone = true;
    await flow;
    Bun.gc(true);
    const grown = process.memoryUsage.rss() - before;

    await until("all", () => readOn() === accepted);
    expect(gaps).toBe(0);
    offer(trunk.mine(1).after(trunk.height - 1));
    for (const client of steady) {
      await until("the block", () => client.events.length > 0);
      expect(client.answers).toHaveLength(1);
      await client.close();
    }
    for (const raw of [...silent, ...others]) raw[Symbol.dispose]();
    // The log of events, and what lies about; kept for each of the ten it would be half a gigabyte.
    expect(grown).toBeLessThan(160 * 1024 * 1024);
  }, 90_000);
});

/** Opens `count` sockets by hand; undefined if there is no place for all of them. */
async function openSockets(count: number): Promise<RawSocket[] | undefined> {
  const opened: RawSocket[] = [];
  for (let index = 0; index < count; index++) {
    const raw = await askForSocket(port);
    opened.push(raw);
    if (raw.status.includes(" 101 ")) continue;
    for (const other of opened) other[Symbol.dispose]();
    return undefined;
  }
  return opened;
}

function atLeast<Item>(items: readonly Item[], count: number): readonly Item[] | undefined {
  return items.length >= count ? items : undefined;
}

function addressOf(text: string): { host: string; port: number } {
  const [host = "", portText = ""] = text.split(":");
  return { host, port: Number(portText) };
}
