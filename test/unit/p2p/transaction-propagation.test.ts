/**
 * Transactions on networks of several nodes: everybody gets every one, for as few messages as may be;
 * halves that were cut come together again; and nothing is left of peers that went.
 */

import { describe, expect, test } from "bun:test";
import { MAX_ANNOUNCEMENTS } from "../../../src/p2p/request-tracker.ts";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import { MSG_WTX } from "../../../src/wire/inventory-messages.ts";
import {
  ANYONE_BY_WITNESS,
  coinOf,
  type SpendableCoin,
  spend,
} from "../../support/chain-builder.ts";
import { coinsFor, type RelayNode, RelayWorld } from "../../support/relay-world.ts";

function pay(coin: SpendableCoin, fee = 1_000): Transaction {
  return spend([coin], { fee, script: ANYONE_BY_WITNESS });
}

/** Submits `count` chains of two transactions, each at a node that chance draws, over `spanMs`. */
function spread(world: RelayWorld, coins: readonly SpendableCoin[], spanMs: number): Transaction[] {
  const all: Transaction[] = [];
  for (const coin of coins) {
    const parent = pay(coin);
    const child = pay(coinOf(parent));
    const node = world.random.pick(world.nodes);
    node.submit(parent);
    node.submit(child);
    all.push(parent, child);
    world.clock.pass(spanMs / coins.length);
  }
  return all;
}

function haveAll(nodes: readonly RelayNode[], txs: readonly Transaction[]): boolean {
  // The count is quickly compared, after each of many events.
  if (nodes.some(({ mempool }) => mempool.count < txs.length)) return false;
  return nodes.every((node) => txs.every((tx) => node.has(tx)));
}

/** Counts what each node has asked for, by counting what is submitted by peers. */
function submissions(nodes: readonly RelayNode[]): number {
  return nodes.reduce((sum, node) => sum + node.submittedByPeers, 0);
}

describe("propagation", () => {
  test("in a full mesh of 8 every transaction reaches everybody once", () => {
    const world = new RelayWorld(3);
    const { branch, coins } = coinsFor(200);
    for (const node of world.addNodes(8)) node.follow(branch);
    world.connectAll();
    const txs = spread(world, coins, 5_000);
    const lastAt = world.clock.monotonic();
    world.clock.runUntil(() => haveAll(world.nodes, txs), 30_000);
    console.log(
      `8 nodes, full mesh: the last of ${txs.length} was everywhere after ` +
        `${(world.clock.monotonic() - lastAt).toFixed(0)} ms; ${messages(world)}`,
    );
    expect(world.clock.monotonic() - lastAt).toBeLessThan(3_000);
    // Nobody was given anything twice.
    expect(submissions(world.nodes)).toBe(txs.length * 7);
    world.clock.pass(20_000);
    expect(submissions(world.nodes)).toBe(txs.length * 7);
    for (const node of world.nodes) {
      expect([node.mempool.count, node.relay.announcementCount]).toEqual([txs.length, 0]);
      expect([node.mempool.orphans.count, node.disconnects]).toEqual([0, []]);
    }
  });

  test("in a random graph of 20 with 50 ms links every transaction reaches everybody within 10 s", () => {
    const link = { latencyMs: [45, 55], bytesPerSecond: 10_000_000, lossPerThousand: 0 } as const;
    const world = new RelayWorld(5, { link });
    const { branch, coins } = coinsFor(100);
    for (const node of world.addNodes(20)) node.follow(branch);
    // A ring, so that nobody is cut off, and four more dials of each.
    for (const [index, from] of world.nodes.entries()) {
      const peers = new Set([world.nodes[(index + 1) % 20]!]);
      while (peers.size < 4) peers.add(world.random.pick(world.nodes));
      peers.delete(from);
      for (const to of peers) world.connect(from, to);
    }
    const seenAt = new Map<string, number[]>();
    const submittedAt = new Map<string, number>();
    for (const { mempool } of world.nodes) {
      mempool.events.on("transaction-accepted", ({ entry }) => {
        const now = world.clock.monotonic();
        const { txid } = entry.tx;
        if (!submittedAt.has(txid)) submittedAt.set(txid, now);
        else seenAt.set(txid, [...(seenAt.get(txid) ?? []), now - submittedAt.get(txid)!]);
      });
    }
    const txs = spread(world, coins, 5_000);
    world.clock.runUntil(() => haveAll(world.nodes, txs), 30_000);
    const delays = [...seenAt.values()].flat().sort((a, b) => a - b);
    const at = (share: number) => delays[Math.floor(delays.length * share)]!.toFixed(0);
    console.log(
      `20 nodes, 50 ms links: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, all ${at(0.9999)} ms; ` +
        messages(world),
    );
    expect(delays).toHaveLength(txs.length * 19);
    expect(delays.at(-1)!).toBeLessThan(10_000);
    expect(submissions(world.nodes)).toBe(txs.length * 19);
    for (const node of world.nodes) expect(node.disconnects).toEqual([]);
    // Hop counts are those of the graph: nobody but who began is at 0.
    for (const tx of txs.slice(0, 20)) {
      const hops = world.nodes.map(({ propagation }) => propagation.find(tx.txid)!.hopCount);
      expect(hops.filter((count) => count === 0)).toHaveLength(1);
      expect(Math.max(...hops)).toBeLessThan(8);
    }
  });

  test("a flood of transactions at one node reaches another whole, over a long line too", () => {
    const count = 8_000;
    const { branch, coins } = coinsFor(count);
    for (const [name, latencyMs] of [
      ["near", [0.2, 2]],
      ["far", [45, 55]],
    ] as const) {
      const link = { latencyMs, bytesPerSecond: 10_000_000, lossPerThousand: 0 };
      const world = new RelayWorld(13, { link });
      const [from, to] = world.addNodes(2) as [RelayNode, RelayNode];
      for (const node of [from, to]) node.follow(branch);
      world.connect(from, to);
      world.clock.pass(1_000);
      for (const coin of coins) from.submit(pay(coin));
      const startMs = world.clock.monotonic();
      let most = 0;
      world.clock.runUntil(() => {
        most = Math.max(most, to.relay.announcementCount);
        return to.mempool.count === count;
      }, 60_000);
      const seconds = (world.clock.monotonic() - startMs) / 1_000;
      console.log(
        `${count} at once, ${name}: ${(count / seconds).toFixed(0)}/s, ${most} announced ahead`,
      );
      expect(most).toBeLessThan(MAX_ANNOUNCEMENTS);
      expect([from.disconnects, to.disconnects]).toEqual([[], []]);
    }
  }, 60_000);

  test("two halves that were cut have the same transactions after they meet", () => {
    const world = new RelayWorld(7);
    const { branch, coins } = coinsFor(60);
    const [a, b, c, d] = world.addNodes(4) as [RelayNode, RelayNode, RelayNode, RelayNode];
    for (const node of world.nodes) node.follow(branch);
    world.connect(a, b);
    world.connect(c, d);
    const left = coins.slice(0, 30).map((coin) => pay(coin));
    const right = coins.slice(30).map((coin) => pay(coin));
    for (const tx of left) a.submit(tx);
    for (const tx of right) d.submit(tx);
    world.clock.pass(5_000);
    expect([a.mempool.count, c.mempool.count]).toEqual([30, 30]);
    world.connect(b, c);
    world.clock.runUntil(() => haveAll(world.nodes, [...left, ...right]), 10_000);
    expect(world.nodes.map(({ mempool }) => mempool.count)).toEqual([60, 60, 60, 60]);
  });

  test("a withholder among honest nodes delays what it announces by one turn at most", () => {
    const world = new RelayWorld(9);
    const { branch, coins } = coinsFor(50);
    const [from, to] = world.addNodes(2) as [RelayNode, RelayNode];
    for (const node of [from, to]) node.follow(branch);
    world.connect(from, to);
    const withholder = world.handPeer(to);
    for (const coin of coins) {
      const tx = pay(coin);
      // It has heard of it elsewhere, before anybody else.
      withholder.send({ command: "inv", entries: [{ type: MSG_WTX, hash: tx.wtxid }] });
      world.clock.pass(10);
      from.submit(tx);
      const startMs = world.clock.monotonic();
      world.clock.runUntil(() => to.has(tx), 10_000);
      expect(world.clock.monotonic() - startMs).toBeLessThan(6_000);
    }
    expect([to.disconnects, from.disconnects]).toEqual([[], []]);
  });
});

describe("what is left", () => {
  test("P-37, P-38: nothing of peers that came, spoke and went, however many", () => {
    const world = new RelayWorld(11);
    const { branch, coins } = coinsFor(3);
    const node = world.addNode().follow(branch);
    const host = world.addHost();
    const tx = pay(coins[0]!);
    const sizes: number[] = [];
    const rounds = 2_000;
    for (let round = 0; round < rounds; round++) {
      const peer = world.handPeer(node, {}, host);
      const hash = round.toString(16).padStart(64, "0") as typeof tx.wtxid;
      const orphan = pay({ ...coins[1]!, outpoint: { txid: hash as never, vout: 0 } });
      peer.send({ command: "inv", entries: [{ type: MSG_WTX, hash }] });
      peer.send({ command: "getdata", entries: [{ type: MSG_WTX, hash }] });
      peer.send({ command: "notfound", entries: [{ type: MSG_WTX, hash }] });
      peer.send({ command: "feefilter", feeRate: BigInt(round) });
      peer.send({ command: "hops", entries: [{ hash: tx.txid, hopCount: 1, elapsedMs: 1 }] });
      peer.send({ command: "tx", transaction: orphan });
      world.clock.pass(10);
      peer.close();
      world.clock.pass(10);
      if (round % (rounds / 4) === 0) sizes.push(node.relay.size);
    }
    expect(sizes).toEqual([0, 0, 0, 0]);
    expect([node.relay.size, node.mempool.orphans.count, node.service.peers.size]).toEqual([
      0, 0, 0,
    ]);
    // A timer for itself would be one for each peer that ever was.
    world.clock.pass(60_000);
    expect(world.clock.eventsWaiting).toBe(0);
  });
});

/** Messages of all nodes together, for the log. */
function messages(world: RelayWorld): string {
  let sent = 0;
  let bytes = 0;
  for (const { service } of world.nodes) {
    for (const { statistics } of service.peers) {
      sent += statistics.messagesSent;
      bytes += statistics.bytesSent;
    }
  }
  return `${sent} messages, ${(bytes / 1024).toFixed(0)} KiB`;
}
