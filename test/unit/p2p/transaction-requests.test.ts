/**
 * What a node makes of what it hears of transactions: whom it asks, what it believes, what it costs
 * those who waste its time. One real node, and peers driven by hand.
 */

import { describe, expect, test } from "bun:test";
import { MAX_ORPHANS_RECONSIDERED } from "../../../src/mempool/mempool.ts";
import { PEER_RATES } from "../../../src/p2p/rate-budget.ts";
import { MAX_ANNOUNCEMENTS } from "../../../src/p2p/request-tracker.ts";
import { orphanAccountOf, UNREQUESTED_COST } from "../../../src/p2p/transaction-relay.ts";
import type { Txid, Wtxid } from "../../../src/primitives/hash-id.ts";
import { makeTransaction, type Transaction } from "../../../src/primitives/transaction.ts";
import {
  type InventoryEntry,
  MSG_TX,
  MSG_WITNESS_TX,
  MSG_WTX,
} from "../../../src/wire/inventory-messages.ts";
import type { Message } from "../../../src/wire/message.ts";
import {
  ANYONE_BY_WITNESS,
  coinOf,
  type SpendableCoin,
  spend,
} from "../../support/chain-builder.ts";
import { coinsFor, HandPeer, type RelayNode, RelayWorld } from "../../support/relay-world.ts";

/** Long enough for a question and its answer. */
const ROUND_TRIP_MS = 20;

function pay(coin: SpendableCoin, fee = 1_000): Transaction {
  return spend([coin], { fee, script: ANYONE_BY_WITNESS });
}

/** `tx` with a witness that does not satisfy the script that it spends: the same txid. */
function spoil(tx: Transaction): Transaction {
  const witness = [Uint8Array.of(0x52)];
  return makeTransaction({ ...tx, inputs: tx.inputs.map((input) => ({ ...input, witness })) });
}

function invOf(...txs: readonly Transaction[]): Message {
  return { command: "inv", entries: txs.map(({ wtxid: hash }) => ({ type: MSG_WTX, hash })) };
}

function txOf(transaction: Transaction): Message {
  return { command: "tx", transaction };
}

/** Answers every request with what of `txs` it names. */
function serve(peer: HandPeer, txs: readonly Transaction[]): void {
  const byHash = new Map<string, Transaction>();
  for (const tx of txs) byHash.set(tx.txid, tx).set(tx.wtxid, tx);
  peer.onMessage = (message) => {
    if (message.command !== "getdata") return;
    for (const { hash } of message.entries) {
      const tx = byHash.get(hash);
      if (tx !== undefined) peer.send(txOf(tx));
    }
  };
}

function worldOf(coinCount: number): {
  world: RelayWorld;
  node: RelayNode;
  coins: SpendableCoin[];
} {
  const world = new RelayWorld();
  const { branch, coins } = coinsFor(coinCount);
  return { world, node: world.addNode().follow(branch), coins };
}

describe("requesting", () => {
  test("asks for what it has not, by the hash that it was told, and tells others once it is in", () => {
    const { world, node, coins } = worldOf(2);
    const modern = world.handPeer(node);
    const old = world.handPeer(node, { wantsWtxids: false });
    const other = world.handPeer(node);
    const [first, second] = coins.map((coin) => pay(coin)) as [Transaction, Transaction];
    serve(modern, [first]);
    serve(old, [second]);
    modern.send(invOf(first));
    old.send({ command: "inv", entries: [{ type: MSG_TX, hash: second.txid }] });
    world.clock.pass(1_000);
    expect(modern.of("getdata")).toEqual([
      { command: "getdata", entries: [{ type: MSG_WTX, hash: first.wtxid }] },
    ]);
    expect(old.of("getdata")).toEqual([
      { command: "getdata", entries: [{ type: MSG_WITNESS_TX, hash: second.txid }] },
    ]);
    expect([node.has(first), node.has(second)]).toEqual([true, true]);
    expect(other.hashes("inv").sort()).toEqual([first.wtxid, second.wtxid].sort());
    expect(node.relay.announcementCount).toBe(0);
  });

  test("asks nobody for what it has, what it refused, or what a block holds", () => {
    const { world, node, coins } = worldOf(4);
    const peer = world.handPeer(node);
    const [waiting, confirmed, poor] = coins.map((coin) => pay(coin)) as Transaction[];
    const cheap = pay(coins[3]!, 0);
    node.submit(waiting!);
    const { branch } = coinsFor(4);
    node.follow(branch.mine({ transactions: [confirmed!], fees: 1_000 }));
    serve(peer, [cheap]);
    peer.send(invOf(waiting!, confirmed!, cheap));
    world.clock.pass(ROUND_TRIP_MS);
    expect(peer.hashes("getdata")).toEqual([cheap.wtxid]);
    peer.send(invOf(waiting!, confirmed!, cheap));
    world.clock.pass(1_000);
    expect(peer.hashes("getdata")).toEqual([cheap.wtxid]);
    // A new block may have changed the verdict.
    node.follow(branch.mine(1));
    peer.send(invOf(confirmed!, cheap, poor!));
    world.clock.pass(1_000);
    expect(peer.hashes("getdata")).toEqual([cheap.wtxid, cheap.wtxid, poor!.wtxid]);
    expect(peer.isClosed).toBe(false);
  });

  test("hears only the kind of hash that was agreed on", () => {
    const { world, node, coins } = worldOf(1);
    const modern = world.handPeer(node);
    const old = world.handPeer(node, { wantsWtxids: false });
    const tx = pay(coins[0]!);
    modern.send({ command: "inv", entries: [{ type: MSG_TX, hash: tx.txid }] });
    old.send(invOf(tx));
    world.clock.pass(1_000);
    expect([modern.hashes("getdata"), old.hashes("getdata")]).toEqual([[], []]);
  });

  test("P-27: gets it from an honest peer when the first to announce it gives nothing", () => {
    const { world, node, coins } = worldOf(1);
    const [bad, good] = [world.handPeer(node), world.handPeer(node)];
    const tx = pay(coins[0]!);
    serve(good, [tx]);
    bad.send(invOf(tx));
    world.clock.pass(ROUND_TRIP_MS);
    expect(bad.hashes("getdata")).toEqual([tx.wtxid]);
    const startMs = world.clock.monotonic();
    good.send(invOf(tx));
    for (let round = 0; round < 20; round++) {
      const hashes = Array.from({ length: 1_000 }, (_, index) => randomHash(world, index));
      bad.send({ command: "inv", entries: hashes.map((hash) => ({ type: MSG_WTX, hash })) });
      bad.send(invOf(tx));
    }
    world.clock.runUntil(() => node.has(tx), 60_000);
    expect(world.clock.monotonic() - startMs).toBeLessThan(6_000);
    expect(good.isClosed).toBe(false);
  });

  test("asks the next peer at once when one says that it has it not", () => {
    const { world, node, coins } = worldOf(1);
    const [first, second] = [world.handPeer(node), world.handPeer(node)];
    const tx = pay(coins[0]!);
    serve(second, [tx]);
    first.onMessage = (message) => {
      if (message.command === "getdata") first.send({ ...message, command: "notfound" });
    };
    first.send(invOf(tx));
    second.send(invOf(tx));
    world.clock.pass(100);
    expect(node.has(tx)).toBe(true);
  });

  test("asks others for what a peer that left had announced", () => {
    const { world, node, coins } = worldOf(1);
    const [first, second] = [world.handPeer(node), world.handPeer(node)];
    const tx = pay(coins[0]!);
    serve(second, [tx]);
    first.send(invOf(tx));
    world.clock.pass(ROUND_TRIP_MS);
    second.send(invOf(tx));
    world.clock.pass(ROUND_TRIP_MS);
    expect(node.has(tx)).toBe(false);
    first.close();
    world.clock.pass(100);
    expect(node.has(tx)).toBe(true);
  });

  test("waits with its questions while its chain is far behind", () => {
    const world = new RelayWorld();
    const { branch, coins } = coinsFor(1);
    let isCatchingUp = true;
    const node = world.addNode({ isCatchingUp: () => isCatchingUp });
    const peer = world.handPeer(node);
    const tx = pay(coins[0]!);
    serve(peer, [tx]);
    peer.send(invOf(tx));
    world.clock.pass(10_000);
    expect(peer.of("getdata")).toEqual([]);
    node.follow(branch);
    isCatchingUp = false;
    world.clock.pass(2_000);
    expect(node.has(tx)).toBe(true);
  });

  test("asks for more than 100 at a time of nobody, and no faster than a peer may send", () => {
    const count = 3_000;
    const { world, node } = worldOf(1);
    const peer = world.handPeer(node);
    const hashes = Array.from({ length: count }, (_, index) => randomHash(world, index));
    peer.send({ command: "inv", entries: hashes.map((hash) => ({ type: MSG_WTX, hash })) });
    world.clock.pass(100);
    expect(peer.hashes("getdata")).toHaveLength(100);
    peer.onMessage = (message) => {
      if (message.command === "getdata") peer.send({ ...message, command: "notfound" });
    };
    peer.send({
      command: "notfound",
      entries: peer.of("getdata").flatMap(({ entries }) => entries),
    });
    world.clock.pass(2_000);
    expect(peer.hashes("getdata")).toEqual(hashes);
    expect(peer.isClosed).toBe(false);
  });
});

describe("requesting, in the long run", () => {
  test("asks for no more of a peer than it may send, and goes on as soon as it may", () => {
    const { world, node } = worldOf(1);
    const peer = world.handPeer(node);
    const { burst, perSecond } = PEER_RATES.transactions;
    let asked = 0;
    let next = 0;
    const announce = (count: number) => {
      const entries = Array.from({ length: count }, () => {
        return { type: MSG_WTX, hash: randomHash(world, next++) } as const;
      });
      peer.send({ command: "inv", entries });
    };
    peer.onMessage = (message) => {
      if (message.command !== "getdata") return;
      asked += message.entries.length;
      peer.send({ ...message, command: "notfound" });
      announce(message.entries.length);
    };
    announce(1_000);
    const startMs = world.clock.monotonic();
    world.clock.runUntil(() => asked > burst + perSecond, 60_000);
    const seconds = (world.clock.monotonic() - startMs) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(1);
    const askedBefore = asked;
    world.clock.pass(2_000);
    expect(asked - askedBefore).toBeGreaterThan(1.8 * perSecond);
    expect(asked - askedBefore).toBeLessThan(2.2 * perSecond);
    expect(peer.isClosed).toBe(false);
  });

  test("a peer that answers again is asked again as any other", () => {
    const world = new RelayWorld();
    const { branch, coins } = coinsFor(30);
    let mustWait = false;
    const node = world.addNode({ isCatchingUp: () => mustWait }).follow(branch);
    const [late, other] = [world.handPeer(node), world.handPeer(node)];
    const txs = coins.map((coin) => pay(coin));
    const [first, ...rest] = txs;
    const never = [1, 2, 3, 4].map((index) => randomHash(world, index));
    late.send({ command: "inv", entries: never.map((hash) => ({ type: MSG_WTX, hash })) });
    world.clock.pass(6_000);
    serve(late, txs);
    serve(other, txs);
    late.send(invOf(first!));
    world.clock.pass(1_000);
    expect(node.has(first!)).toBe(true);
    // Both are heard before either is asked, so that chance decides.
    mustWait = true;
    for (const peer of [late, other]) peer.send(invOf(...rest));
    world.clock.pass(2_000);
    mustWait = false;
    world.clock.pass(2_000);
    expect(node.mempool.count).toBe(txs.length);
    const lateCount = late.hashes("getdata").length - never.length - 1;
    expect(lateCount).toBeGreaterThan(5);
    expect(other.hashes("getdata")).toHaveLength(rest.length - lateCount);
  });

  test("what a block brings is not waited for any more", () => {
    const { world, node, coins } = worldOf(1);
    const peer = world.handPeer(node);
    const tx = pay(coins[0]!);
    peer.send(invOf(tx));
    world.clock.pass(ROUND_TRIP_MS);
    expect(node.relay.announcementCount).toBe(1);
    node.follow(coinsFor(1).branch.mine({ transactions: [tx], fees: 1_000 }));
    expect(node.relay.announcementCount).toBe(0);
  });
});

describe("judging", () => {
  test("M-07: a bad copy does not stand in the way of the good one", () => {
    const { world, node, coins } = worldOf(2);
    const [bad, good, old] = [
      world.handPeer(node),
      world.handPeer(node),
      world.handPeer(node, { wantsWtxids: false }),
    ];
    const [first, second] = coins.map((coin) => pay(coin)) as [Transaction, Transaction];
    for (const tx of [first, second]) bad.send(txOf(spoil(tx)));
    world.clock.pass(ROUND_TRIP_MS);
    expect(node.mempool.count).toBe(0);
    serve(good, [first]);
    serve(old, [second]);
    good.send(invOf(first));
    old.send({ command: "inv", entries: [{ type: MSG_TX, hash: second.txid }] });
    world.clock.pass(1_000);
    expect([node.has(first), node.has(second)]).toEqual([true, true]);
  });

  test("M-07: a bad copy given for a txid leaves others to be asked for it", () => {
    const { world, node, coins } = worldOf(1);
    const tx = pay(coins[0]!);
    const [bad, good] = [
      world.handPeer(node, { wantsWtxids: false }),
      world.handPeer(node, { wantsWtxids: false }),
    ];
    bad.onMessage = ({ command }) => {
      if (command === "getdata") bad.send(txOf(spoil(tx)));
    };
    serve(good, [tx]);
    const entries = [{ type: MSG_TX, hash: tx.txid }] as const;
    bad.send({ command: "inv", entries });
    world.clock.pass(ROUND_TRIP_MS);
    good.send({ command: "inv", entries });
    world.clock.pass(100);
    expect(node.has(tx)).toBe(true);
  });

  test("P-17: what only our policy refuses costs nothing, however often", () => {
    const { world, node, coins } = worldOf(150);
    const peer = world.handPeer(node);
    for (const coin of coins) {
      peer.send(txOf(pay(coin, 0)));
      peer.send(txOf(spend([coin], { fee: 1_000, parts: { version: 9 } })));
    }
    const [coin] = coins;
    peer.send(txOf(pay(coin!, 1_000)), txOf(pay(coin!, 1_001)));
    world.clock.pass(5_000);
    expect([node.mempool.count, peer.isClosed]).toEqual([1, false]);
    expect([...node.service.peers].map(({ isDiscouraged }) => isDiscouraged)).toEqual([false]);
  });

  test("transactions that no node would pass on cost their sender the connection", () => {
    const { world, node, coins } = worldOf(10);
    const peer = world.handPeer(node);
    for (const coin of coins) peer.send(txOf(spoil(pay(coin))));
    world.clock.pass(1_000);
    expect([peer.isClosed, node.disconnects]).toEqual([true, ["misbehaving"]]);
    expect(node.mempool.count).toBe(0);
  });

  test("a bad signature now and then is forgiven, many within a minute are not", () => {
    const { world, node, coins } = worldOf(60);
    const peer = world.handPeer(node);
    for (const coin of coins) {
      peer.send(txOf(spoil(pay(coin))));
      world.clock.pass(21_000);
    }
    expect([peer.isClosed, node.submittedByPeers]).toEqual([false, coins.length]);
    for (const coin of coins) {
      peer.send(txOf(spoil(pay(coin, 1_500))));
      world.clock.pass(1_000);
    }
    expect(peer.isClosed).toBe(true);
    expect(node.submittedByPeers).toBeLessThan(coins.length + 10);
  });

  test("P-28: what is pushed unasked is taken up to a share, and then costs its sender", () => {
    const { world, node } = worldOf(1);
    const peer = world.handPeer(node);
    const honest = world.handPeer(node);
    // Nobody has their parents: each would be an orphan.
    const pushed = Array.from({ length: 3_000 }, (_, index) =>
      pay({
        outpoint: { txid: randomHash(world, index) as string as Txid, vout: 0 },
        value: 1_000_000,
        scriptPubKey: ANYONE_BY_WITNESS,
      }),
    );
    for (const tx of pushed) peer.send(txOf(tx));
    world.clock.pass(2_000);
    const { burst, perSecond } = PEER_RATES.transactions;
    const share = burst / UNREQUESTED_COST;
    // Asking for their parents has taken a little of it.
    expect(node.submittedByPeers).toBeGreaterThanOrEqual(share * 0.9);
    expect(node.submittedByPeers).toBeLessThanOrEqual(share + (2 * perSecond) / UNREQUESTED_COST);
    expect([peer.isClosed, node.disconnects]).toEqual([true, ["transaction-flood"]]);
    expect(honest.isClosed).toBe(false);
  });

  test("a notfound that nobody waited for costs a little, however much it names", () => {
    const { world, node } = worldOf(1);
    const peer = world.handPeer(node);
    const entries = Array.from({ length: 1_000 }, (_, index): InventoryEntry => {
      return { type: MSG_WTX, hash: randomHash(world, index) };
    });
    for (let count = 0; count < 50; count++) peer.send({ command: "notfound", entries });
    world.clock.pass(100);
    expect(peer.isClosed).toBe(false);
    for (let count = 0; count < 60; count++) peer.send({ command: "notfound", entries });
    world.clock.pass(100);
    expect(peer.isClosed).toBe(true);
  });

  test("nothing is heard on a line for blocks alone", () => {
    const { world, node, coins } = worldOf(1);
    const peer = new HandPeer(world);
    peer.beDialled(node, "block-relay");
    const tx = pay(coins[0]!);
    peer.send(invOf(tx), txOf(tx));
    world.clock.pass(1_000);
    expect([peer.of("getdata"), node.mempool.count, peer.isClosed]).toEqual([[], 0, false]);
  });
});

describe("orphans", () => {
  test("asks their sender for missing parents, by txid, and takes all when they come", () => {
    const { world, node, coins } = worldOf(2);
    const peer = world.handPeer(node);
    const other = world.handPeer(node);
    const parents = coins.map((coin) => pay(coin));
    const child = spend(
      parents.map((tx) => coinOf(tx)),
      { fee: 1_000, script: ANYONE_BY_WITNESS },
    );
    serve(peer, [child, ...parents]);
    peer.send(invOf(child));
    world.clock.pass(1_000);
    expect(peer.of("getdata").map(({ entries }) => entries)).toEqual([
      [{ type: MSG_WTX, hash: child.wtxid }],
      parents.map(({ txid: hash }) => ({ type: MSG_WITNESS_TX, hash })),
    ]);
    expect([node.mempool.count, node.mempool.orphans.count]).toEqual([3, 0]);
    expect(other.hashes("inv")).toEqual([...parents, child].map(({ wtxid }) => wtxid));
  });

  test("asks another peer that has the child for the parents which the first one withholds", () => {
    const { world, node, coins } = worldOf(1);
    const [bad, good] = [world.handPeer(node), world.handPeer(node)];
    const parent = pay(coins[0]!);
    const child = pay(coinOf(parent));
    serve(good, [parent, child]);
    bad.send(txOf(child));
    world.clock.pass(ROUND_TRIP_MS);
    expect(bad.hashes("getdata")).toEqual([parent.txid]);
    good.send(invOf(child));
    world.clock.pass(6_000);
    expect([node.has(parent), node.has(child)]).toEqual([true, true]);
  });

  test("go with the peer that sent them, and not with another", () => {
    const { world, node, coins } = worldOf(2);
    const [first, second] = [world.handPeer(node), world.handPeer(node)];
    const [one, both] = coins.map((coin) => pay(coinOf(pay(coin)))) as [Transaction, Transaction];
    first.send(txOf(one), txOf(both));
    second.send(txOf(both));
    world.clock.pass(ROUND_TRIP_MS);
    const { orphans } = node.mempool;
    expect(orphans.count).toBe(2);
    first.close();
    world.clock.pass(100);
    expect([orphans.has(one.wtxid), orphans.has(both.wtxid)]).toEqual([false, true]);
    second.close();
    world.clock.pass(100);
    expect([orphans.count, node.relay.size]).toEqual([0, 0]);
  });

  test("are not kept where a parent was refused, or more are missing than can ever get in", () => {
    const { world, node, coins } = worldOf(1);
    const peer = world.handPeer(node);
    // Without a witness the txid is all there is, so the refusal counts for whoever spends it.
    const refused = makeTransaction({
      ...pay(coins[0]!),
      inputs: pay(coins[0]!).inputs.map((input) => ({ ...input, witness: [] })),
    });
    const many = Array.from({ length: 25 }, (_, index) => ({
      outpoint: { txid: randomHash(world, index) as string as Txid, vout: 0 },
      value: 10_000,
      scriptPubKey: ANYONE_BY_WITNESS,
    }));
    peer.send(txOf(refused), txOf(pay(coinOf(refused))), txOf(spend(many, { fee: 5_000 })));
    world.clock.pass(100);
    expect([node.mempool.orphans.count, peer.hashes("getdata")]).toEqual([0, []]);
  });

  test("P-44: are tried again ten at a time, with others' turns in between", () => {
    const { world, node, coins } = worldOf(1);
    const peer = world.handPeer(node);
    const parent = spend([coins[0]!], { fee: 20_000, count: 200, script: ANYONE_BY_WITNESS });
    const children = parent.outputs.map((_, vout) => pay(coinOf(parent, vout)));
    for (const child of children.slice(0, 20)) peer.send(txOf(child));
    world.clock.pass(100);
    for (const child of children.slice(20)) {
      node.mempool.submit(child, {
        keepOrphan: true,
        peer: orphanAccountOf([...node.service.peers][0]!),
      });
    }
    expect(node.mempool.orphans.count).toBe(200);
    let most = 0;
    let before = 0;
    world.clock.afterEvent = () => {
      most = Math.max(most, node.mempool.count - before);
      before = node.mempool.count;
    };
    serve(peer, [parent]);
    peer.send(txOf(parent));
    world.clock.pass(1_000);
    // The parent's descendants are limited, so some of its children are refused.
    expect(node.mempool.orphans.count).toBe(0);
    expect(most).toBeLessThanOrEqual(MAX_ORPHANS_RECONSIDERED);
  });
});

describe("floods", () => {
  test("P-26: a million random hashes neither fill memory nor delay an honest transaction", () => {
    const { world, node, coins } = worldOf(1);
    const flooder = world.handPeer(node);
    const honest = world.handPeer(node);
    const listener = world.handPeer(node);
    const tx = pay(coins[0]!);
    serve(honest, [tx]);
    let largest = 0;
    let submittedAt = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 200 && !flooder.isClosed; round++) {
      const entries = Array.from({ length: 5_000 }, (_, index) => {
        return { type: MSG_WTX, hash: randomHash(world, round * 5_000 + index) } as const;
      });
      flooder.send({ command: "inv", entries });
      if (round === 10) {
        honest.send(invOf(tx));
        submittedAt = world.clock.monotonic();
      }
      world.clock.pass(50);
      largest = Math.max(largest, node.relay.announcementCount);
      if (listener.hashes("inv").length > 0 && submittedAt < Number.POSITIVE_INFINITY) {
        expect(world.clock.monotonic() - submittedAt).toBeLessThan(2_000);
        submittedAt = Number.POSITIVE_INFINITY;
      }
    }
    expect(largest).toBeLessThanOrEqual(MAX_ANNOUNCEMENTS + 1);
    expect(listener.hashes("inv")).toEqual([tx.wtxid]);
    expect([honest.isClosed, listener.isClosed]).toEqual([false, false]);
    expect([flooder.isClosed, node.disconnects]).toEqual([true, ["inventory-flood"]]);
    expect(node.relay.announcementCount).toBe(0);
  });

  test("the same inventory, transaction and notfound again and again change nothing", () => {
    const { world, node, coins } = worldOf(1);
    const peer = world.handPeer(node);
    const tx = pay(coins[0]!);
    serve(peer, [tx]);
    for (let round = 0; round < 500; round++) peer.send(invOf(tx));
    world.clock.pass(1_000);
    for (let round = 0; round < 500; round++) peer.send(txOf(tx), invOf(tx));
    world.clock.pass(1_000);
    expect(peer.hashes("getdata")).toEqual([tx.wtxid]);
    expect([node.mempool.count, peer.isClosed, node.relay.announcementCount]).toEqual([
      1,
      false,
      0,
    ]);
  });

  test("bytes that are no message, or no transaction, end the line and leave nothing", () => {
    const { world, node } = worldOf(1);
    const garbage = world.handPeer(node);
    garbage.sendBytes(world.random.bytes(4_000));
    world.clock.pass(100);
    expect([garbage.isClosed, node.relay.size]).toEqual([true, 0]);
  });
});

describe("fees that are told", () => {
  test("at the start, and again when they change, at most every half minute", () => {
    const world = new RelayWorld();
    const { branch, coins } = coinsFor(60);
    const node = world.addNode({ policy: { maxCount: 20 } }).follow(branch);
    const peer = world.handPeer(node);
    // The same again says nothing.
    world.clock.pass(300_000);
    expect(peer.of("feefilter").map(({ feeRate }) => feeRate)).toEqual([1_000n]);
    const late = world.handPeer(node);
    world.clock.pass(100);
    expect(late.of("feefilter")).toHaveLength(1);
    // A mempool that is full asks for more than what it had to let go.
    for (const [index, coin] of coins.entries()) node.mempool.submit(pay(coin, 1_000 + 50 * index));
    expect(node.mempool.minFeerate()).toBeGreaterThan(2);
    const changedAt = world.clock.monotonic();
    const told: number[] = [];
    peer.onMessage = ({ command }) => {
      if (command === "feefilter") told.push(world.clock.monotonic());
    };
    world.clock.pass(600_000);
    expect(told[0]! - changedAt).toBeLessThanOrEqual(41_000);
    expect(peer.of("feefilter")[1]!.feeRate).toBeGreaterThan(2_000n);
    for (const [index, at] of told.slice(1).entries()) {
      expect(at - told[index]!).toBeGreaterThanOrEqual(29_990);
    }
  });
});

/** Hash number `index` that no transaction has. */
function randomHash(world: RelayWorld, index: number): Wtxid {
  const head = index.toString(16).padStart(8, "0");
  const tail = Array.from({ length: 7 }, () => world.random.u32().toString(16).padStart(8, "0"));
  return (head + tail.join("")) as Wtxid;
}
