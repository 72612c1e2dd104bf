/**
 * Giving headers and blocks away: what each question is answered by, and what asking much costs.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { COMPACT_DEPTH } from "../../../src/p2p/block-server.ts";
import { CONGESTION_BYTES } from "../../../src/p2p/peer.ts";
import { type BlockHash, ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import { hasWitness } from "../../../src/primitives/transaction.ts";
import {
  MAX_INVENTORY_ENTRIES,
  MSG_BLOCK,
  MSG_CMPCT_BLOCK,
  MSG_WITNESS_BLOCK,
} from "../../../src/wire/inventory-messages.ts";
import type { Message } from "../../../src/wire/message.ts";
import { PROTOCOL_VERSION } from "../../../src/wire/version-message.ts";
import {
  ANYONE_BY_WITNESS,
  type Branch,
  chainOf,
  QUICK,
  spend,
} from "../../support/chain-builder.ts";
import { HandPeer } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode } from "../../support/p2p-world.ts";

const worlds: P2pWorld[] = [];

afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

/** A node with the blocks of `branch`, and a peer that asks. */
function stage(branch: Branch) {
  const world = new P2pWorld({ chain: branch.network });
  worlds.push(world);
  const [node] = world.addNodes(1, branch) as [WorldNode];
  const peer = new HandPeer(world).connect(node);
  world.pass(100);
  peer.received.length = 0;
  return { world, node, peer };
}

type BlockType = typeof MSG_BLOCK | typeof MSG_WITNESS_BLOCK | typeof MSG_CMPCT_BLOCK;

function getData(type: BlockType, ...hashes: readonly BlockHash[]): Message {
  return { command: "getdata", entries: hashes.map((hash) => ({ type, hash })) };
}

function ask(
  command: "getheaders" | "getblocks",
  locator: readonly BlockHash[],
  stopHash: BlockHash = ZERO_HASH,
): Message {
  return { command, protocolVersion: PROTOCOL_VERSION, locator, stopHash };
}

/** A branch of which each block has spent the coinbase three below with a witness. */
function witnessBranch(length: number): Branch {
  const branch = chainOf(3, QUICK);
  const value = QUICK.params.subsidy;
  const coinbaseOutputs = [{ value, scriptPubKey: ANYONE_BY_WITNESS }];
  for (let count = 0; count < 3; count++) branch.mine({ coinbaseOutputs });
  while (branch.height < length) {
    const transactions = [spend([branch.coinbaseCoin(branch.height - 2)])];
    branch.mine({ transactions, coinbaseOutputs });
  }
  return branch;
}

describe("ChainServer", () => {
  test("P-03: answers getheaders from the last block in common, up to the one asked for", () => {
    const branch = chainOf(20);
    const { world, peer } = stage(branch);
    const side = branch.fork(5).mine(3);
    const hashes = (answer: number) =>
      peer.told("headers")[answer]!.headers.map(({ prevBlockHash }) => prevBlockHash);
    const questions: [Message, readonly BlockHash[]][] = [
      [
        ask("getheaders", [branch.at(17).hash]),
        [17, 18, 19].map((height) => branch.at(height).hash),
      ],
      [
        ask("getheaders", [side.tip.hash, branch.at(18).hash]),
        [18, 19].map((at) => branch.at(at).hash),
      ],
      [
        ask("getheaders", [branch.at(3).hash], branch.at(5).hash),
        [3, 4].map((at) => branch.at(at).hash),
      ],
      [ask("getheaders", [branch.tip.hash]), []],
      [ask("getheaders", [], branch.at(5).hash), [branch.at(4).hash]],
      [ask("getheaders", [], side.tip.hash), []],
    ];
    for (const [place, [question, expected]] of questions.entries()) {
      peer.send(question);
      peer.untilTold("headers", place + 1);
      expect(hashes(place)).toEqual([...expected]);
    }
    world.pass(10);
    expect(peer.told("headers")).toHaveLength(questions.length);
  });

  test("gives 2,000 headers at once, and 500 hashes", () => {
    const branch = chainOf(2_100);
    const { peer } = stage(branch);
    peer.send(ask("getheaders", [branch.at(0).hash]));
    expect(peer.untilTold("headers").headers).toHaveLength(2_000);
    peer.send(ask("getblocks", [branch.at(0).hash]));
    expect(peer.untilTold("inv").entries).toHaveLength(500);
    peer.send(ask("getblocks", [branch.at(0).hash], branch.at(10).hash));
    expect(peer.untilTold("inv", 2).entries.at(-1)!.hash).toBe(branch.at(9).hash);
  });

  test("a node far behind shows nothing, and answers all the same", () => {
    const branch = chainOf(200);
    const { world, node, peer } = stage(branch.fork(195));
    const other = new HandPeer(world).connect(node);
    other.send({ command: "headers", headers: branch.after(5).map(({ header }) => header) });
    world.until(() => node.sync.bestHeader().height === 200);
    peer.send(ask("getheaders", [branch.at(0).hash]));
    expect(peer.untilTold("headers").headers).toEqual([]);
  });

  test("P-40: of many questions at once, the last is answered when the line is free", () => {
    const branch = chainOf(2_000);
    const { world, node, peer } = stage(branch);
    for (let count = 0; count < 200; count++) peer.send(ask("getheaders", [branch.at(0).hash]));
    peer.send(ask("getheaders", [branch.tip.hash]));
    world.until(() => peer.told("headers").at(-1)?.headers.length === 0);
    const answered = peer.told("headers").length;
    expect(answered).toBeLessThan(200);
    expect(node.losses).toEqual([]);
  });
});

describe("BlockServer", () => {
  test("gives a block as it is stored, and without witnesses to those who ask for it so", () => {
    const branch = witnessBranch(12);
    const { peer } = stage(branch);
    const { hash } = branch.tip;
    peer.send(getData(MSG_WITNESS_BLOCK, hash));
    expect(peer.untilTold("block").block).toEqual(branch.tip);
    peer.send(getData(MSG_BLOCK, hash));
    const { block } = peer.untilTold("block", 2);
    expect(block.hash).toBe(hash);
    expect(block.transactions.some(hasWitness)).toBe(false);
    expect(block.transactions.map(({ txid }) => txid)).toEqual(
      branch.tip.transactions.map(({ txid }) => txid),
    );
    peer.send(getData(MSG_BLOCK, branch.at(2).hash));
    expect(peer.untilTold("block", 3).block).toEqual(branch.at(2));
  });

  test("gives the newest blocks compact, and older ones whole", () => {
    const branch = witnessBranch(30);
    const { peer } = stage(branch);
    peer.send(getData(MSG_CMPCT_BLOCK, branch.at(30 - COMPACT_DEPTH + 1).hash));
    expect(peer.untilTold("cmpctblock").compactBlock.shortIds).toHaveLength(1);
    peer.send(getData(MSG_CMPCT_BLOCK, branch.at(30 - COMPACT_DEPTH).hash));
    expect(peer.untilTold("block").block.hash).toBe(branch.at(30 - COMPACT_DEPTH).hash);
  });

  test("gives transactions of the newest blocks by place, and older blocks whole", () => {
    const branch = witnessBranch(30);
    const { world, node, peer } = stage(branch);
    const { hash, transactions } = branch.tip;
    peer.send({ command: "getblocktxn", blockHash: hash, indexes: [1] });
    expect(peer.untilTold("blocktxn").transactions).toEqual([transactions[1]!]);
    peer.send({ command: "getblocktxn", blockHash: branch.at(20).hash, indexes: [1] });
    expect(peer.untilTold("block").block.hash).toBe(branch.at(20).hash);
    peer.send({ command: "getblocktxn", blockHash: hash, indexes: [1, 2] });
    world.pass(100);
    expect(node.losses).toMatchObject([{ reason: "malformed-message" }]);
  });

  test("says which it has not, and gives the others", () => {
    const branch = chainOf(10);
    const { peer } = stage(branch);
    const unknown = branch.fork(2).mine(4).tip.hash;
    peer.send(getData(MSG_WITNESS_BLOCK, unknown, branch.at(3).hash, unknown));
    expect(peer.untilTold("block").block.hash).toBe(branch.at(3).hash);
    const entry = { type: MSG_WITNESS_BLOCK, hash: unknown } as const;
    peer.untilTold("notfound", 2);
    expect(peer.told("notfound").flatMap(({ entries }) => entries)).toEqual([entry, entry]);
  });

  test("P-41: gives an abandoned branch only if it was ours, lately", () => {
    const trunk = chainOf(5);
    // Times of blocks count: these are made now.
    const world = new P2pWorld();
    worlds.push(world);
    const now = Math.floor(world.clock.now() / 1000);
    const young = trunk.fork().mine({ header: { time: now } });
    const never = trunk.fork().mine({ header: { time: now } });
    const best = trunk
      .fork()
      .mine({ header: { time: now } })
      .mine(1);
    const [node] = world.addNodes(1, young) as [WorldNode];
    node.submit(never.blocks);
    node.submit(best.blocks);
    expect(node.tipHash).toBe(best.tip.hash);
    const peer = new HandPeer(world).connect(node);
    peer.send(getData(MSG_WITNESS_BLOCK, young.tip.hash, never.tip.hash));
    expect(peer.untilTold("block").block.hash).toBe(young.tip.hash);
    expect(peer.untilTold("notfound").entries[0]!.hash).toBe(never.tip.hash);
    // A month later nobody is told that it was there.
    peer.close();
    world.pass(31 * 24 * 3_600_000);
    const later = new HandPeer(world).connect(node);
    later.send(getData(MSG_WITNESS_BLOCK, young.tip.hash));
    expect(later.untilTold("notfound").entries[0]!.hash).toBe(young.tip.hash);
  }, 30_000);

  test("P-40: 5,000 blocks asked for at once are given piece by piece, within the budget", () => {
    // Some 200 kB each.
    const branch = chainOf(3, QUICK);
    for (let count = 0; count < 10; count++) {
      const coin = branch.coinbaseCoin(branch.height - 2);
      const scriptPubKey = new Uint8Array(200_000).fill(0x6a);
      const parts = { outputs: [{ value: coin.value, scriptPubKey }] };
      branch.mine({ transactions: [spend([coin], { parts })] });
    }
    const { world, node, peer } = stage(branch);
    const hashes = branch.after(3).map(({ hash }) => hash);
    const many = Array.from({ length: MAX_INVENTORY_ENTRIES }, (_, place) => hashes[place % 10]!);
    const sentBefore = node.peers[0]!.statistics.bytesSent;
    let peak = 0;
    const before = world.clock.monotonic();
    peer.send(getData(MSG_WITNESS_BLOCK, ...many));
    world.clock.afterEvent = () => {
      const { statistics } = node.peers[0]!;
      const inFlight = statistics.bytesSent - sentBefore - peer.bytesReceived;
      peak = Math.max(peak, inFlight);
    };
    world.pass(20_000);
    const seconds = (world.clock.monotonic() - before) / 1_000;
    const sent = node.peers[0]!.statistics.bytesSent - sentBefore;
    // A burst of 16 MiB, and then 4 MiB a second.
    expect(sent).toBeGreaterThan(60 * 1024 * 1024);
    expect(sent).toBeLessThan((16 + 4 * seconds + 1) * 1024 * 1024);
    // What waits to be read by the peer's system, and the congestion with a block behind it.
    expect(peak).toBeLessThan(1_048_576 + CONGESTION_BYTES + 500_000);
    expect(node.losses).toEqual([]);
    // Asking for more and more while all that waits ends it.
    world.clock.afterEvent = undefined;
    for (let count = 0; count < 120; count++)
      peer.send(getData(MSG_WITNESS_BLOCK, ...many.slice(0, 500)));
    world.pass(1_000);
    expect(node.losses).toMatchObject([{ reason: "inventory-flood" }]);
  }, 30_000);

  test("P-40: single transactions of large blocks cost as much as their reading", () => {
    const branch = chainOf(3, QUICK);
    for (let count = 0; count < 3; count++) {
      const coin = branch.coinbaseCoin(branch.height - 2);
      const scriptPubKey = new Uint8Array(900_000).fill(0x6a);
      const parts = { outputs: [{ value: coin.value, scriptPubKey }] };
      branch.mine({ transactions: [spend([coin], { parts })] });
    }
    const { world, node, peer } = stage(branch);
    const askFor = (height: number) => {
      const blockHash = branch.at(height).hash;
      peer.send({ command: "getblocktxn", blockHash, indexes: [0] });
    };
    // The newest is at hand, and costs no more than what is sent.
    for (let count = 0; count < 40; count++) askFor(6);
    world.pass(100);
    expect(peer.told("blocktxn")).toHaveLength(40);
    for (let count = 0; count < 40; count++) askFor(5);
    world.pass(1_000);
    // 16 MiB at once, and 4 MiB in a second.
    expect(peer.told("blocktxn").length).toBeGreaterThan(40 + 16);
    expect(peer.told("blocktxn").length).toBeLessThan(40 + 26);
    expect(node.losses).toEqual([]);
  });

  test("P-40: a peer that reads history does not hold up one at the tip", () => {
    const branch = chainOf(3, QUICK);
    for (let count = 0; count < 1_030; count++) {
      if (count >= 20) {
        branch.mine(1);
        continue;
      }
      const coin = branch.coinbaseCoin(branch.height - 2);
      const scriptPubKey = new Uint8Array(900_000).fill(0x6a);
      const parts = { outputs: [{ value: coin.value, scriptPubKey }] };
      branch.mine({ transactions: [spend([coin], { parts })] });
    }
    const { world, node, peer } = stage(branch);
    const old = branch
      .after(3)
      .slice(0, 20)
      .map(({ hash }) => hash);
    peer.send(getData(MSG_WITNESS_BLOCK, ...old, ...old));
    world.pass(10_000);
    // Of 36 MB a burst of 16 MiB, and then 1 MiB a second.
    const given = peer.told("block").length * 900_000;
    expect(given).toBeGreaterThan(16 * 1024 * 1024);
    expect(given).toBeLessThan(28 * 1024 * 1024);
    const other = new HandPeer(world).connect(node);
    const startedAt = world.clock.monotonic();
    other.send(getData(MSG_WITNESS_BLOCK, branch.tip.hash));
    other.untilTold("block");
    expect(world.clock.monotonic() - startedAt).toBeLessThan(50);
  }, 30_000);
});
