/**
 * Arbitrary messages of every command, for fast-check: any value that the format can carry.
 *
 * Well-formed is not sensible: heights, times and hashes are whatever comes.
 */

import fc from "fast-check";
import type { Block } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import type { BlockHash, Txid, Wtxid } from "../../src/primitives/hash-id.ts";
import { makeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import type { Announcement } from "../../src/wire/announcement.ts";
import { formatIp } from "../../src/wire/ip-address.ts";
import type { Command, MessageOf } from "../../src/wire/message.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import type { NodeId } from "../../src/wire/node-id.ts";
import { randomBlock, randomTransactionParts } from "./builders.ts";
import { SeededRandom } from "./random.ts";

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const safe = fc.maxSafeNat();

function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

function hash<Id extends BlockHash | Txid | Wtxid>(): fc.Arbitrary<Id> {
  return bytes(32).map((value) => value.toHex() as Id);
}

function text(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: "grapheme-ascii", maxLength });
}

function list<T>(item: fc.Arbitrary<T>, maxLength = 6): fc.Arbitrary<T[]> {
  return fc.array(item, { maxLength });
}

const empty = <C extends Command>(command: C) => fc.constant({ command });

/** Transactions of any shape that has an encoding; they shrink by their seed only. */
export const transactions: fc.Arbitrary<Transaction> = u32.map((seed) =>
  makeTransaction(randomTransactionParts(new SeededRandom(seed))),
);

const blocks: fc.Arbitrary<Block> = u32.map((seed) => randomBlock(new SeededRandom(seed)));

const headers: fc.Arbitrary<BlockHeader> = fc.record({
  version: i32,
  prevBlockHash: hash<BlockHash>(),
  merkleRoot: hash<Txid>(),
  time: u32,
  bits: u32,
  nonce: u32,
});

/** Addresses of both kinds, IPv4 among them often. */
export const netAddresses: fc.Arbitrary<NetAddress> = fc.record({
  host: fc.oneof(
    bytes(16).map(formatIp),
    bytes(4).map((value) => value.join(".")),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
      .map((value) => formatIp(Uint8Array.from(value))),
  ),
  port: u16,
});

const addressEntry = fc.record({ time: u32, services: u64, address: netAddresses });
const connectionEnd = fc.record({ services: u64, address: netAddresses });

/** Node ids of the right form; few of them are points of the curve. */
export const nodeIds: fc.Arbitrary<NodeId> = fc
  .tuple(fc.constantFrom("02", "03"), bytes(32))
  .map(([prefix, value]) => `${prefix}${value.toHex()}` as NodeId);

const inventoryEntry = fc.oneof(
  fc.record({ type: fc.constantFrom(1 as const, 0x40000001 as const), hash: hash<Txid>() }),
  fc.record({ type: fc.constant(5 as const), hash: hash<Wtxid>() }),
  fc.record({
    type: fc.constantFrom(2 as const, 4 as const, 0x40000002 as const),
    hash: hash<BlockHash>(),
  }),
);

const inventory = <C extends "inv" | "getdata" | "notfound">(command: C) =>
  fc.record({ command: fc.constant(command), entries: list(inventoryEntry) });

const locator = <C extends "getheaders" | "getblocks">(command: C) =>
  fc.record({
    command: fc.constant(command),
    protocolVersion: u32,
    locator: list(hash<BlockHash>()),
    stopHash: hash<BlockHash>(),
  });

const ping = <C extends "ping" | "pong">(command: C) =>
  fc.record({ command: fc.constant(command), nonce: u64 });

/** Any shape of a compact block: some of a number of places are prefilled, the others are not. */
const compactBlock = fc
  .record({
    header: headers,
    nonce: u64,
    ids: fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { minLength: 1, maxLength: 8 }),
    seed: u32,
  })
  .map(({ header, nonce, ids, seed }) => {
    const random = new SeededRandom(seed);
    const isPrefilled = ids.map(() => random.oneIn(2));
    return {
      header,
      nonce,
      shortIds: ids.filter((_, index) => !isPrefilled[index]),
      prefilled: isPrefilled.flatMap((yes, index) =>
        yes ? [{ index, transaction: makeTransaction(randomTransactionParts(random)) }] : [],
      ),
    };
  });

const hopsEntry = fc.record({
  hash: hash<BlockHash | Txid>(),
  hopCount: fc.integer({ min: 0, max: 32 }),
  elapsedMs: u32,
});

/** What each command can carry. */
export const MESSAGES: { readonly [C in Command]: fc.Arbitrary<MessageOf<C>> } = {
  version: fc.record({
    command: fc.constant("version"),
    protocolVersion: i32,
    services: u64,
    time: fc.maxSafeInteger(),
    receiver: connectionEnd,
    sender: connectionEnd,
    nonce: u64,
    userAgent: text(256),
    startHeight: i32,
    relay: fc.boolean(),
  }),
  verack: empty("verack"),
  wtxidrelay: empty("wtxidrelay"),
  sendaddrv2: empty("sendaddrv2"),
  sendheaders: empty("sendheaders"),
  sendcmpct: fc.record({
    command: fc.constant("sendcmpct"),
    highBandwidth: fc.boolean(),
    version: u64,
  }),
  ping: ping("ping"),
  pong: ping("pong"),
  getaddr: empty("getaddr"),
  addr: fc.record({ command: fc.constant("addr"), entries: list(addressEntry) }),
  addrv2: fc.record({ command: fc.constant("addrv2"), entries: list(addressEntry) }),
  inv: inventory("inv"),
  getdata: inventory("getdata"),
  notfound: inventory("notfound"),
  tx: fc.record({ command: fc.constant("tx"), transaction: transactions }),
  block: fc.record({ command: fc.constant("block"), block: blocks }),
  getblocks: locator("getblocks"),
  getheaders: locator("getheaders"),
  headers: fc.record({ command: fc.constant("headers"), headers: list(headers) }),
  cmpctblock: fc.record({ command: fc.constant("cmpctblock"), compactBlock }),
  getblocktxn: fc.record({
    command: fc.constant("getblocktxn"),
    blockHash: hash<BlockHash>(),
    indexes: fc
      .uniqueArray(fc.integer({ min: 0, max: 65_534 }), { maxLength: 8 })
      .map((indexes) => indexes.sort((a, b) => a - b)),
  }),
  blocktxn: fc.record({
    command: fc.constant("blocktxn"),
    blockHash: hash<BlockHash>(),
    transactions: list(transactions),
  }),
  mempool: empty("mempool"),
  feefilter: fc.record({ command: fc.constant("feefilter"), feeRate: u64 }),
  cairn: fc.record({
    command: fc.constant("cairn"),
    version: fc.constant(1),
    nodeId: nodeIds,
    apiPort: u16,
    name: text(32),
    features: u32,
  }),
  cairnproof: fc.record({ command: fc.constant("cairnproof"), signature: bytes(64) }),
  hops: fc.record({ command: fc.constant("hops"), entries: list(hopsEntry) }),
  nodestat: fc.record({
    command: fc.constant("nodestat"),
    height: u32,
    tip: hash<BlockHash>(),
    peerCount: u16,
    hashRate: safe,
    mempoolCount: u32,
    mempoolBytes: safe,
    neighbors: list(nodeIds),
  }),
};

/** Any discovery datagram. */
export const announcements: fc.Arbitrary<Announcement> = fc.record({
  magic: bytes(4),
  nodeId: nodeIds,
  p2pPort: fc.integer({ min: 1, max: 0xffff }),
  apiPort: u16,
  height: u32,
  token: u64,
});

/** Any bytes, short ones mostly. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc
  .array(u8, { maxLength: 400 })
  .map((values) => Uint8Array.from(values));
