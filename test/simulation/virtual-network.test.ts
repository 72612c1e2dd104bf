/**
 * The virtual network: what every transport must do, and what only a simulation can do.
 */

import { describe, expect, test } from "bun:test";
import type { Connection, DatagramSocket, Listener } from "../../src/p2p/transport.ts";
import { SeededRandom } from "../support/random.ts";
import { describeTransport, expectCode } from "../unit/p2p/transport-conformance.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { type VirtualHost, VirtualNetwork, type VirtualNetworkOptions } from "./virtual-network.ts";

const QUIET = { onData() {}, onDrain() {}, onClose() {} };
const PORT = 8_333;
const HOUR_MS = 3_600_000;

describeTransport({
  name: "VirtualNetwork",
  silenceProblem: undefined,
  create: () => {
    const { clock, network, hosts } = worldOf(2, { splitOneIn: 3 });
    const [server, client] = hosts as [VirtualHost, VirtualHost];
    let resets = 0;
    return {
      server: server.transport,
      client: client.transport,
      serverHost: server.address,
      clientHost: client.address,
      until: async (isDone) => clock.runUntil(isDone, HOUR_MS),
      dialAndReset: async (address, bytes) => {
        const open = Promise.withResolvers<void>();
        // A node that dies leaves it to its system to reset what it had.
        const other = network.addHost(`10.1.0.${++resets}`);
        const dialled = other.transport.connect(address, () => QUIET, 5_000);
        void dialled.then((connection) => {
          connection.write(bytes);
          other.crash({ losesPower: false });
          open.resolve();
        });
        await open.promise;
      },
      findSilence: async () => ({ host: "10.9.9.9", port: 1 }),
      countSockets: () => server.connectionCount + client.connectionCount,
      stop: () => {},
    };
  },
});

describe("VirtualNetwork", () => {
  test("the same seed gives the same trace, and another seed another", () => {
    const traces = [1, 1, 2].map((seed) => playTraffic(seed).trace.toString());
    expect(traces[1]).toBe(traces[0]!);
    expect(traces[2]).not.toBe(traces[0]!);
  });

  test("takes latency and bandwidth as they are set, each way for itself", async () => {
    const { clock, network, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    network.setLink(a, b, { latencyMs: [50, 50], bytesPerSecond: 1_000_000, lossPerThousand: 0 });
    network.setLink(b, a, { latencyMs: [10, 10], bytesPerSecond: 1e9, lossPerThousand: 0 });
    const { near, far } = connect(clock, a, b);
    expect(clock.monotonic()).toBeCloseTo(60, 5);
    const startMs = clock.monotonic();
    near.connection.write(new Uint8Array(500_000));
    clock.runUntil(() => far.byteLength === 500_000, HOUR_MS);
    expect(clock.monotonic() - startMs).toBeCloseTo(550, 5);
    far.connection.write(new Uint8Array(1));
    clock.runUntil(() => near.byteLength === 1, HOUR_MS);
    expect(clock.monotonic() - startMs).toBeCloseTo(560, 3);
  });

  test("streams keep their order on a link where datagrams overtake each other", async () => {
    const link = { latencyMs: [1, 100], bytesPerSecond: 1e9, lossPerThousand: 0 } as const;
    const { clock, hosts } = worldOf(2, { link });
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    const heard: number[] = [];
    const socket = open(clock, a);
    open(clock, b, (bytes) => heard.push(bytes[0]!));
    for (let number = 0; number < 100; number++) {
      near.connection.write(Uint8Array.of(number));
      socket.send(Uint8Array.of(number));
    }
    clock.pass(1_000);
    const inOrder = Array.from({ length: 100 }, (_, number) => number);
    expect(far.bytes).toEqual(inOrder);
    expect(heard).not.toEqual(inOrder);
    expect([...heard].sort((x, y) => x - y)).toEqual(inOrder);
  });

  test("loses as many datagrams as the link says, and its own sender hears all", async () => {
    const link = { latencyMs: [1, 1], bytesPerSecond: 1e9, lossPerThousand: 250 } as const;
    const { clock, hosts } = worldOf(2, { link });
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    let [own, other] = [0, 0];
    const socket = open(clock, a, () => own++);
    open(clock, b, (_, from) => {
      expect(from.host).toBe(a.address);
      other++;
    });
    for (let count = 0; count < 4_000; count++) socket.send(Uint8Array.of(1));
    clock.pass(1_000);
    expect(own).toBe(4_000);
    expect(other).toBeGreaterThan(2_850);
    expect(other).toBeLessThan(3_150);
    socket.close();
    socket.send(Uint8Array.of(1));
    clock.pass(1_000);
    expect(own).toBe(4_000);
  });

  test("a silent partition holds everything back, and gives it on in order when it heals", async () => {
    const { clock, network, hosts } = worldOf(4);
    const [a, b, c, d] = hosts as [VirtualHost, VirtualHost, VirtualHost, VirtualHost];
    const across = connect(clock, a, c);
    const within = connect(clock, a, b, PORT + 1);
    network.partition(
      [
        [a, b],
        [c, d],
      ],
      "silent",
    );
    across.near.connection.write(Uint8Array.of(1, 2, 3));
    within.near.connection.write(Uint8Array.of(4));
    const dialled = c.transport.connect({ host: b.address, port: PORT + 1 }, () => QUIET, 5_000);
    const outcome = expectCode(dialled, "ETIMEDOUT");
    clock.pass(60_000);
    await outcome;
    expect([within.far.bytes, across.far.bytes]).toEqual([[4], []]);
    expect(across.near.closes + across.far.closes).toBe(0);
    network.healAll();
    // TCP waits no longer than it has waited already before it sends again.
    clock.pass(60_000);
    expect(across.far.bytes).toEqual([1, 2, 3]);
  });

  test("a connection across a silent partition times out where something was to be sent", async () => {
    const { clock, network, hosts } = worldOf(2, { timeoutMs: 100_000 });
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    network.partition([[a], [b]], "silent");
    near.connection.write(Uint8Array.of(1));
    clock.pass(99_000);
    expect([near.closes, far.closes]).toEqual([0, 0]);
    clock.pass(2_000);
    expect([near.closes, far.closes]).toEqual([1, 0]);
    network.healAll();
    clock.pass(10_000);
    // Nobody has told the other side; it learns when it sends.
    expect(far.closes).toBe(0);
    far.connection.write(Uint8Array.of(2));
    clock.pass(1_000);
    expect([near.closes, far.closes, far.byteLength]).toEqual([1, 1, 0]);
  });

  test("a partition by resets ends connections on both sides and refuses new ones", async () => {
    const { clock, network, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    network.partition([[a], [b]], "reset");
    clock.pass(1);
    expect([near.closes, far.closes]).toEqual([1, 1]);
    const dialled = a.transport.connect({ host: b.address, port: PORT }, () => QUIET, 5_000);
    const outcome = expectCode(dialled, "EHOSTUNREACH");
    clock.pass(100);
    await outcome;
    network.healAll();
    connect(clock, a, b, PORT + 1);
  });

  test("a cut of one direction lets the other through, until nothing is acknowledged", async () => {
    const { clock, network, hosts } = worldOf(2, { timeoutMs: 100_000, windowBytes: 200_000 });
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    network.cut(b, a, "silent");
    near.connection.write(new Uint8Array(1_000_000));
    far.connection.write(Uint8Array.of(1));
    clock.pass(50_000);
    expect(far.byteLength).toBeGreaterThan(100_000);
    expect(far.byteLength).toBeLessThanOrEqual(200_000);
    expect(near.byteLength).toBe(0);
    network.heal(b, a);
    clock.pass(50_000);
    expect([far.byteLength, near.byteLength]).toEqual([1_000_000, 1]);
    network.cut(b, a, "silent");
    near.connection.write(Uint8Array.of(2));
    clock.pass(101_000);
    expect(near.closes).toBe(1);
  });

  test("a reset is told to a reader that has paused, an orderly end only once it reads", () => {
    const { clock, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const first = connect(clock, a, b);
    const second = connect(clock, a, b, PORT + 1);
    for (const { near, far } of [first, second]) {
      far.connection.pause();
      near.connection.write(Uint8Array.of(1));
    }
    first.near.connection.close();
    clock.pass(1_000);
    expect([first.far.closes, first.far.byteLength]).toEqual([0, 0]);
    // Whoever writes to one who is gone is reset, and loses what it has not read.
    first.far.connection.write(Uint8Array.of(2));
    clock.pass(1_000);
    expect([first.far.closes, first.far.byteLength]).toEqual([1, 0]);
    a.crash({ losesPower: false });
    clock.pass(1_000);
    expect([second.far.closes, second.far.byteLength]).toEqual([1, 0]);
  });

  test("what was closed across a cut is told once to the one side, and never to the other", () => {
    const { clock, network, hosts } = worldOf(2, { timeoutMs: 100_000 });
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    network.partition([[a], [b]], "silent");
    near.connection.write(Uint8Array.of(1));
    near.connection.close();
    clock.pass(200_000);
    network.healAll();
    clock.pass(200_000);
    expect([near.closes, far.closes, far.byteLength]).toEqual([1, 0, 0]);
  });

  test("a dial waits for a cut to heal and for a stall to end, as long as it may", async () => {
    const { clock, network, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    let accepted = 0;
    void b.transport.listen({ host: "::", port: PORT }, () => {
      accepted++;
      return QUIET;
    });
    const dial = (port: number) => {
      const outcome = { code: "none yet" };
      void a.transport
        .connect({ host: b.address, port }, () => QUIET, 20_000)
        .then(
          () => {
            outcome.code = "open";
          },
          ({ code }) => {
            outcome.code = code;
          },
        );
      return outcome;
    };
    network.cut(a, b, "silent");
    const cut = dial(PORT);
    clock.pass(2_500);
    expect(cut.code).toBe("none yet");
    network.heal(a, b);
    clock.pass(1_000);
    expect([cut.code, accepted]).toEqual(["open", 1]);

    network.stall(a, b, 2_500);
    const stalled = dial(PORT);
    clock.pass(2_400);
    expect([stalled.code, accepted]).toEqual(["none yet", 1]);
    clock.pass(1_000);
    expect([stalled.code, accepted]).toEqual(["open", 2]);

    // A refusal, too, has to find its way back.
    network.cut(b, a, "silent");
    const refused = dial(PORT + 1);
    const unanswered = dial(PORT);
    clock.pass(10_000);
    expect([refused.code, unanswered.code]).toEqual(["none yet", "none yet"]);
    clock.pass(10_001);
    expect([refused.code, unanswered.code]).toEqual(["ETIMEDOUT", "ETIMEDOUT"]);
  });

  test("a cut by resets in one direction ends connections on both sides", () => {
    const { clock, network, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    network.cut(b, a, "reset");
    clock.pass(1);
    expect([near.closes, far.closes]).toEqual([1, 1]);
  });

  test("datagrams across a cut are lost, those on their way too", () => {
    const { clock, network, hosts } = worldOf(3);
    const [a, b, c] = hosts as [VirtualHost, VirtualHost, VirtualHost];
    const heard: string[] = [];
    const socket = open(clock, a);
    open(clock, b, (bytes) => heard.push(`b ${bytes[0]}`));
    open(clock, c, (bytes) => heard.push(`c ${bytes[0]}`));
    network.cut(a, b, "silent");
    socket.send(Uint8Array.of(1));
    clock.pass(1_000);
    network.heal(a, b);
    socket.send(Uint8Array.of(2));
    network.cut(a, b, "silent");
    clock.pass(1_000);
    expect(heard).toEqual(["c 1", "c 2"]);
  });

  test("a host without power is silent to hosts that come later", async () => {
    const { clock, network, hosts } = worldOf(1);
    const [a] = hosts as [VirtualHost];
    a.crash({ losesPower: true });
    const late = network.addHost("10.0.1.1");
    const dialled = late.transport.connect({ host: a.address, port: PORT }, () => QUIET, 5_000);
    const outcome = expectCode(dialled, "ETIMEDOUT");
    clock.pass(6_000);
    await outcome;
    a.restart();
    connect(clock, late, a);
  });

  test("a stalled link gives on what it held, in order, when the stall is over", async () => {
    const { clock, network, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    network.stall(a, b, 5_000);
    near.connection.write(Uint8Array.of(1));
    near.connection.write(Uint8Array.of(2));
    clock.pass(4_900);
    expect(far.bytes).toEqual([]);
    clock.pass(200);
    expect(far.bytes).toEqual([1, 2]);
  });

  test("a node that dies is reset by its system, and hears no more of anything", async () => {
    const { clock, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near, far } = connect(clock, a, b);
    const [transport, datagrams] = [b.transport, b.datagrams];
    let heard = 0;
    const socket = open(clock, b, () => heard++);
    b.crash({ losesPower: false });
    near.connection.write(Uint8Array.of(1));
    socket.send(Uint8Array.of(1));
    clock.pass(1_000);
    expect([near.closes, far.closes, far.byteLength, heard]).toEqual([1, 0, 0, 0]);
    // What is left of the dead node reaches nothing.
    let settled = 0;
    const note = () => settled++;
    transport.listen({ host: "::", port: PORT }, () => QUIET).then(note, note);
    transport.connect({ host: a.address, port: PORT }, () => QUIET, 10).then(note, note);
    datagrams.open(() => {}).then(note, note);
    const dialled = a.transport.connect({ host: b.address, port: PORT }, () => QUIET, 5_000);
    const outcome = expectCode(dialled, "ECONNREFUSED");
    clock.pass(10_000);
    await outcome;
    expect(settled).toBe(0);
    b.restart();
    connect(clock, a, b);
  });

  test("P-22: a host without power is silent, and resets what it does not know after its return", async () => {
    const { clock, hosts } = worldOf(2);
    const [a, b] = hosts as [VirtualHost, VirtualHost];
    const { near } = connect(clock, a, b);
    b.crash({ losesPower: true });
    near.connection.write(Uint8Array.of(1));
    const dialled = a.transport.connect({ host: b.address, port: PORT }, () => QUIET, 5_000);
    const outcome = expectCode(dialled, "ETIMEDOUT");
    clock.pass(30_000);
    await outcome;
    expect(near.closes).toBe(0);
    b.restart();
    clock.pass(30_000);
    expect(near.closes).toBe(1);
    connect(clock, a, b);
  });

  test("carries more than 100,000 messages a second", () => {
    const startedAt = performance.now();
    const { trace, messages, bytes } = playTraffic(3, 400_000);
    const seconds = (performance.now() - startedAt) / 1_000;
    const rate = messages / seconds;
    console.log(
      `virtual network: ${messages} messages, ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(2)} s: ` +
        `${Math.round(rate)} messages/s; trace ${trace}`,
    );
    expect(rate).toBeGreaterThan(100_000);
  });
});

/** A recorder of one end. */
interface End {
  readonly connection: Connection;
  readonly bytes: number[];
  byteLength: number;
  closes: number;
}

function worldOf(count: number, options: VirtualNetworkOptions = {}, seed = 1) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork(clock, new SeededRandom(seed), options);
  const hosts = Array.from({ length: count }, (_, index) => network.addHost(`10.0.0.${index + 1}`));
  return { clock, network, hosts };
}

function endOf(connection: Connection) {
  const end: End = { connection, bytes: [], byteLength: 0, closes: 0 };
  const handler = {
    onData(bytes: Uint8Array) {
      end.byteLength += bytes.length;
      if (end.byteLength < 10_000) end.bytes.push(...bytes);
    },
    onDrain() {},
    onClose() {
      end.closes++;
    },
  };
  return { end, handler };
}

/** Connects `a` to a new listener of `b`; returns the end of each. */
function connect(clock: VirtualClock, a: VirtualHost, b: VirtualHost, port = PORT) {
  let near: End | undefined;
  let far: End | undefined;
  void b.transport.listen({ host: "::", port }, (connection) => {
    const { end, handler } = endOf(connection);
    far = end;
    return handler;
  });
  const handlerOf = (connection: Connection) => {
    const { end, handler } = endOf(connection);
    near = end;
    return handler;
  };
  void a.transport.connect({ host: b.address, port }, handlerOf, 5_000);
  clock.runUntil(() => near !== undefined && far !== undefined, 10_000);
  return { near: near!, far: far! };
}

function open(
  clock: VirtualClock,
  host: VirtualHost,
  onDatagram: Parameters<VirtualHost["datagrams"]["open"]>[0] = () => {},
): DatagramSocket {
  let socket: DatagramSocket | undefined;
  void host.datagrams.open(onDatagram).then((opened) => {
    socket = opened;
  });
  clock.run(clock.monotonic());
  return socket!;
}

/** 16 hosts, each connected to the next four; each message is answered until `limit` have come. */
function playTraffic(seed: number, limit = 20_000) {
  const { clock, network, hosts } = worldOf(16, {}, seed);
  const random = new SeededRandom(seed);
  const payloads = Array.from({ length: 64 }, () => random.bytes(random.below(500) + 24));
  let messages = 0;
  let bytes = 0;
  const talk = (connection: Connection) => ({
    ...QUIET,
    onData(received: Uint8Array) {
      messages++;
      bytes += received.length;
      if (messages < limit) connection.write(random.pick(payloads));
    },
  });
  const listeners: Promise<Listener>[] = hosts.map((host) =>
    host.transport.listen({ host: "::", port: PORT }, talk),
  );
  for (const [number, host] of hosts.entries()) {
    for (let step = 1; step <= 4; step++) {
      const other = hosts[(number + step) % hosts.length]!;
      void host.transport
        .connect({ host: other.address, port: PORT }, talk, 5_000)
        .then((connection) => connection.write(random.pick(payloads)));
    }
  }
  clock.runUntil(() => messages >= limit, HOUR_MS);
  expect(listeners.length).toBe(hosts.length);
  return { trace: network.trace, messages, bytes };
}
