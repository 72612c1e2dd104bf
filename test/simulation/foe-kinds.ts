/**
 * What each kind of foe does, but for those who mine.
 *
 * Those who break a rule say so, and by when they must have been sent away.
 */

import { nextBits } from "../../src/consensus/difficulty.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { type Block, makeBlock } from "../../src/primitives/block.ts";
import type { Wtxid } from "../../src/primitives/hash-id.ts";
import { makeTransaction, type Transaction } from "../../src/primitives/transaction.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { MAX_HEADERS } from "../../src/wire/header-messages.ts";
import { type InventoryEntry, MSG_WTX } from "../../src/wire/inventory-messages.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../../src/wire/services.ts";
import { mineHeader } from "../support/chain-builder.ts";
import type { FoeLine } from "./foe-line.ts";
import type { Conduct, Foe } from "./foes.ts";
import { SimulationFailure } from "./safety-checks.ts";
import type { FoeKind } from "./scenario.ts";
import { SecretMiner } from "./secret-miners.ts";

/** Milliseconds in which a node must have sent away who breaks a rule at once. */
const AT_ONCE_MS = 5_000;

/** The same for those who are only too slow: twice the longest deadline. */
const PATIENCE_MS = 120_000;

/** Returns what a foe of `kind` does. */
export function makeConduct(kind: FoeKind, foe: Foe): Conduct {
  switch (kind) {
    case "withholder":
      return withhold(foe);
    case "header-spammer":
      return spamHeaders(foe);
    case "mutator":
      return mutate(foe);
    case "flooder":
      return flood(foe);
    case "liar":
      return lie();
    case "double-spender":
      return spendTwice(foe);
    case "selfish-miner":
      return new SecretMiner(foe, { share: 0.35, isStretching: false });
    case "time-stretcher":
      return new SecretMiner(foe, { share: 0.25, isStretching: true });
    case "fuzzer":
      return fuzz(foe);
    case "dripper":
      return drip(foe);
    case "careless-wallet":
      return payCarelessly(foe);
  }
}

/** Tells of every block and payment before anybody else, and never gives any. */
function withhold(foe: Foe): Conduct {
  return {
    blockFound: ({ header }, lines) => {
      for (const line of lines) line.send({ command: "headers", headers: [header] });
    },
    paid: ({ wtxid }, lines) => {
      for (const line of lines) {
        line.send({ command: "inv", entries: [{ type: MSG_WTX, hash: wtxid }] });
      }
    },
    received: (line, message) => {
      if (message.command !== "getheaders") return;
      const known = new Set(message.locator);
      const headers = foe.headersAfter(foe.publicTip(), (hash) => known.has(hash));
      line.send({ command: "headers", headers: headers.slice(0, MAX_HEADERS) });
    },
  };
}

/** Sends chains of little work again and again; now and then one that has a gap. */
function spamHeaders(foe: Foe): Conduct {
  const { random } = foe.world;
  const { genesis, params } = foe.chain;
  const headers: Block["header"][] = [];
  let last = foe.world.ledger.get(genesis.hash);
  const context = { ...last };
  for (let height = 1; height <= 200; height++) {
    const { header } = mineHeader(
      {
        version: 0x20000000,
        prevBlockHash: last.block.hash,
        merkleRoot: genesis.header.merkleRoot,
        time: last.time + 80,
        bits: nextBits(last, params),
        nonce: random.u32() >>> 8,
      },
      [],
    );
    headers.push(header);
    const block = makeBlock(header, []);
    last = { ...context, block, parent: last, height, time: header.time, bits: header.bits };
  }
  return {
    act: (lines) => {
      if (!random.oneIn(5)) return;
      for (const line of lines) {
        const sent = headers.slice(0, 4 + random.below(headers.length));
        if (random.oneIn(20)) {
          sent.splice(1, 1);
          foe.breakRule(line, AT_ONCE_MS);
        }
        line.send({ command: "headers", headers: sent });
      }
    },
  };
}

/** Gives every block before anybody else, with another body. */
function mutate(foe: Foe): Conduct {
  const { random } = foe.world;
  return {
    blockFound: (block, lines) => {
      for (const line of lines) {
        const { chain, isOn } = line.node;
        if (!isOn || !random.oneIn(2)) continue;
        line.send({ command: "block", block: mutateBody(block, random.below(3)) });
        if (chain.tip.hash === block.header.prevBlockHash) foe.breakRule(line, AT_ONCE_MS);
      }
    },
  };
}

/** Another body under the same header. */
function mutateBody({ header, transactions }: Block, way: number): Block {
  const [coinbase, ...others] = transactions as [Transaction, ...Transaction[]];
  const last = others.at(-1);
  if (way === 0 && last !== undefined) {
    // Where the number is odd, the same Merkle root (CVE-2012-2459).
    return makeBlock(header, [...transactions, last]);
  }
  if (way === 1) {
    const inputs = coinbase.inputs.map((input) => ({
      ...input,
      witness: [new Uint8Array(32).fill(1)],
    }));
    return makeBlock(header, [makeTransaction({ ...coinbase, inputs }), ...others]);
  }
  return makeBlock(header, [makeTransaction({ ...coinbase, lockTime: 7 }), ...others]);
}

/** Tells of thousands of transactions and addresses that there are not. */
function flood(foe: Foe): Conduct {
  const { random } = foe.world;
  return {
    act: (lines) => {
      if (!random.oneIn(10)) return;
      for (const line of lines) {
        const entries = Array.from(
          { length: 500 },
          (): InventoryEntry => ({
            type: MSG_WTX,
            hash: toHex(random.bytes(32)) as Wtxid,
          }),
        );
        line.send({ command: "inv", entries });
        line.send({
          command: "addr",
          entries: Array.from({ length: 200 }, () => ({
            time: Math.floor(foe.clock.now() / 1000),
            services: NODE_NETWORK | NODE_WITNESS,
            address: { host: `10.${1 + random.below(200)}.${random.below(250)}.9`, port: 18_444 },
          })),
        });
        line.send({ command: "getdata", entries: entries.slice(0, 50) });
      }
    },
  };
}

/** Says to have a long chain, and shows nothing of it. */
function lie(): Conduct {
  return {
    startHeight: 1_000_000_000,
    received: (line, { command }) => {
      if (command === "getheaders") line.send({ command: "headers", headers: [] });
    },
  };
}

/** Gives each of two nodes another payment of the same coin. */
function spendTwice(foe: Foe): Conduct {
  const { random, payments, isTroubled } = foe.world;
  return {
    act: (lines) => {
      if (lines.length === 0 || !isTroubled() || !random.oneIn(20)) return;
      const conflict = payments.makeConflict();
      for (const transaction of conflict ?? []) {
        random.pick(lines).send({ command: "tx", transaction });
      }
    },
  };
}

const COMMANDS = ["tx", "block", "headers", "inv", "addrv2", "cmpctblock", "blocktxn", "ping"];

/** Shakes hands, and then says what is no message. */
function fuzz(foe: Foe): Conduct {
  const { random } = foe.world;
  return {
    act: (lines) => {
      for (const line of lines) {
        if (!random.oneIn(10)) continue;
        const payload = random.bytes(1 + random.below(200));
        // No list is as long as this says.
        payload.fill(0xff, 0, 9);
        const isFramed = random.oneIn(2);
        const bytes = isFramed
          ? encodeFrame(foe.chain.magic, random.pick(COMMANDS), payload)
          : random.bytes(100 + random.below(1_000));
        line.sendBytes(bytes);
        if (!isFramed) foe.breakRule(line, AT_ONCE_MS);
      }
    },
  };
}

/** Says its version, or a message, one byte at a time. */
function drip(foe: Foe): Conduct {
  const { random } = foe.world;
  const dripping = (line: FoeLine, bytes: Uint8Array, at: number) => {
    if (line.isClosed || at >= bytes.length - 1) return;
    line.sendBytes(bytes.subarray(at, at + 1));
    foe.clock.after(1_500, () => dripping(line, bytes, at + 1));
  };
  return {
    shakesOddly: true,
    opened: (line) => {
      foe.breakRule(line, PATIENCE_MS);
      if (random.oneIn(2)) dripping(line, line.versionBytes, 0);
      else line.sendBytes(line.versionBytes);
    },
    ready: (line) => {
      const payload = random.bytes(2_000);
      dripping(line, encodeFrame(foe.chain.magic, "tx", payload), 0);
    },
  };
}

/** Milliseconds after which a child must be there whose parent is. */
const ADOPTION_MS = 10_000;

/** Pays with what its own last payment pays, and hands in the second before the first. */
function payCarelessly(foe: Foe): Conduct {
  const { random, payments, isTroubled } = foe.world;
  const check = (line: FoeLine, startedAt: number, [parent, child]: readonly Transaction[]) => {
    const { node } = line;
    if (parent === undefined || child === undefined || line.isClosed || !node.isOn) return;
    if (!node.mempool.has(parent.txid) || node.mempool.has(child.txid)) return;
    const isMined = node.chain.coins.findCoin({ txid: child.txid, vout: 0 }) !== undefined;
    if (isMined || line.openedAt > startedAt) return;
    throw new SimulationFailure(`${node.name} has a parent and has forgotten its child`);
  };
  return {
    act: (lines) => {
      if (lines.length === 0 || !isTroubled() || !random.oneIn(15)) return;
      const pair = payments.makeStrayPair();
      if (pair === undefined) return;
      const [parent, child] = pair;
      const now = foe.clock.monotonic();
      for (const line of lines.slice(0, 2)) {
        line.send({ command: "tx", transaction: child });
        foe.clock.after(500, () => line.send({ command: "tx", transaction: parent }));
        foe.clock.after(ADOPTION_MS, () => check(line, now, pair));
      }
    },
  };
}
