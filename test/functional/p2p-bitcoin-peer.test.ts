/**
 * An ordinary Bitcoin peer on regtest, made of other people's code, and a node of ours: each gives the
 * other its chain, and a transaction.
 */

import { afterEach, describe, expect, test } from "bun:test";
import bitcore from "bitcore-lib";
import { BitcoinPeer, spendCoinbase } from "../support/bitcoin-peer.ts";
import { PeerNodes } from "../support/peer-nodes.ts";
import { until } from "../support/until.ts";

const OUR_BLOCKS = 5;

/** So many that the first of them can be spent in the next. */
const THEIR_BLOCKS = 100;

const ARGV = ["--network", "regtest", "--no-mine"];

const key = new bitcore.PrivateKey("11".repeat(32), "regtest");
const address = key.toAddress();

const peers: BitcoinPeer[] = [];

afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});

describe("an ordinary Bitcoin peer", () => {
  test("dials us, gets our headers and blocks, and gives us its blocks and a transaction", async () => {
    await using group = new PeerNodes();
    const node = await group.start({ name: "node", argv: ARGV });
    const hashes = await node.api.mine(OUR_BLOCKS);
    const peer = await BitcoinPeer.dial(node.p2pPort);
    peers.push(peer);
    await until("the hand is shaken", () => peer.isReady);
    const [version] = peer.told<{ startHeight: number; services: Buffer }>("version");
    expect(version!.startHeight).toBe(OUR_BLOCKS);
    // NODE_NETWORK and NODE_WITNESS, whatever else.
    expect(version!.services[0]! & 9).toBe(9);

    peer.requestHeaders();
    await until("our headers", () => peer.headers.length === OUR_BLOCKS);
    expect(peer.headers.map(({ hash }) => hash)).toEqual([...hashes]);
    expect(peer.headers.every((header) => header.validProofOfWork())).toBe(true);
    peer.requestBlocks(hashes);
    await until("our blocks", () => peer.given.length === OUR_BLOCKS);
    expect(peer.given.map(({ hash }) => hash)).toEqual([...hashes]);
    expect(peer.given.every((block) => block.validMerkleRoot())).toBe(true);

    peer.blocks.push(...peer.given);
    for (let count = 0; count < THEIR_BLOCKS; count++) peer.mine(address);
    peer.announceTip();
    await until("its blocks are ours", async () => (await node.api.status()).tip === peer.tip);
    expect(peer.told("getheaders").length).toBeGreaterThan(0);

    const tx = spendCoinbase(peer.blocks[OUR_BLOCKS]!, key, address);
    peer.announce(tx);
    await until("its transaction waits", async () => (await node.api.whereIs(tx.id)) === "mempool");
    peer.received.length = 0;
    const [mined] = await node.api.mine(1);
    await until("it is told", () => peer.told("inv").length + peer.told("headers").length > 0);
    peer.requestBlocks([mined!]);
    const block = await until("the block", () => peer.given[0]);
    expect(block.hash).toBe(mined!);
    expect(block.validMerkleRoot()).toBe(true);
    expect(block.transactions.map(({ id }) => id)).toContain(tx.id);
    expect((await node.api.balance(address.toString())).transactionCount).toBe(THEIR_BLOCKS + 1);
    // Any message of an extension of ours would have been one.
    expect(peer.error).toBeUndefined();
  }, 60_000);

  test("is dialled by us, and we get its chain", async () => {
    await using group = new PeerNodes();
    const { port, accepted } = await BitcoinPeer.listen();
    const argv = [...ARGV, "--peer", `127.0.0.1:${port}`];
    const node = await group.start({ name: "node", argv });
    const peer = await accepted;
    peers.push(peer);
    for (let count = 0; count < THEIR_BLOCKS; count++) peer.mine(address);
    await until("the hand is shaken", () => peer.isReady);
    peer.announceTip();
    await until("its blocks are ours", async () => (await node.api.status()).tip === peer.tip);
    expect((await node.api.status()).height).toBe(THEIR_BLOCKS);
    expect(peer.error).toBeUndefined();
  }, 60_000);
});
