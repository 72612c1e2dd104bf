/**
 * Whom a node dials, and when, over a real address book and a network that is a rule and a set.
 */

import { describe, expect, test } from "bun:test";
import { groupOf } from "../../../src/p2p/address-group.ts";
import { AddressManager } from "../../../src/p2p/address-manager.ts";
import { MAX_BACKOFF_MS } from "../../../src/p2p/backoff.ts";
import { BanList } from "../../../src/p2p/ban-list.ts";
import {
  BLOCK_RELAY_PEERS,
  BY_HAND_PAUSE_MS,
  Dialer,
  FEELER_INTERVAL_MS,
  FULL_MESH_NODES,
  GROUP_INTERVAL_MS,
  HEARD_INTERVAL_MS,
  MAX_MANUAL_DIALS,
  MAX_PARALLEL_DIALS,
  OUTBOUND_PEERS,
  TICK_MS,
} from "../../../src/p2p/dialer.ts";
import type { PeerKind } from "../../../src/p2p/peer.ts";
import { formatNetAddress, type NetAddress } from "../../../src/wire/net-address.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { openPeerStore } from "../../support/peer-store.ts";
import { SeededRandom } from "../../support/random.ts";

const HOUR_MS = 3_600_000;

interface Dial {
  readonly address: NetAddress;
  readonly kind: PeerKind;
  readonly at: number;
}

/** A dialer in a world where dials take some time and those that `isUp` allows succeed. */
class DialWorld {
  readonly clock = new VirtualClock();
  readonly store = openPeerStore();
  readonly random: SeededRandom;
  readonly bans: BanList;
  readonly addresses: AddressManager;
  readonly dials: Dial[] = [];
  /** From the first packet on. */
  readonly links = new Map<string, Dial>();
  isUp: (address: NetAddress) => boolean = () => true;
  dialMs = 20;
  surpluses = 0;
  parallel = 0;
  mostParallel = 0;
  readonly dialer: Dialer;

  constructor(seed = 3) {
    this.random = new SeededRandom(seed);
    const { clock, store, random } = this;
    const filter = { isLan: true, privilegedPorts: new Set<number>() };
    this.bans = new BanList({ clock, store });
    this.addresses = new AddressManager({ clock, store, random, filter });
    const links = () => [...this.links.values()];
    this.dialer = new Dialer({
      clock,
      random,
      addresses: this.addresses,
      bans: this.bans,
      port: {
        isConnected: (address) => this.links.has(formatNetAddress(address)),
        count: (kind) => links().filter((link) => link.kind === kind).length,
        outboundGroups: () => new Set(links().map(({ address }) => groupOf(address.host))),
        dial: (address, kind) => this.#dial(address, kind),
        dropSurplus: () => {
          this.surpluses += 1;
        },
      },
    });
  }

  /** The book knows `count` addresses: of a private network, or one in each public group. */
  know(count: number, scope: "private" | "public"): NetAddress[] {
    const addresses = Array.from({ length: count }, (_, index) =>
      scope === "private" ? privateAddress(index) : publicAddress(index, 1),
    );
    for (const address of addresses) this.hear(address);
    expect(this.addresses.size).toBe(count);
    return addresses;
  }

  hear(address: NetAddress): void {
    const time = Math.floor(this.clock.now() / 1000);
    this.addresses.add([{ address, services: 9n, time }], address.host);
  }

  start(): this {
    this.dialer.start();
    return this;
  }

  pass(milliseconds: number): this {
    this.clock.pass(milliseconds);
    return this;
  }

  of(kind: PeerKind): Dial[] {
    return this.dials.filter((dial) => dial.kind === kind);
  }

  /** The connection with `address` ends. */
  hangUp(address: NetAddress): void {
    this.links.delete(formatNetAddress(address));
    this.dialer.ended(address);
  }

  #dial(address: NetAddress, kind: PeerKind): Promise<void> {
    const dial = { address, kind, at: this.clock.monotonic() };
    this.dials.push(dial);
    this.links.set(formatNetAddress(address), dial);
    this.parallel += 1;
    this.mostParallel = Math.max(this.mostParallel, this.parallel);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.clock.after(this.dialMs, () => {
      this.parallel -= 1;
      if (!this.isUp(address)) {
        this.hangUp(address);
      } else {
        this.addresses.good(address);
        this.dialer.connected(address);
        if (kind === "feeler") this.hangUp(address);
      }
      resolve();
    });
    return promise;
  }
}

function privateAddress(index: number): NetAddress {
  return { host: `10.1.${index >>> 8}.${index & 0xff}`, port: 8333 };
}

/** Address `index` of the public group `group`. */
function publicAddress(group: number, index: number): NetAddress {
  return { host: `${20 + (group >>> 8)}.${group & 0xff}.0.${index}`, port: 8333 };
}

function textsOf(dials: readonly Dial[]): string[] {
  return dials.map(({ address }) => formatNetAddress(address));
}

/** Milliseconds between each dial and the next. */
function gapsOf(dials: readonly Dial[]): number[] {
  return dials.slice(1).map(({ at }, index) => at - dials[index]!.at);
}

describe("addresses named by the operator", () => {
  test("are dialled at once, and again for ever, less and less often", () => {
    const world = new DialWorld();
    world.isUp = () => false;
    world.addresses.addManual(privateAddress(1));
    world.start().pass(24 * HOUR_MS);
    const gaps = gapsOf(world.of("manual"));
    expect(world.dials[0]?.at).toBe(0);
    expect(gaps[0]).toBeLessThanOrEqual(1_000 + world.dialMs + TICK_MS);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(MAX_BACKOFF_MS + world.dialMs + TICK_MS);
    expect(gaps.length).toBeGreaterThan(288);
    expect(gaps.length).toBeLessThan(1_000);
    // Not forgotten after the failures at which others are.
    expect(world.dials.at(-1)!.at).toBeGreaterThan(23.9 * HOUR_MS);
  });

  test("are dialled soon again once a connection that lasted has ended", () => {
    const world = new DialWorld();
    const address = privateAddress(1);
    world.addresses.addManual(address);
    world.start();
    for (let count = 0; count < 20; count++) {
      world.pass(120_000);
      world.hangUp(address);
      const endedAt = world.clock.monotonic();
      world.pass(2_000);
      expect(world.dials.at(-1)!.at - endedAt).toBeLessThanOrEqual(1_000 + TICK_MS);
    }
    expect(world.dials.length).toBe(21);
  });

  test("are dialled though their host is discouraged, but not if it is banned or our own", () => {
    const world = new DialWorld();
    const [discouraged, banned, own, plain] = [1, 2, 3, 4].map(privateAddress);
    for (const address of [discouraged, banned, own, plain]) world.addresses.addManual(address!);
    world.bans.discourage(discouraged!.host);
    world.bans.ban(banned!.host, world.clock.now() + HOUR_MS, "");
    world.addresses.markOwn(own!);
    // Named again, it is still our own.
    world.addresses.addManual(own!);
    world.start().pass(HOUR_MS / 2);
    expect(textsOf(world.dials).sort()).toEqual(
      [discouraged!, plain!].map(formatNetAddress).sort(),
    );
    world.pass(HOUR_MS);
    expect(textsOf(world.dials)).toContain(formatNetAddress(banned!));
  });

  test("that are dead, however many, leave room for others", () => {
    const world = new DialWorld();
    const [alive] = world.know(1, "private");
    world.isUp = (address) => address === alive;
    world.dialMs = 5_000;
    for (let index = 100; index < 300; index++) world.addresses.addManual(privateAddress(index));
    world.start().pass(6_000);
    expect(world.of("manual").length).toBe(2 * MAX_MANUAL_DIALS);
    expect(world.links.get(formatNetAddress(alive!))?.kind).toBe("outbound");
    expect(world.mostParallel).toBeLessThanOrEqual(MAX_PARALLEL_DIALS);
  });
});

describe("a small network", () => {
  test("is dialled whole, and nobody twice", () => {
    const world = new DialWorld();
    const known = world.know(FULL_MESH_NODES - 1, "private");
    world.start().pass(10_000);
    expect(textsOf(world.dials).sort()).toEqual(known.map(formatNetAddress).sort());
    expect(new Set(world.dials.map(({ kind }) => kind))).toEqual(new Set(["outbound"]));
    expect(world.mostParallel).toBe(MAX_PARALLEL_DIALS);
    expect(world.surpluses).toBe(0);
  });

  test("is dialled again where a connection has ended, with backoff", () => {
    const world = new DialWorld();
    const [lost] = world.know(10, "private");
    world.start().pass(5_000);
    world.isUp = () => false;
    world.hangUp(lost!);
    world.pass(HOUR_MS);
    const again = world.dials.filter(({ address }) => address === lost).slice(1);
    expect(again.length).toBeGreaterThan(5);
    expect(again.length).toBeLessThan(60);
  });

  test("has everybody heard of just now before all others", () => {
    const world = new DialWorld();
    world.know(30, "private");
    const near = privateAddress(500);
    world.dialer.heard(near);
    world.start();
    expect(world.dials[0]).toMatchObject({ address: near, kind: "outbound" });
  });
});

describe("a large network", () => {
  test("P-31: gets eight peers and two for blocks alone, each of another group", () => {
    const world = new DialWorld();
    world.know(200, "public");
    world.start().pass(60_000);
    expect(world.of("outbound").length).toBe(OUTBOUND_PEERS);
    expect(world.of("block-relay").length).toBe(BLOCK_RELAY_PEERS);
    const groups = [...world.links.values()].map(({ address }) => groupOf(address.host));
    expect(new Set(groups).size).toBe(OUTBOUND_PEERS + BLOCK_RELAY_PEERS);
    expect(world.surpluses).toBeGreaterThan(0);
  });

  test("P-31: gives one operator's addresses one place, however many there are", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new DialWorld(seed);
      world.know(60, "public");
      for (let index = 2; index < 60; index++) {
        for (let group = 0; group < 5; group++) world.hear(publicAddress(group, index));
      }
      world.start().pass(60_000);
      // Also where places become free one by one.
      for (let count = 0; count < 10; count++) {
        world.hangUp([...world.links.values()][0]!.address);
        world.pass(30_000);
        const links = [...world.links.values()].filter(({ kind }) => kind !== "feeler");
        const groups = links.map(({ address }) => groupOf(address.host));
        expect(groups.length).toBe(OUTBOUND_PEERS + BLOCK_RELAY_PEERS);
        expect(new Set(groups).size).toBe(groups.length);
      }
    }
  });

  test("that is private is one group, and no place is left empty for it", () => {
    const world = new DialWorld();
    world.know(100, "private");
    world.start().pass(10_000);
    expect(world.links.size).toBe(OUTBOUND_PEERS + BLOCK_RELAY_PEERS);
  });

  test("has the place of one that ended taken by another", () => {
    const world = new DialWorld();
    world.know(100, "public");
    world.start().pass(60_000);
    world.hangUp(world.of("outbound")[0]!.address);
    world.hangUp(world.of("block-relay")[0]!.address);
    world.pass(60_000);
    expect([...world.links.values()].filter(({ kind }) => kind === "outbound").length).toBe(8);
    expect([...world.links.values()].filter(({ kind }) => kind === "block-relay").length).toBe(2);
  });

  test("P-31: is felt out every two minutes by a dial of somebody never reached", () => {
    const world = new DialWorld();
    world.know(300, "public");
    world.start().pass(HOUR_MS);
    const feelers = world.of("feeler");
    expect(feelers.length).toBeGreaterThanOrEqual(28);
    expect(feelers.length).toBeLessThanOrEqual(30);
    expect(Math.min(...gapsOf(feelers))).toBeGreaterThanOrEqual(FEELER_INTERVAL_MS);
    expect(new Set(textsOf(world.dials)).size).toBe(world.dials.length);
  });

  test("P-31: begins with the anchors of the last time, for blocks alone, once", () => {
    const world = new DialWorld();
    world.know(100, "public");
    const anchors = [publicAddress(500, 1), publicAddress(501, 1)];
    world.addresses.putAnchors(anchors);
    world.start().pass(60_000);
    expect(textsOf(world.dials.slice(0, 2)).sort()).toEqual(anchors.map(formatNetAddress).sort());
    expect(world.of("block-relay").length).toBe(2);
    expect(world.addresses.takeAnchors()).toEqual([]);
  });

  test("dials whom it hears of nearby only if it wants more", () => {
    const world = new DialWorld();
    world.know(100, "private");
    world.start().pass(10_000);
    const before = world.dials.length;
    world.dialer.heard(privateAddress(900));
    world.pass(10_000);
    expect(world.dials.length).toBe(before);
    world.hangUp(world.of("outbound")[0]!.address);
    world.pass(1_000);
    expect(world.dials[before]?.address).toEqual(privateAddress(900));
  });
});

describe("never", () => {
  test("dials whom it is to keep away from, named by whomever but the operator", () => {
    const world = new DialWorld();
    const [discouraged, banned, own] = world.know(10, "private");
    world.bans.discourage(discouraged!.host);
    world.bans.ban(banned!.host, world.clock.now() + 1_000 * HOUR_MS, "");
    world.addresses.markOwn(own!);
    for (const address of [discouraged, banned, own]) world.dialer.heard(address!);
    world.start().pass(HOUR_MS);
    expect(world.dials.length).toBe(7);
    for (const address of [discouraged, banned, own]) {
      expect(textsOf(world.dials)).not.toContain(formatNetAddress(address!));
    }
  });

  test("P-53: dials more than eight at once, or five a second in the long run", () => {
    const world = new DialWorld();
    world.isUp = () => false;
    world.dialMs = 1;
    for (let index = 0; index < 2_000; index++) world.hear(privateAddress(index));
    for (let index = 2_000; index < 4_000; index++) world.dialer.heard(privateAddress(index));
    world.start().pass(60_000);
    expect(world.mostParallel).toBeLessThanOrEqual(MAX_PARALLEL_DIALS);
    expect(world.dials.length).toBeGreaterThan(200);
    expect(world.dials.length).toBeLessThanOrEqual(FULL_MESH_NODES + 60 * 5);
  });

  test("dials one public group more than once a second", () => {
    const world = new DialWorld();
    world.isUp = () => false;
    for (let index = 1; index < 40; index++) world.hear(publicAddress(0, index));
    world.start().pass(30_000);
    expect(world.dials.length).toBeGreaterThan(20);
    expect(Math.min(...gapsOf(world.dials))).toBeGreaterThanOrEqual(GROUP_INTERVAL_MS);
  });

  test("dials one address in the name of a voice more than every ten seconds", () => {
    const world = new DialWorld();
    world.isUp = () => false;
    const victim = privateAddress(1);
    world.start();
    for (let step = 0; step < 6_000; step++) {
      world.dialer.heard(victim);
      world.pass(100);
    }
    // Backoff's first few may come sooner.
    expect(world.dials.length).toBeGreaterThan(50);
    expect(Math.min(...gapsOf(world.dials.slice(8)))).toBeGreaterThanOrEqual(HEARD_INTERVAL_MS);
  });

  test("dials whom the operator has sent away for a while, whatever is heard", () => {
    const world = new DialWorld();
    const [address] = world.know(3, "private");
    world.start().pass(70_000);
    world.dialer.leaveAlone(address!);
    world.hangUp(address!);
    for (let waitedMs = 0; waitedMs < BY_HAND_PAUSE_MS - 1_000; waitedMs += 1_000) {
      world.dialer.heard(address!);
      world.dialer.wake();
      world.pass(1_000);
    }
    expect(world.dials.length).toBe(3);
    world.pass(2_000);
    expect(world.dials.length).toBe(4);
  });
});

describe("heard", () => {
  test("brings back at once whom nobody could reach before", () => {
    const world = new DialWorld();
    world.isUp = () => false;
    const [address] = world.know(1, "private");
    world.start().pass(HOUR_MS);
    world.isUp = () => true;
    const heardAt = world.clock.monotonic();
    world.dialer.heard(address!);
    world.pass(TICK_MS);
    expect(world.links.size).toBe(1);
    expect(world.dials.at(-1)!.at - heardAt).toBeLessThanOrEqual(TICK_MS);
  });
});

describe("wake", () => {
  test("dials at once whom it would have waited for", () => {
    const world = new DialWorld();
    world.isUp = () => false;
    world.know(5, "private");
    for (const address of world.addresses.all()) world.addresses.addManual(address);
    world.start().pass(HOUR_MS);
    world.isUp = () => true;
    world.dialer.wake();
    world.pass(100);
    expect(world.links.size).toBe(5);
  });
});

describe("stop", () => {
  test("leaves no timer, and nobody is dialled after it", () => {
    const world = new DialWorld();
    world.know(60, "private");
    world.start().pass(10);
    world.dialer.stop();
    world.pass(1_000);
    const before = world.dials.length;
    world.dialer.wake();
    world.dialer.heard(privateAddress(700));
    world.pass(HOUR_MS);
    expect([world.dials.length, world.clock.eventsWaiting]).toEqual([before, 0]);
  });
});
