/**
 * One node among 120 honest light clients and some that mean it ill: how soon its API answers, how
 * much memory it takes, and who is still connected in the end.
 */

import { expect } from "bun:test";
import { findNetwork } from "../../src/consensus/networks.ts";
import type { BlockHash, Wtxid } from "../../src/primitives/hash-id.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { MSG_WITNESS_BLOCK, MSG_WTX } from "../../src/wire/inventory-messages.ts";
import { frameMessage } from "../../src/wire/message.ts";
import { type GrownChain, grownChain, paymentsFrom } from "./grown-chain.ts";
import { LightClient, type LightTarget, versionMessage } from "./light-client.ts";
import { type PeerNode, PeerNodes, peerPorts } from "./peer-nodes.ts";
import { percentile, until } from "./until.ts";

/** Honest clients. */
const CROWD = 120;

/** Shaking hands at once: fewer than a node lets wait, which are 32. */
const BATCH = 16;

/** Transactions that the crowd may offer. */
const TRANSACTIONS = 1_000;

const OFFER_INTERVAL_MS = 25;
const PING_INTERVAL_MS = 2_000;
const ASK_INTERVAL_MS = 20;

/** Looks in a row at which a connection is not there before it is gone. */
const ENOUGH_ABSENCES = 5;

/** What a hostile client does, and in how many milliseconds it must be gone. */
export interface Hostile {
  readonly name: string;
  readonly limitMs: number;
  /** Does it; the client returned is to be dropped. */
  readonly attack: (target: LightTarget, tip: BlockHash) => Promise<LightClient>;
}

/** What was seen of it all. */
export interface CrowdReport {
  readonly answersMs: readonly number[];
  readonly roundTripsMs: readonly number[];
  readonly offered: number;
  readonly accepted: number;
  /** Transactions that the clients were told of in all. */
  readonly announced: number;
  readonly highestMemory: number;
  /** Honest clients that the node has dropped. */
  readonly dropped: number;
  /** Milliseconds that each kind of hostile client lasted. */
  readonly lasted: ReadonlyMap<string, number>;
}

/** Lets the crowd at a node, together with `hostiles`, for `durationMs`, or until those are gone. */
export async function runCrowd(
  hostiles: readonly Hostile[],
  durationMs: number,
): Promise<CrowdReport> {
  await using group = new PeerNodes();
  using chain = grownChain({
    network: group.network,
    blocks: 1,
    paymentsPerBlock: TRANSACTIONS,
  });
  chain.copyTo(group.directoryOf("node"));
  const settings = ["--network", chain.network, "--difficulty", `${chain.difficulty}`];
  const argv = [...settings, "--no-mine", "--max-inbound", "200"];
  const node = await group.start({ name: "node", argv });
  const target = {
    port: node.p2pPort,
    network: findNetwork(chain.network, chain.difficulty),
  };
  const connectionsBefore = peerPorts(node)?.length;
  const crowd: LightClient[] = [];
  while (crowd.length < CROWD) {
    const batch = Array.from({ length: BATCH }, () => LightClient.join(target));
    crowd.push(...(await Promise.all(batch)));
  }
  const honest = crowd.slice(0, CROWD);
  for (const surplus of crowd.slice(CROWD)) surplus.close();
  return await live({ node, chain, target, honest, hostiles, durationMs, connectionsBefore });
}

async function live({
  node,
  chain,
  target,
  honest,
  hostiles,
  durationMs,
  connectionsBefore,
}: {
  node: PeerNode;
  chain: GrownChain;
  target: LightTarget;
  honest: readonly LightClient[];
  hostiles: readonly Hostile[];
  durationMs: number;
  connectionsBefore: number | undefined;
}): Promise<CrowdReport> {
  const told = new Set<string>();
  let announced = 0;
  for (const client of honest) {
    client.onMessage = (message) => {
      if (message.command !== "inv") return;
      announced += message.entries.length;
      for (const { hash } of message.entries) told.add(hash);
    };
  }
  const lasted = new Map<string, number>();
  const attacks = hostiles.map(async ({ name, attack, limitMs }) => {
    const startedAt = performance.now();
    const client = await attack(target, chain.tip as BlockHash);
    // One that does not read does not see its end, either; and a table that changes may lack a row.
    let absences = 0;
    const isGone = () => {
      absences = peerPorts(node)?.includes(client.localPort) === false ? absences + 1 : 0;
      return client.isClosed || absences >= ENOUGH_ABSENCES;
    };
    await until(`${name} is dropped`, isGone, limitMs);
    lasted.set(name, performance.now() - startedAt);
  });

  const transactions = paymentsFrom(chain);
  const answersMs: number[] = [];
  let highestMemory = 0;
  let offered = 0;
  let isDone = false;
  const every = async (intervalMs: number, act: () => void | Promise<void>) => {
    while (!isDone) {
      await act();
      await Bun.sleep(intervalMs);
    }
  };
  const activities = [
    every(OFFER_INTERVAL_MS, () => {
      const tx = transactions[offered];
      if (tx === undefined) return;
      honest[offered % honest.length]?.offer(tx);
      offered += 1;
    }),
    every(PING_INTERVAL_MS, () => {
      for (const client of honest) client.ping();
    }),
    every(ASK_INTERVAL_MS, async () => {
      const askedAt = performance.now();
      const { memoryBytes } = await node.api.status();
      await node.api.get("/api/transactions?limit=20");
      answersMs.push((performance.now() - askedAt) / 2);
      highestMemory = Math.max(highestMemory, memoryBytes);
    }),
  ];
  try {
    await Promise.all([...attacks, Bun.sleep(durationMs)]);
  } finally {
    isDone = true;
    await Promise.all(activities);
  }
  const accepted = await until("what was offered is accepted", async () => {
    const { mempool } = await node.api.status();
    return mempool.count === offered ? mempool.count : undefined;
  });
  for (const client of honest) client.ping();
  await until("all are answered", () => honest.every(({ pingsSent }) => pingsSent.size === 0));
  const dropped = honest.filter(({ isClosed }) => isClosed).length;
  const roundTripsMs = honest.flatMap((client) => client.roundTripsMs);
  for (const client of honest) client.close();
  await until("nobody is left", () => peerPorts(node)?.length === connectionsBefore);
  return {
    answersMs,
    roundTripsMs,
    offered,
    accepted,
    announced,
    highestMemory,
    dropped,
    lasted,
  };
}

/** Prints the figures, and fails unless the crowd was served and nobody honest was dropped. */
export function expectGoodCrowd(report: CrowdReport): void {
  const { answersMs, roundTripsMs, lasted, offered, accepted, announced } = report;
  const figures = (values: readonly number[]) =>
    `p50 ${percentile(values, 0.5).toFixed(0)}, p99 ${percentile(values, 0.99).toFixed(0)}, ` +
    `worst ${Math.max(...values).toFixed(0)} ms`;
  console.log(`API ${figures(answersMs)} of ${answersMs.length}; pings ${figures(roundTripsMs)}`);
  console.log(
    `${offered} transactions offered, ${accepted} accepted, told ${announced} times; ` +
      `memory at most ${(report.highestMemory / 1e6).toFixed(0)} MB`,
  );
  for (const [name, ms] of lasted) console.log(`${name}: gone after ${(ms / 1000).toFixed(1)} s`);
  expect(percentile(answersMs, 0.99)).toBeLessThan(500);
  expect(report.highestMemory).toBeLessThan(1_000_000_000);
  expect(accepted).toBe(offered);
  expect(announced).toBeGreaterThan(offered * 100);
  expect(report.dropped).toBe(0);
}

/** Milliseconds that a deadline may be missed by on a busy machine. */
const SLACK_MS = 5_000;

const HANDSHAKE_MS = 10_000;
const MESSAGE_MS = 30_000;
const PONG_MS = 90_000;

/** A byte of `bytes` each second, as long as anybody listens. */
async function drip(client: LightClient, bytes: Uint8Array): Promise<void> {
  for (const byte of bytes) {
    if (client.isClosed) return;
    client.sendBytes(Uint8Array.of(byte));
    await Bun.sleep(1_000);
  }
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function randomHash(): string {
  return randomBytes(32).toHex();
}

async function resetAfter(
  target: LightTarget,
  act: (client: LightClient) => void,
): Promise<LightClient> {
  const client = await LightClient.dial(target);
  act(client);
  client.reset();
  return client;
}

/** Those who are found out within some seconds. */
export const QUICK_HOSTILES: readonly Hostile[] = [
  { name: "half-open", limitMs: HANDSHAKE_MS + SLACK_MS, attack: LightClient.dial },
  {
    name: "dripping a version",
    limitMs: HANDSHAKE_MS + SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.dial(target);
      void drip(client, frameMessage(target.network.magic, versionMessage()));
      return client;
    },
  },
  {
    name: "garbage first",
    limitMs: SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.dial(target);
      client.sendBytes(randomBytes(100_000));
      return client;
    },
  },
  {
    name: "garbage later",
    limitMs: SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.join(target);
      client.sendBytes(randomBytes(100_000));
      return client;
    },
  },
  {
    name: "a payload that is none",
    limitMs: SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.join(target);
      client.sendBytes(encodeFrame(target.network.magic, "headers", randomBytes(500)));
      return client;
    },
  },
  {
    name: "flooding inv",
    limitMs: HANDSHAKE_MS + SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.join(target);
      for (let count = 0; count < 500; count++) {
        const entries = Array.from({ length: 1_000 }, () => ({
          type: MSG_WTX as typeof MSG_WTX,
          hash: randomHash() as Wtxid,
        }));
        client.send({ command: "inv", entries });
        if (count % 10 === 0) await Bun.sleep(1);
      }
      return client;
    },
  },
  {
    name: "flooding ping",
    limitMs: HANDSHAKE_MS + SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.join(target);
      for (let count = 0; count < 1_000; count++) client.ping();
      return client;
    },
  },
  {
    name: "resetting at once",
    limitMs: SLACK_MS,
    attack: async (target) => await resetAfter(target, () => {}),
  },
  {
    name: "resetting after its version",
    limitMs: SLACK_MS,
    attack: async (target) => await resetAfter(target, (client) => client.sendVersion()),
  },
  {
    name: "resetting in the midst of a message",
    limitMs: SLACK_MS,
    attack: async (target) =>
      await resetAfter(target, (client) => {
        client.sendBytes(frameMessage(target.network.magic, versionMessage()).subarray(0, 50));
      }),
  },
  {
    name: "resetting when it is to get blocks",
    limitMs: SLACK_MS,
    attack: async (target, hash) => {
      const client = await LightClient.join(target);
      askForMuch(client, hash, 50);
      client.reset();
      return client;
    },
  },
];

/** Those who have half a minute, or more. */
export const PATIENT_HOSTILES: readonly Hostile[] = [
  {
    name: "dripping a transaction",
    limitMs: MESSAGE_MS + SLACK_MS,
    attack: async (target) => {
      const client = await LightClient.join(target);
      // An answer in between would be garbage to the other side.
      client.answers = false;
      void drip(client, encodeFrame(target.network.magic, "tx", randomBytes(10_000)));
      return client;
    },
  },
  {
    name: "never reading",
    limitMs: PONG_MS + SLACK_MS,
    attack: async (target, hash) => {
      const client = await LightClient.join(target);
      client.stopReading();
      askForMuch(client, hash, 1_000);
      return client;
    },
  },
];

/** Asks for the same large block over and over. */
function askForMuch(client: LightClient, hash: BlockHash, times: number): void {
  const entries = Array.from({ length: times }, () => ({
    type: MSG_WITNESS_BLOCK as typeof MSG_WITNESS_BLOCK,
    hash,
  }));
  client.send({ command: "getdata", entries });
}
