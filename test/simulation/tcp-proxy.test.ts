/**
 * The proxy of test/support/tcp-proxy.ts: to the millisecond on the virtual network, and once on TCP.
 */

import { describe, expect, test } from "bun:test";
import { SYSTEM_CLOCK } from "../../src/node/system-clock.ts";
import { TcpTransport } from "../../src/p2p/tcp-transport.ts";
import type { Connection } from "../../src/p2p/transport.ts";
import { SeededRandom } from "../support/random.ts";
import { type ProxyOptions, TcpProxy } from "../support/tcp-proxy.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const HOUR_MS = 3_600_000;

/** What two ends on either side of a proxy have seen. */
interface End {
  readonly connection: Connection;
  received: number;
  closes: number;
}

describe("TcpProxy", () => {
  test("delays each way by its latency, and no more on a wide link", () => {
    const { clock, near, far } = worldWith({ latencyMs: 100 });
    const startMs = clock.monotonic();
    near.connection.write(new Uint8Array(10));
    clock.runUntil(() => far.received === 10, HOUR_MS);
    expect(clock.monotonic() - startMs).toBeCloseTo(100, 0);
    far.connection.write(new Uint8Array(10));
    clock.runUntil(() => near.received === 10, HOUR_MS);
    expect(clock.monotonic() - startMs).toBeCloseTo(200, 0);
  });

  test("lets through as many bytes a second as it is told, and makes the writer wait", () => {
    const { clock, near, far } = worldWith({ bytesPerSecond: 1_000_000 });
    const startMs = clock.monotonic();
    near.connection.write(new Uint8Array(5_000_000));
    clock.pass(1_000);
    expect(far.received).toBeGreaterThan(950_000);
    expect(far.received).toBeLessThan(1_050_000);
    // What the proxy keeps is bounded, and so is what the system takes.
    expect(near.connection.queuedBytes).toBeGreaterThan(1_000_000);
    clock.runUntil(() => far.received === 5_000_000, HOUR_MS);
    expect((clock.monotonic() - startMs) / 5_000).toBeCloseTo(1, 1);
  });

  test("holds everything while it is paused, and the end too", () => {
    const { clock, proxy, near, far } = worldWith({});
    proxy.pause();
    near.connection.write(new Uint8Array(1_000));
    near.connection.close();
    clock.pass(60_000);
    expect([far.received, far.closes]).toEqual([0, 0]);
    proxy.resume();
    clock.pass(100);
    expect([far.received, far.closes, proxy.connectionCount]).toEqual([1_000, 1, 0]);
  });

  test("ends all when it is cut, refuses until it is healed, and then connects again", () => {
    const { clock, proxy, near, far, dial } = worldWith({});
    proxy.cut();
    clock.pass(100);
    expect([near.closes, far.closes, proxy.connectionCount]).toEqual([1, 1, 0]);
    const refused = dial();
    clock.pass(100);
    expect(refused.near?.closes).toBe(1);
    proxy.heal();
    const again = dial();
    clock.pass(100);
    again.near!.connection.write(new Uint8Array(10));
    clock.pass(100);
    expect(again.far!().received).toBe(10);
  });

  test("on TCP carries megabytes through stalls, in order", async () => {
    const transport = new TcpTransport(SYSTEM_CLOCK);
    const random = new SeededRandom(5);
    const sent = random.bytes(2_000_000);
    const received: Uint8Array[] = [];
    const ended = Promise.withResolvers<void>();
    const place = { host: "127.0.0.1", port: 0 };
    const listener = await transport.listen(place, () => ({
      onData: (bytes) => received.push(bytes),
      onDrain() {},
      onClose: () => ended.resolve(),
    }));
    const proxy = await TcpProxy.start({
      transport,
      clock: SYSTEM_CLOCK,
      random,
      target: { ...place, port: listener.port },
      latencyMs: 5,
      stallOneIn: 20,
      stallMs: 10,
    });
    const dialled = await transport.connect(
      proxy.address,
      // Ends in order once the system has taken all.
      (connection) => ({ onData() {}, onDrain: () => connection.close(), onClose() {} }),
      5_000,
    );
    dialled.write(sent);
    if (dialled.queuedBytes === 0) dialled.close();
    await ended.promise;
    proxy.stop();
    listener.stop();
    expect(Buffer.compare(Buffer.concat(received), sent)).toBe(0);
  });
});

/** A proxy on a host of its own between two others, and a connection through it. */
function worldWith(options: Partial<ProxyOptions>) {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const link = { latencyMs: [0.01, 0.01], bytesPerSecond: 1e10, lossPerThousand: 0 } as const;
  const network = new VirtualNetwork(clock, random, { link });
  const [client, middle, server] = [1, 2, 3].map((number) => network.addHost(`10.0.0.${number}`));
  const fars: End[] = [];
  const record = (ends: End[]) => (connection: Connection) => {
    const end: End = { connection, received: 0, closes: 0 };
    ends.push(end);
    return {
      onData: (bytes: Uint8Array) => {
        end.received += bytes.length;
      },
      onDrain() {},
      onClose: () => {
        end.closes++;
      },
    };
  };
  void server!.transport.listen({ host: "::", port: 1 }, record(fars));
  let proxy: TcpProxy | undefined;
  void TcpProxy.start({
    transport: middle!.transport,
    clock,
    random,
    target: { host: server!.address, port: 1 },
    host: middle!.address,
    ...options,
  }).then((started) => {
    proxy = started;
  });
  clock.pass(1);
  const dial = () => {
    const nears: End[] = [];
    const count = fars.length;
    void client!.transport.connect(proxy!.address, record(nears), 5_000);
    clock.pass(10);
    return { near: nears[0], far: () => fars[count]! };
  };
  const { near, far } = dial();
  return { clock, proxy: proxy!, near: near!, far: far(), dial };
}
