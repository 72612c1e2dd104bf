/**
 * The virtual network under everything that can be done to it at once, for many seeds.
 *
 * Streams must be prefixes of what was sent, ends told once, and the same seed must give the same.
 */

import { describe, expect, test } from "bun:test";
import type { Connection } from "../../src/p2p/transport.ts";
import { SeededRandom } from "../support/random.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { type VirtualHost, VirtualNetwork } from "./virtual-network.ts";

const PORT = 8_333;
const HOSTS = 6;
const SEEDS = 100;
const FAULTS = 30;

describe("VirtualNetwork in chaos", () => {
  test(`keeps its promises for ${SEEDS} seeds, and each seed gives one trace`, () => {
    const totals = { deliveries: 0, ended: 0, complete: 0 };
    const traces = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new ChaosWorld(seed);
      world.run();
      expect({ seed, faults: world.faults }).toEqual({ seed, faults: [] });
      traces.add(world.trace);
      totals.deliveries += world.deliveries;
      totals.ended += world.ended;
      totals.complete += world.complete;
      if (seed % 10 !== 0) continue;
      const again = new ChaosWorld(seed);
      again.run();
      expect({ seed, trace: again.trace }).toEqual({ seed, trace: world.trace });
    }
    console.log(
      `chaos: ${SEEDS} seeds, ${totals.deliveries} deliveries, ${totals.ended} streams ended, ` +
        `${totals.complete} survived and arrived whole`,
    );
    expect(traces.size).toBe(SEEDS);
    // The faults have bitten, and not everything is dead.
    expect(totals.ended).toBeGreaterThan(SEEDS);
    expect(totals.complete).toBeGreaterThan(SEEDS);
  });
});

const MAX_SEND_BYTES = 2_000;

/** 0 to 255, again and again. */
const COUNTING = Uint8Array.from({ length: 256 + MAX_SEND_BYTES }, (_, index) => index);

/** The `byteLength` bytes of any stream that follow its first `place`. */
function countFrom(place: number, byteLength: number): Uint8Array {
  return COUNTING.subarray(place % 256, (place % 256) + byteLength);
}

/** One direction of a connection, whose bytes count up from 0. */
interface Stream {
  sent: number;
  received: number;
}

/** One end: what it sends, and what it is sent. */
class ChaosEnd {
  readonly connection: Connection;
  readonly host: VirtualHost;
  /** Its node has crashed: nothing may be told to it. */
  isDead = false;
  readonly outgoing: Stream = { sent: 0, received: 0 };
  /** Known once the other end is. */
  incoming: Stream | undefined;
  closes = 0;
  readonly #faults: string[];

  constructor(connection: Connection, host: VirtualHost, faults: string[]) {
    this.connection = connection;
    this.host = host;
    this.#faults = faults;
  }

  send(byteLength: number): void {
    const { outgoing } = this;
    this.connection.write(countFrom(outgoing.sent, byteLength));
    outgoing.sent += byteLength;
  }

  onData(bytes: Uint8Array): void {
    if (this.closes > 0 || this.isDead) this.#faults.push("data after the end");
    const { incoming } = this;
    if (incoming === undefined) {
      this.#faults.push("data before the other end was there");
      return;
    }
    const expected = countFrom(incoming.received, bytes.length);
    if (Buffer.compare(bytes, expected) !== 0) this.#faults.push("out of order");
    incoming.received += bytes.length;
    if (incoming.received > incoming.sent) this.#faults.push("more than was sent");
  }

  onDrain(): void {
    if (this.closes > 0 || this.isDead) this.#faults.push("drain after the end");
  }

  onClose(): void {
    this.closes++;
    if (this.closes > 1 || this.isDead) this.#faults.push("told of the end in vain");
  }
}

/** Some hosts that talk while everything happens to them. */
class ChaosWorld {
  readonly faults: string[] = [];
  ended = 0;
  complete = 0;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #network: VirtualNetwork;
  readonly #hosts: VirtualHost[];
  readonly #pairs: (readonly [ChaosEnd, ChaosEnd])[] = [];
  readonly #accepted: ChaosEnd[] = [];
  readonly #crashed = new Set<VirtualHost>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const options = { splitOneIn: 4, timeoutMs: 60_000, windowBytes: 2_048, pieceBytes: 1_024 };
    this.#network = new VirtualNetwork(this.#clock, new SeededRandom(seed + 1_000_000), options);
    this.#hosts = Array.from({ length: HOSTS }, (_, index) =>
      this.#network.addHost(`10.0.0.${index + 1}`),
    );
    for (const host of this.#hosts) this.#listen(host);
  }

  get trace(): string {
    return this.#network.trace.toString();
  }

  get deliveries(): number {
    return this.#network.trace.deliveries;
  }

  run(): void {
    for (let fault = 0; fault < FAULTS; fault++) {
      for (let count = 0; count < 3; count++) this.#dial();
      for (const end of this.#pairs.flat()) {
        if (this.#random.oneIn(2)) end.send(this.#random.below(MAX_SEND_BYTES));
        if (this.#random.oneIn(10)) end.connection.pause();
        if (this.#random.oneIn(5)) end.connection.resume();
        if (this.#random.oneIn(100)) end.connection.close();
      }
      this.#doHarm();
      this.#clock.pass(this.#random.below(10_000));
    }
    this.#restartAll();
    this.#network.healAll();
    for (const end of this.#pairs.flat()) end.connection.resume();
    this.#clock.pass(300_000);
    for (const [near, far] of this.#pairs) {
      if (near.closes + far.closes > 0 || near.isDead || far.isDead) this.ended++;
      else if (near.outgoing.received < near.outgoing.sent) this.faults.push("never arrived");
      else if (far.outgoing.received < far.outgoing.sent) this.faults.push("never came back");
      else if (near.outgoing.sent > 0) this.complete++;
    }
    if (this.#clock.eventsWaiting > 0) this.faults.push("something goes on for ever");
  }

  #listen(host: VirtualHost): void {
    void host.transport.listen({ host: "::", port: PORT }, (connection) => {
      const end = new ChaosEnd(connection, host, this.faults);
      this.#accepted.push(end);
      return end;
    });
  }

  #dial(): void {
    const [from, to] = [this.#random.pick(this.#hosts), this.#random.pick(this.#hosts)];
    const handlerOf = (connection: Connection) => {
      const near = new ChaosEnd(connection, from, this.faults);
      // The oldest that nobody has claimed of those the dialler has made there.
      const far = this.#accepted.find(
        (end) => end.incoming === undefined && end.connection.remote.host === from.address,
      );
      if (far === undefined) {
        this.faults.push("open without the other end");
        return near;
      }
      near.incoming = far.outgoing;
      far.incoming = near.outgoing;
      this.#pairs.push([near, far]);
      return near;
    };
    from.transport.connect({ host: to.address, port: PORT }, handlerOf, 5_000).catch(() => {});
    // One at a time, so that it is plain which two ends belong together.
    this.#clock.pass(6_000);
    for (const end of this.#accepted) end.incoming ??= { sent: 0, received: 0 };
  }

  #doHarm(): void {
    const random = this.#random;
    const [one, other] = [random.pick(this.#hosts), random.pick(this.#hosts)];
    const cut = random.oneIn(2) ? "silent" : "reset";
    switch (random.below(8)) {
      case 0: {
        const split = 1 + random.below(HOSTS - 1);
        this.#network.partition([this.#hosts.slice(0, split), this.#hosts.slice(split)], cut);
        break;
      }
      case 1:
        this.#network.cut(one, other, cut);
        break;
      case 2:
        this.#network.stall(one, other, random.below(20_000));
        break;
      case 3:
        if (random.oneIn(3)) this.#crash(one);
        break;
      case 4:
        this.#restartAll();
        break;
      default:
        this.#network.healAll();
    }
  }

  #crash(host: VirtualHost): void {
    host.crash({ losesPower: this.#random.oneIn(2) });
    this.#crashed.add(host);
    for (const end of this.#pairs.flat()) if (end.host === host) end.isDead = true;
  }

  #restartAll(): void {
    for (const host of this.#crashed) {
      host.restart();
      this.#listen(host);
    }
    this.#crashed.clear();
  }
}
