/**
 * Compact blocks: put together from the mempool, completed, or given up for the whole block; and
 * whom we ask to send them.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { TRANSACTIONS_TIMEOUT_MS } from "../../../src/p2p/block-relay.ts";
import { type Block, makeBlock } from "../../../src/primitives/block.ts";
import { makeTransaction, type Transaction } from "../../../src/primitives/transaction.ts";
import { makeCompactBlock } from "../../../src/wire/compact-block.ts";
import {
  MSG_BLOCK,
  MSG_CMPCT_BLOCK,
  MSG_WITNESS_BLOCK,
} from "../../../src/wire/inventory-messages.ts";
import { encodeMessage, type Message } from "../../../src/wire/message.ts";
import { ANYONE_BY_WITNESS, Branch, QUICK, spend } from "../../support/chain-builder.ts";
import { HandPeer, serveBranch } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode } from "../../support/p2p-world.ts";

const worlds: P2pWorld[] = [];

afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

/** A node on a branch that ends in a block to come, and a peer that has said how it relays. */
function stage(count = 5) {
  const world = new P2pWorld({ chain: QUICK });
  worlds.push(world);
  const branch = new Branch(QUICK);
  const value = QUICK.params.subsidy;
  const coinbaseOutputs = [{ value, scriptPubKey: ANYONE_BY_WITNESS }];
  for (let height = 1; height <= 30; height++) branch.mine({ coinbaseOutputs });
  const transactions = Array.from({ length: count }, (_, place) => pay(branch, place + 1, 1_000));
  const [node] = world.addNodes(1, branch) as [WorldNode];
  const peer = serveBranch(new HandPeer(world), branch).connect(node);
  peer.send({ command: "sendcmpct", highBandwidth: false, version: 2n });
  world.pass(100);
  peer.answer = undefined;
  peer.received.length = 0;
  const block = branch.make({ transactions, fees: count * 1_000 });
  return { world, node, peer, branch, transactions, block };
}

/** A payment that a mempool accepts. */
function pay(branch: Branch, height: number, fee: number): Transaction {
  return spend([branch.coinbaseCoin(height)], { fee, script: ANYONE_BY_WITNESS, sequence: 0 });
}

function compactOf(block: Block, nonce = 7n): Message {
  return { command: "cmpctblock", compactBlock: makeCompactBlock(block, nonce) };
}

function fill({ mempool }: WorldNode, transactions: readonly Transaction[]): void {
  for (const tx of transactions) expect(mempool.submit(tx).status).toBe("accepted");
}

function missingOf(block: Block, indexes: readonly number[]): Message {
  const transactions = indexes.map((index) => block.transactions[index]!);
  return { command: "blocktxn", blockHash: block.hash, transactions };
}

/** Asked for whole, with witnesses. */
function wholeRequests(peer: HandPeer, { hash }: Block): number {
  const entries = peer.told("getdata").flatMap((message) => message.entries);
  return entries.filter((entry) => entry.type === MSG_WITNESS_BLOCK && entry.hash === hash).length;
}

describe("BlockRelay", () => {
  test("a block of which the mempool has all is connected without a question", () => {
    const { world, node, peer, transactions, block } = stage();
    fill(node, transactions);
    peer.send(compactOf(block));
    world.untilTip(block.hash);
    expect(node.peers[0]!.statistics.lastBlockAt).toBeGreaterThan(100);
    expect(peer.told("getblocktxn")).toEqual([]);
    expect(peer.told("getdata")).toEqual([]);
    const compactBytes = encodeMessage(compactOf(block)).length;
    expect(compactBytes).toBeLessThan(encodeMessage({ command: "block", block }).length / 2);
  });

  test("some that are missing are asked for by their places", () => {
    const { world, node, peer, transactions, block } = stage();
    fill(node, transactions.slice(0, 3));
    peer.send(compactOf(block));
    const { blockHash, indexes } = peer.untilTold("getblocktxn");
    expect([blockHash, indexes]).toEqual([block.hash, [4, 5]]);
    peer.send(missingOf(block, indexes));
    world.untilTip(block.hash);
    expect(peer.told("getdata")).toEqual([]);
  });

  test("all may be missing", () => {
    const { world, peer, block } = stage();
    peer.send(compactOf(block));
    const { indexes } = peer.untilTold("getblocktxn");
    expect(indexes).toEqual([1, 2, 3, 4, 5]);
    peer.send(missingOf(block, indexes));
    world.untilTip(block.hash);
  });

  test("one that the mempool has just replaced is still found", () => {
    const { world, node, peer, branch, transactions, block } = stage();
    fill(node, transactions);
    fill(node, [pay(branch, 1, 50_000)]);
    expect(node.mempool.has(transactions[0]!.txid)).toBe(false);
    peer.send(compactOf(block));
    world.untilTip(block.hash);
    expect(peer.told("getblocktxn")).toEqual([]);
  });

  test("P-07: colliding ids lead to the whole block, and cost nothing", () => {
    const { world, node, peer, transactions, block } = stage();
    fill(node, transactions);
    const compactBlock = makeCompactBlock(block, 7n);
    const [first] = compactBlock.shortIds;
    const shortIds = compactBlock.shortIds.map(() => first!);
    peer.send({ command: "cmpctblock", compactBlock: { ...compactBlock, shortIds } });
    world.until(() => wholeRequests(peer, block) === 1);
    peer.send({ command: "block", block });
    world.untilTip(block.hash);
    expect(node.losses).toEqual([]);
  });

  test("transactions that do not fit lead to the whole block, and cost nothing", () => {
    for (const places of [[1], [2, 1, 3, 4, 5], [1, 2, 3, 4, 5, 1], []]) {
      const { world, node, peer, block } = stage();
      peer.send(compactOf(block));
      peer.untilTold("getblocktxn");
      peer.send(missingOf(block, places));
      world.until(() => wholeRequests(peer, block) === 1);
      peer.send({ command: "block", block });
      world.untilTip(block.hash);
      expect(node.losses).toEqual([]);
    }
  });

  test("a compact block whose body is another one's leads to the whole block", () => {
    const { world, node, peer, branch, transactions, block } = stage();
    fill(node, transactions);
    const other = branch.make({ transactions: transactions.slice(0, 4), fees: 4_000 });
    const misnamed = makeBlock(block.header, other.transactions);
    peer.send(compactOf(misnamed));
    world.until(() => wholeRequests(peer, block) === 1);
    // Again and again: nobody looks for its transactions any more.
    for (let count = 0; count < 5; count++) peer.send(compactOf(misnamed));
    world.pass(100);
    expect(wholeRequests(peer, block)).toBe(1);
    peer.send({ command: "block", block });
    world.untilTip(block.hash);
    expect(node.losses).toEqual([]);
  });

  test("a compact block with other witnesses than the block's leads to the whole block", () => {
    const { world, node, peer, transactions, block } = stage();
    fill(node, transactions);
    const compactBlock = makeCompactBlock(block, 7n);
    const [coinbase] = block.transactions;
    const inputs = coinbase!.inputs.map((input) => ({ ...input, witness: [new Uint8Array(31)] }));
    const prefilled = [{ index: 0, transaction: makeTransaction({ ...coinbase!, inputs }) }];
    peer.send({ command: "cmpctblock", compactBlock: { ...compactBlock, prefilled } });
    world.until(() => wholeRequests(peer, block) === 1);
    peer.send({ command: "block", block });
    world.untilTip(block.hash);
    expect(node.losses).toEqual([]);
  });

  test("after 2 s without the missing ones the whole block is asked for", () => {
    const { world, peer, block } = stage();
    peer.send(compactOf(block));
    peer.untilTold("getblocktxn");
    world.pass(TRANSACTIONS_TIMEOUT_MS - 100);
    expect(wholeRequests(peer, block)).toBe(0);
    world.pass(200);
    expect(wholeRequests(peer, block)).toBe(1);
    peer.send({ command: "block", block });
    world.untilTip(block.hash);
  });

  test("P-04: who announces a compact block and goes silent is overtaken within 3 s", () => {
    const { world, node, peer, branch, block } = stage();
    branch.append(block);
    const other = serveBranch(new HandPeer(world), branch).connect(node);
    other.received.length = 0;
    peer.send(compactOf(block));
    expect(world.untilTip(block.hash)).toBeLessThan(3_000);
    expect(node.losses).toEqual([]);
  });

  test("P-06: the missing ones twice, or late, or unasked by another", () => {
    const { world, node, peer, block } = stage();
    const stranger = new HandPeer(world).connect(node);
    peer.send(compactOf(block));
    const { indexes } = peer.untilTold("getblocktxn");
    stranger.send(missingOf(block, indexes));
    world.pass(50);
    expect(node.height).toBe(30);
    for (let count = 0; count < 20; count++) peer.send(missingOf(block, indexes));
    world.untilTip(block.hash);
    world.pass(50);
    expect(node.losses).toEqual([]);
    for (let count = 0; count < 20; count++) stranger.send(missingOf(block, indexes));
    world.pass(50);
    expect(node.losses).toMatchObject([{ reason: "unrequested-block" }]);
    expect(peer.isClosed).toBe(false);
  });

  test("three peers at most put one block together, and the first to do so ends it", () => {
    const { world, node, peer, block } = stage();
    const others = [1, 2, 3].map(() => new HandPeer(world).connect(node));
    const peers = [peer, ...others];
    for (const [place, each] of peers.entries()) {
      each.send(compactOf(block, BigInt(place)));
      world.pass(10);
    }
    expect(peers.map((each) => each.told("getblocktxn").length)).toEqual([1, 1, 1, 0]);
    expect(node.sync.load()).toMatchObject({ partialBlocks: 3, requests: 3 });
    peers[1]!.send(missingOf(block, peers[1]!.told("getblocktxn")[0]!.indexes));
    world.untilTip(block.hash);
    expect(node.sync.load()).toMatchObject({ partialBlocks: 0, requests: 0 });
    world.pass(TRANSACTIONS_TIMEOUT_MS + 100);
    expect(peers.map((each) => wholeRequests(each, block))).toEqual([0, 0, 0, 0]);
  });

  test("a header that breaks a rule ends it", () => {
    const { world, node, peer, block } = stage();
    const bad = makeBlock({ ...block.header, time: 1 }, block.transactions);
    peer.send(compactOf(bad));
    world.pass(100);
    expect(node.losses).toMatchObject([{ reason: "misbehaving", isDiscouraged: true }]);
  });

  test("P-16: a body that breaks a rule costs the sender of a compact block nothing", () => {
    const { world, node, peer, branch } = stage();
    const bad = branch.make({ fees: 1 });
    peer.send(compactOf(bad));
    world.pass(100);
    expect(node.height).toBe(30);
    expect(node.losses).toEqual([]);
    expect(node.sync.bestHeader().height).toBe(30);
    expect(node.sync.load()).toMatchObject({ partialBlocks: 0, requests: 0, treeHeaders: 0 });
  });

  test("one that does not connect is asked about, and one with less work is left alone", () => {
    const { world, node, peer, branch, block } = stage();
    const next = branch.fork().append(block).make();
    peer.send(compactOf(next));
    peer.untilTold("getheaders");
    const old = branch.fork(3).make();
    peer.send(compactOf(old));
    world.pass(100);
    expect(peer.told("getblocktxn")).toEqual([]);
    expect(node.chain.index.find(old.hash)).toBeUndefined();
  });

  test("a peer that closes takes what it began with it", () => {
    const { world, node, peer, block } = stage();
    peer.send(compactOf(block));
    peer.untilTold("getblocktxn");
    peer.close();
    world.pass(100);
    expect(node.sync.load()).toEqual({
      treeHeaders: 0,
      requests: 0,
      heldBlocks: 0,
      heldBytes: 0,
      partialBlocks: 0,
    });
    world.pass(10_000);
  });

  test("a block announced by its header is asked for as a compact one, by peers that know how", () => {
    const { world, node, peer, branch, transactions, block } = stage();
    fill(node, transactions);
    const plain = serveBranch(new HandPeer(world), branch).connect(node);
    world.pass(100);
    peer.send({ command: "headers", headers: [block.header] });
    world.until(() => peer.told("getdata").length === 1);
    expect(peer.told("getdata")[0]!.entries).toEqual([{ type: MSG_CMPCT_BLOCK, hash: block.hash }]);
    peer.send(compactOf(block));
    world.untilTip(block.hash);
    const next = branch.append(block).make();
    plain.received.length = 0;
    plain.send({ command: "headers", headers: [next.header] });
    expect(plain.untilTold("getdata").entries).toEqual([
      { type: MSG_WITNESS_BLOCK, hash: next.hash },
    ]);
  });

  test("P-06: one asked for that comes when our own tip has grown as far is fetched all the same", () => {
    const { world, node, peer, branch, block } = stage();
    peer.send({ command: "headers", headers: [block.header] });
    peer.untilTold("getdata");
    const own = branch.fork().make({ transactions: [] });
    expect(node.chain.submitBlock(own).status).toBe("connected");
    peer.send(compactOf(block));
    // Else nobody could be asked for it for 20 s, while its branch grows past ours.
    world.until(() => wholeRequests(peer, block) === 1, 3_000);
    peer.send({ command: "block", block });
    world.until(() => node.chain.index.find(block.hash) !== undefined, 1_000);
    const next = branch.append(block).make();
    peer.send(compactOf(next));
    world.untilTip(next.hash);
    expect(node.peers[0]!.points).toBe(0);
  });

  test("a block announced by its hash is asked for by way of its header", () => {
    const { world, peer, branch, block } = stage();
    branch.append(block);
    serveBranch(peer, branch);
    peer.send({ command: "inv", entries: [{ type: MSG_BLOCK, hash: block.hash }] });
    peer.untilTold("getheaders");
    // Whatever it is asked for, it gives the whole block.
    world.untilTip(block.hash);
  });

  test("asks the three that brought the last blocks to send them unasked, and others not to", () => {
    const { world, node, branch } = stage(0);
    const peers = [1, 2, 3, 4].map(() => {
      const peer = serveBranch(new HandPeer(world), branch).connect(node);
      peer.send({ command: "sendcmpct", highBandwidth: false, version: 2n });
      return peer;
    });
    world.pass(100);
    const wishesOf = (peer: HandPeer) =>
      peer.told("sendcmpct").map(({ highBandwidth }) => highBandwidth);
    for (const peer of peers) {
      branch.mine(1);
      peer.send(compactOf(branch.tip));
      world.untilTip(branch.tip.hash);
    }
    world.pass(50);
    expect(peers.map(wishesOf)).toEqual([
      [false, true, false],
      [false, true],
      [false, true],
      [false, true],
    ]);
    // Who brings one again is the last to go.
    branch.mine(1);
    peers[1]!.send(compactOf(branch.tip));
    world.untilTip(branch.tip.hash);
    branch.mine(1);
    peers[0]!.send(compactOf(branch.tip));
    world.untilTip(branch.tip.hash);
    world.pass(50);
    expect(peers.map((peer) => wishesOf(peer).at(-1))).toEqual([true, true, false, true]);
  });

  test("nodes with the extension ask each other from the start", () => {
    const { world, node, branch } = stage(0);
    const [other] = world.addNodes(1, branch) as [WorldNode];
    other.dial(node);
    world.pass(1_000);
    const before = other.peers[0]!.statistics.messagesSent;
    branch.mine(1);
    node.submit([branch.tip]);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(20);
    world.pass(50);
    // Neither headers nor a question: the block came unasked.
    expect(other.peers[0]!.statistics.messagesSent).toBe(before);
  });
});
