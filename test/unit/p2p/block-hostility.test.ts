/**
 * P-06: any message about blocks, from anybody, in any order, again and again.
 *
 * Nothing throws, no bound is exceeded at any moment, and an honest peer still brings the node to
 * the best chain.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_IN_TRANSIT_PER_PEER } from "../../../src/p2p/block-requests.ts";
import { type Block, makeBlock } from "../../../src/primitives/block.ts";
import { ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import { makeCompactBlock } from "../../../src/wire/compact-block.ts";
import {
  MSG_BLOCK,
  MSG_CMPCT_BLOCK,
  MSG_WITNESS_BLOCK,
} from "../../../src/wire/inventory-messages.ts";
import type { Message } from "../../../src/wire/message.ts";
import { PROTOCOL_VERSION } from "../../../src/wire/version-message.ts";
import { chainOf, QUICK, spend } from "../../support/chain-builder.ts";
import { HandPeer, serveBranch } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode } from "../../support/p2p-world.ts";

const HOSTILE_PEERS = 3;
const HEADER_LIMITS = { ahead: 30, total: 60 };
const RUNS = 200;

const TRUNK = chainOf(8, QUICK);
/** What an honest peer has. */
const BEST = TRUNK.fork().mine(
  ...[1, 2, 3, 4].map((height) => ({
    transactions: [spend([TRUNK.coinbaseCoin(height)]), spend([TRUNK.coinbaseCoin(height + 4)])],
  })),
);
BEST.mine(20);
/** Another chain with less work, one that breaks a rule, and headers without end. */
const SIDE = TRUNK.fork(4).mine(10);
const WRONG = TRUNK.fork(2).mine({ fees: 1 }).mine(12);
const LONG = TRUNK.fork(8).mine(20);

const TRUE_BLOCKS = [...BEST.blocks, ...SIDE.blocks, ...WRONG.after(6), ...LONG.blocks];
const MUTATED = BEST.after(6).map(({ header, transactions }) =>
  makeBlock(header, [...transactions, transactions.at(-1)!]),
);
/** The bodies of others under honest headers. */
const SWAPPED = BEST.after(8).map(({ header }, place) =>
  makeBlock(header, SIDE.at(1 + (place % 10)).transactions),
);

const anyBlock = fc.constantFrom(...TRUE_BLOCKS, ...MUTATED, ...SWAPPED);
const anyHash = fc.oneof(
  fc.constantFrom(...TRUE_BLOCKS.map(({ hash }) => hash)),
  fc.constant(ZERO_HASH),
);
const anyType = fc.constantFrom(MSG_BLOCK, MSG_WITNESS_BLOCK, MSG_CMPCT_BLOCK);
const anyEntries = fc.array(fc.record({ type: anyType, hash: anyHash }), { maxLength: 20 });
const anyIndexes = fc
  .uniqueArray(fc.nat({ max: 6 }), { maxLength: 5 })
  .map((indexes) => indexes.sort((a, b) => a - b));

/** Headers in their order, out of it, or from anywhere. */
const anyHeaders = fc.oneof(
  fc
    .tuple(fc.constantFrom(BEST, SIDE, WRONG, LONG), fc.nat({ max: 20 }), fc.nat({ max: 40 }))
    .map(([branch, from, count]) => branch.after(from).slice(0, count)),
  fc.array(anyBlock, { maxLength: 5 }),
);

const anyCompact = fc
  .record({ block: anyBlock, nonce: fc.bigInt(0n, 3n), fault: fc.nat({ max: 4 }) })
  .map(({ block, nonce, fault }): Message => {
    const compactBlock = makeCompactBlock(block, nonce);
    const { shortIds } = compactBlock;
    if (fault === 1)
      return { command: "cmpctblock", compactBlock: { ...compactBlock, nonce: 99n } };
    // All the same, which collides where there are two.
    const same = fault === 2 ? shortIds.map(() => 5) : shortIds;
    return { command: "cmpctblock", compactBlock: { ...compactBlock, shortIds: same } };
  });

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  { weight: 4, arbitrary: anyHeaders.map(headersMessage) },
  { weight: 4, arbitrary: anyBlock.map((block): Message => ({ command: "block", block })) },
  { weight: 4, arbitrary: anyCompact },
  { weight: 4, arbitrary: fc.tuple(anyBlock, anyIndexes).map(transactionsMessage) },
  fc
    .tuple(anyHash, anyIndexes)
    .map(([blockHash, indexes]): Message => ({ command: "getblocktxn", blockHash, indexes })),
  fc
    .tuple(fc.constantFrom("inv", "getdata", "notfound"), anyEntries)
    .map(([command, entries]): Message => ({ command, entries }) as Message),
  fc
    .tuple(fc.constantFrom("getheaders", "getblocks"), fc.array(anyHash, { maxLength: 5 }), anyHash)
    .map(([command, locator, stopHash]) => {
      return { command, protocolVersion: PROTOCOL_VERSION, locator, stopHash } as Message;
    }),
  fc
    .tuple(fc.boolean(), fc.bigInt(1n, 2n))
    .map(([highBandwidth, version]): Message => ({ command: "sendcmpct", highBandwidth, version })),
  fc.constant<Message>({ command: "sendheaders" }),
  anyHash.map(
    (hash): Message => ({ command: "hops", entries: [{ hash, hopCount: 3, elapsedMs: 9 }] }),
  ),
);

/** What happens next: a message, time that passes, a block of the node's own, a new connection. */
const anyStep = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({ peer: fc.nat({ max: HOSTILE_PEERS - 1 }), message: anyMessage })
      .map((step) => ({ ...step, [fc.toStringMethod]: () => inShort(step) })),
  },
  { weight: 4, arbitrary: fc.constantFrom(1, 100, 2_500, 25_000).map((waitMs) => ({ waitMs })) },
  { weight: 1, arbitrary: anyBlock.map((own) => ({ own })) },
  { weight: 1, arbitrary: fc.nat({ max: HOSTILE_PEERS - 1 }).map((again) => ({ again })) },
);

/** A whole block would hide what failed. */
function inShort({ peer, message }: { peer: number; message: Message }): string {
  const parts = JSON.stringify(message, (_, value) =>
    typeof value === "bigint" ? `${value}` : value,
  );
  return `${peer} ${parts.slice(0, 200)}`;
}

function headersMessage(blocks: readonly Block[]): Message {
  return { command: "headers", headers: blocks.map(({ header }) => header) };
}

function transactionsMessage([block, indexes]: [Block, number[]]): Message {
  const transactions = indexes.flatMap((index) => block.transactions[index] ?? []);
  return { command: "blocktxn", blockHash: block.hash, transactions };
}

/** Throws if a bound is exceeded; to be called after every event. */
function checkBounds({ sync, chain, peers }: WorldNode): void {
  const { treeHeaders, requests, heldBlocks, heldBytes, partialBlocks } = sync.load();
  // A peer that is being closed counts until it is.
  const most = (HOSTILE_PEERS + 2) * MAX_IN_TRANSIT_PER_PEER;
  const isWithin =
    treeHeaders <= HEADER_LIMITS.total &&
    requests <= most &&
    partialBlocks <= requests &&
    heldBlocks <= 1_024 &&
    heldBytes <= 32 * 1024 * 1024 &&
    chain.orphans.count <= TRUE_BLOCKS.length &&
    sync.bestHeader().chainwork >= chain.tip.chainwork;
  if (!isWithin) throw new Error(`${JSON.stringify(sync.load())} with ${peers.length} peers`);
}

describe("P-06: conversations about blocks", () => {
  test("survive anything, within their bounds, and an honest peer is still of use", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
        const world = new P2pWorld({ chain: QUICK, headerLimits: HEADER_LIMITS });
        const [node] = world.addNodes(1, TRUNK) as [WorldNode];
        world.clock.afterEvent = () => checkBounds(node);
        const peers = Array.from({ length: HOSTILE_PEERS }, () =>
          new HandPeer(world).connect(node),
        );
        for (const step of steps) {
          if ("message" in step) peers[step.peer]!.send(step.message);
          else if ("waitMs" in step) world.pass(step.waitMs);
          else if ("own" in step) node.chain.submitBlock(step.own);
          else if (peers[step.again]!.isClosed) {
            peers[step.again] = new HandPeer(world).connect(node);
          }
        }
        const honest = serveBranch(new HandPeer(world), BEST).connect(node);
        world.untilTip(BEST.tip.hash, [node], 120_000);
        expect(node.losses.filter(({ peer }) => peer.remote.host === honest.host.address)).toEqual(
          [],
        );
        for (const peer of [...peers, honest]) peer.close();
        world.pass(30_000);
        expect(node.sync.load()).toEqual({
          treeHeaders: 0,
          requests: 0,
          heldBlocks: 0,
          heldBytes: 0,
          partialBlocks: 0,
        });
        world.stop();
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  }, 120_000);
});
