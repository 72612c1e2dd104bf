/**
 * Discovery by multicast: when a node speaks, what it makes of what it hears, and that nobody can make
 * it speak, remember or silence more than it should.
 */

import { describe, expect, test } from "bun:test";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import {
  Discovery,
  HEARD_EXPIRY_MS,
  type HeardNode,
  MAX_HEARD_NODES,
  MAX_HEARD_NODES_PER_HOST,
  MIN_ANNOUNCEMENT_INTERVAL_MS,
} from "../../../src/p2p/discovery.ts";
import type { DatagramSocket, Datagrams } from "../../../src/p2p/transport.ts";
import { type Announcement, encodeAnnouncement } from "../../../src/wire/announcement.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";
import type { NodeId } from "../../../src/wire/node-id.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { VirtualNetwork } from "../../simulation/virtual-network.ts";
import { SeededRandom } from "../../support/random.ts";

const MAGIC = Uint8Array.of(1, 2, 3, 4);
const OTHER_MAGIC = Uint8Array.of(4, 3, 2, 1);
const PORT = 8_333;

function idOf(number: number): NodeId {
  return `02${number.toString(16).padStart(64, "0")}` as NodeId;
}

function announcementOf(changes: Partial<Announcement> = {}): Uint8Array {
  return encodeAnnouncement({
    magic: MAGIC,
    nodeId: idOf(1_000_000),
    p2pPort: PORT,
    apiPort: 8_080,
    height: 5,
    token: 77n,
    ...changes,
  });
}

/** One node whose datagrams a test gives it by hand, and whose own it counts. */
class Ear {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly sent: Uint8Array[] = [];
  readonly sentAt: number[] = [];
  readonly heard: HeardNode[] = [];
  readonly discovery: Discovery;
  isSocketClosed = false;
  #hear: (bytes: Uint8Array, from: NetAddress) => void = () => {};

  constructor(seed = 1, problem?: string) {
    this.random = new SeededRandom(seed);
    const socket: DatagramSocket = {
      interfaces: ["10.0.0.1"],
      problem,
      send: (bytes) => {
        this.sent.push(bytes);
        this.sentAt.push(this.clock.monotonic());
      },
      close: () => {
        this.isSocketClosed = true;
      },
    };
    this.discovery = new Discovery({
      ...partsOf(0, this.clock, this.random),
      datagrams: {
        open: async (onDatagram) => {
          this.#hear = onDatagram;
          return socket;
        },
      },
    });
    this.discovery.events.on("node-heard", (node) => this.heard.push(node));
  }

  async start(): Promise<this> {
    await this.discovery.start();
    return this;
  }

  hear(bytes: Uint8Array, host = "10.0.0.2"): void {
    this.#hear(bytes, { host, port: 18_333 });
  }
}

function partsOf(number: number, clock: VirtualClock, random: SeededRandom) {
  return {
    magic: MAGIC,
    nodeId: idOf(number),
    p2pPort: PORT,
    apiPort: 8_080,
    height: () => number,
    clock,
    random,
    log: SILENT_LOGGER,
  };
}

describe("announcing", () => {
  test("at the start, after one, two and five seconds, and then every half minute, more or less", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const ear = await new Ear(seed).start();
      ear.clock.pass(600_000);
      const gaps = ear.sentAt.map((at, index) => at - (ear.sentAt[index - 1] ?? 0));
      const [first, second, third, fourth, ...later] = gaps as [number, number, number, number];
      expect(first).toBeLessThan(250);
      for (const [gap, about] of [
        [second, 1_000],
        [third, 1_000],
        [fourth, 3_000],
        ...later.map((gap) => [gap, 30_000]),
      ] as [number, number][]) {
        expect(gap).toBeGreaterThanOrEqual(about * 0.75);
        expect(gap).toBeLessThanOrEqual(about * 1.25);
      }
      expect(new Set(later).size).toBeGreaterThan(later.length / 2);
    }
  });

  test("on demand, but no more than once a second", async () => {
    const ear = new Ear();
    expect(ear.discovery.announceNow()).toBe(false);
    await ear.start();
    ear.clock.pass(20_000);
    const before = ear.sent.length;
    for (let second = 0; second < 3; second++) {
      for (let time = 0; time < 10; time++) expect(ear.discovery.announceNow()).toBe(true);
      ear.clock.pass(MIN_ANNOUNCEMENT_INTERVAL_MS);
    }
    expect(ear.sent.length - before).toBe(3);
    ear.discovery.stop();
    expect(ear.discovery.announceNow()).toBe(false);
    expect(ear.sent.length - before).toBe(3);
  });

  test("P-51: a hundred nodes that start together send 50 datagrams a second at most, and all meet", async () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(5);
    const network = new VirtualNetwork(clock, random);
    const knows = new Map<number, Set<NodeId>>();
    const sentAt: number[] = [];
    const discoveries: Discovery[] = [];
    for (let number = 1; number <= 100; number++) {
      const host = network.addHost(`10.0.0.${number}`);
      const datagrams: Datagrams = {
        open: async (onDatagram) => {
          const socket = await host.datagrams.open(onDatagram);
          return {
            interfaces: socket.interfaces,
            problem: socket.problem,
            close: () => socket.close(),
            send: (bytes) => {
              sentAt.push(clock.monotonic());
              socket.send(bytes);
            },
          };
        },
      };
      const discovery = new Discovery({ ...partsOf(number, clock, random), datagrams });
      const met = new Set<NodeId>();
      knows.set(number, met);
      discovery.events.on("node-heard", ({ nodeId, address }) => {
        expect(address.host).not.toBe(host.address);
        met.add(nodeId);
      });
      discoveries.push(discovery);
      await discovery.start();
    }
    clock.pass(120_000);
    let busiest = 0;
    for (const start of sentAt) {
      busiest = Math.max(busiest, sentAt.filter((at) => at >= start && at < start + 1_000).length);
    }
    console.log(
      `100 nodes at once: ${busiest} datagrams in the busiest second, ${sentAt.length} in 2 min`,
    );
    expect(busiest).toBeLessThanOrEqual(50);
    // Everybody has heard of nearly all by themselves: one datagram in a thousand is lost.
    for (const met of knows.values()) expect(met.size).toBeGreaterThan(90);
    for (const discovery of discoveries) discovery.stop();
    clock.pass(60_000);
    expect(clock.eventsWaiting).toBe(0);
  });

  test("nobody can silence a node for longer than its first seconds", async () => {
    const ear = await new Ear().start();
    for (let at = 0; at < 120_000; at += 20) {
      ear.hear(announcementOf({ nodeId: idOf(at + 10) }), `10.0.1.${(at / 20) % 100}`);
      ear.clock.pass(20);
    }
    expect(ear.sentAt.length).toBeGreaterThanOrEqual(3);
    expect(ear.sentAt.filter((at) => at > 1_000)[0]!).toBeLessThan(45_000);
  });

  test("P-50: what is heard makes it send nothing", async () => {
    const quiet = await new Ear(3).start();
    const busy = await new Ear(3).start();
    quiet.clock.pass(60_000);
    for (let at = 0; at < 60_000; at += 1_000) {
      busy.hear(announcementOf(), "10.9.9.9");
      busy.clock.pass(1_000);
    }
    expect(busy.sentAt).toEqual(quiet.sentAt);
    expect(busy.sent[0]!.length).toBeLessThanOrEqual(announcementOf().length);
  });
});

describe("hearing", () => {
  test("tells where a node of our network accepts peers, whatever it says of its height", async () => {
    const ear = await new Ear().start();
    ear.hear(announcementOf({ height: 0xffffffff, p2pPort: 9_000 }), "10.0.0.7");
    expect(ear.heard).toEqual([
      { address: { host: "10.0.0.7", port: 9_000 }, nodeId: idOf(1_000_000), height: 0xffffffff },
    ]);
    expect(ear.discovery.state()).toMatchObject({
      interfaces: ["10.0.0.1"],
      problem: undefined,
      lastSentAt: undefined,
      lastHeardAt: ear.clock.now(),
      nodeCount: 1,
      foreignCount: 0,
      malformedCount: 0,
    });
  });

  test("P-54: takes no notice of itself, by its token and by its id", async () => {
    const ear = await new Ear().start();
    ear.clock.pass(1_000);
    ear.hear(ear.sent[0]!, "10.0.0.1");
    ear.hear(announcementOf({ nodeId: idOf(0) }), "10.0.0.1");
    expect([ear.heard, ear.discovery.state().nodeCount]).toEqual([[], 0]);
    expect(ear.discovery.state().lastHeardAt).toBeUndefined();
  });

  test("P-52: counts other networks and garbage, and does nothing else with them", async () => {
    const ear = await new Ear().start();
    const random = new SeededRandom(9);
    ear.hear(announcementOf({ magic: OTHER_MAGIC }));
    ear.hear(announcementOf({ magic: OTHER_MAGIC }));
    ear.hear(announcementOf({ magic: Uint8Array.of(9, 9, 9, 9) }));
    ear.hear(new Uint8Array(0));
    ear.hear(new Uint8Array(60_000));
    ear.hear(announcementOf().subarray(0, 50));
    expect(ear.discovery.state()).toMatchObject({
      foreignCount: 3,
      foreignNetworks: 2,
      malformedCount: 3,
      nodeCount: 0,
    });
    for (let round = 0; round < 20_000; round++) {
      const bytes = announcementOf();
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      ear.hear(random.oneIn(2) ? bytes : random.bytes(random.below(600)), `10.0.2.${round % 200}`);
      if (round % 50 === 0) ear.clock.pass(1_000);
    }
    const { malformedCount, foreignCount, foreignNetworks } = ear.discovery.state();
    expect([malformedCount > 1_000, foreignCount > 10, foreignNetworks <= 64]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("looks at ten datagrams a second of one host, and at a hundred of all", async () => {
    const ear = await new Ear().start();
    for (let count = 0; count < 10_000; count++) ear.hear(announcementOf(), "10.0.0.2");
    expect(ear.heard).toHaveLength(10);
    ear.hear(announcementOf({ nodeId: idOf(5) }), "10.0.0.3");
    expect(ear.heard).toHaveLength(11);
    expect(ear.discovery.state().droppedCount).toBe(9_990);
    for (let host = 0; host < 250; host++) {
      for (let count = 0; count < 5; count++) ear.hear(announcementOf(), `10.0.1.${host}`);
    }
    expect(ear.heard).toHaveLength(100);
    ear.clock.pass(1_000);
    for (let host = 0; host < 250; host++) ear.hear(announcementOf(), `10.0.1.${host}`);
    expect(ear.heard).toHaveLength(200);
  });

  test("P-53: a hundred thousand made-up nodes fill neither memory nor the list of whom to dial", async () => {
    const ear = await new Ear().start();
    let most = 0;
    for (let number = 0; number < 100_000; number++) {
      const host = `10.${(number >>> 11) & 0xff}.${(number >>> 3) & 0xff}.1`;
      ear.hear(announcementOf({ nodeId: idOf(number) }), host);
      ear.clock.pass(20);
      if (number % 1_000 === 0) most = Math.max(most, ear.discovery.state().nodeCount);
      expect(ear.discovery.size).toBeLessThanOrEqual(2 * MAX_HEARD_NODES);
    }
    expect(most).toBe(MAX_HEARD_NODES);
    ear.clock.pass(HEARD_EXPIRY_MS);
    expect(ear.discovery.state().nodeCount).toBe(0);
  });

  test("P-53: one host has room for eight nodes, and does not take the places of others", async () => {
    const ear = await new Ear().start();
    ear.hear(announcementOf({ nodeId: idOf(1) }), "10.0.0.9");
    for (let number = 10; number < 40; number++) {
      ear.hear(announcementOf({ nodeId: idOf(number) }), "10.0.0.2");
      ear.clock.pass(500);
    }
    expect(ear.discovery.state().nodeCount).toBe(1 + MAX_HEARD_NODES_PER_HOST);
    expect(ear.heard).toHaveLength(1 + MAX_HEARD_NODES_PER_HOST);
    // The names of nodes elsewhere count as its own, too.
    ear.hear(announcementOf({ nodeId: idOf(1) }), "10.0.0.2");
    expect(ear.heard).toHaveLength(1 + MAX_HEARD_NODES_PER_HOST);
    ear.clock.pass(HEARD_EXPIRY_MS);
    ear.hear(announcementOf({ nodeId: idOf(50) }), "10.0.0.2");
    expect(ear.heard.at(-1)!.nodeId).toBe(idOf(50));
    for (let number = 51; number < 58; number++) {
      ear.hear(announcementOf({ nodeId: idOf(number) }), "10.0.0.2");
    }
    expect(ear.heard.at(-1)!.nodeId).toBe(idOf(57));
    expect(ear.discovery.state().nodeCount).toBe(MAX_HEARD_NODES_PER_HOST);
  });

  test("P-30: dials no port below 1024 at anybody's word, our own aside", async () => {
    const ear = await new Ear().start();
    for (const p2pPort of [22, 25, 443, 1_023]) ear.hear(announcementOf({ p2pPort }));
    expect(ear.heard).toEqual([]);
    ear.hear(announcementOf({ p2pPort: 1_024 }));
    expect(ear.heard).toHaveLength(1);
  });

  test("P-55: an old announcement is one more to dial, and no more", async () => {
    const ear = await new Ear().start();
    const recorded = announcementOf();
    ear.hear(recorded);
    ear.clock.pass(24 * 60 * 60 * 1_000);
    ear.hear(recorded);
    expect([ear.heard.length, ear.discovery.state().nodeCount]).toEqual([2, 1]);
  });
});

describe("state", () => {
  test("says what is wrong where nothing can be sent", async () => {
    const ear = await new Ear(1, "no interface has multicast").start();
    expect(ear.discovery.state().problem).toBe("no interface has multicast");
    const clock = new VirtualClock();
    const broken = new Discovery({
      ...partsOf(1, clock, new SeededRandom(1)),
      datagrams: { open: () => Promise.reject(new Error("the port is taken")) },
    });
    expect(broken.state()).toMatchObject({ interfaces: [], problem: undefined });
    await broken.start();
    expect(broken.state()).toMatchObject({ interfaces: [], problem: "the port is taken" });
    expect(clock.eventsWaiting).toBe(0);
    broken.stop();
  });

  test("closes its socket and its timer, also when it is stopped while it starts", async () => {
    const ear = new Ear();
    const started = ear.start();
    ear.discovery.stop();
    await started;
    expect([ear.isSocketClosed, ear.clock.eventsWaiting]).toEqual([true, 0]);
    ear.hear(announcementOf());
    expect(ear.heard).toEqual([]);
  });
});
