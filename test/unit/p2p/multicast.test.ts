/**
 * Multicast on this machine's loopback, and nowhere else; other hosts are in
 * test/functional/p2p-multicast-hosts.test.ts.
 */

import { describe, expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import { SYSTEM_CLOCK } from "../../../src/node/system-clock.ts";
import {
  type InterfaceList,
  MULTICAST_GROUP,
  Multicast,
  type MulticastOptions,
} from "../../../src/p2p/multicast.ts";
import type { DatagramSocket } from "../../../src/p2p/transport.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";
import { HandClock } from "../../support/hand-clock.ts";

const LOOPBACK = "127.0.0.1";
const CHECK_MS = 15_000;

describe("Multicast", () => {
  test("several sockets share the port, hear each other and themselves", async () => {
    const port = await findFreePort();
    const ears = await Promise.all([1, 2, 3].map(() => Ear.open({ port })));
    ears[0]!.socket.send(Uint8Array.of(7));
    for (const ear of ears) {
      expect(await ear.next()).toEqual({ bytes: [7], host: LOOPBACK });
      expect([ear.socket.interfaces, ear.socket.problem]).toEqual([[LOOPBACK], undefined]);
    }
    for (const ear of ears) ear.socket.close();
  });

  test("several processes share the port, and hear each other", async () => {
    const port = await findFreePort();
    const ear = await Ear.open({ port });
    const script = `
      import { Multicast } from ${JSON.stringify(source("p2p/multicast.ts"))};
      import { SYSTEM_CLOCK } from ${JSON.stringify(source("node/system-clock.ts"))};
      const multicast = new Multicast({
        clock: SYSTEM_CLOCK, port: ${port}, interfaceAddress: "${LOOPBACK}",
      });
      const socket = await multicast.open((bytes) => {
        if (bytes[0] !== 2) return;
        socket.send(Uint8Array.of(3));
        socket.close();
      });
      socket.send(Uint8Array.of(1));
    `;
    const child = Bun.spawn([process.execPath, "-e", script], { stderr: "inherit" });
    expect((await ear.next()).bytes).toEqual([1]);
    ear.socket.send(Uint8Array.of(2));
    expect((await ear.next()).bytes).toEqual([2]);
    expect((await ear.next()).bytes).toEqual([3]);
    ear.socket.close();
    // A closed socket lets its process end.
    expect(await child.exited).toBe(0);
  });

  test("P-54: leaves an interface that goes, joins one that comes, and says so meanwhile", async () => {
    const clock = new HandClock();
    let list: InterfaceList = { lo: [addressOf(LOOPBACK)] };
    const ear = await Ear.open({ clock, listInterfaces: () => list });
    list = {};
    clock.pass(CHECK_MS);
    expect(ear.socket.interfaces).toEqual([]);
    expect(ear.socket.problem).toBe(`no interface has the address ${LOOPBACK}`);
    ear.socket.send(Uint8Array.of(1));
    list = { lo: [addressOf(LOOPBACK)] };
    clock.pass(CHECK_MS);
    expect([ear.socket.interfaces, ear.socket.problem]).toEqual([[LOOPBACK], undefined]);
    ear.socket.send(Uint8Array.of(2));
    expect((await ear.next()).bytes).toEqual([2]);
    ear.socket.close();
    // Nobody looks any more.
    list = {};
    clock.pass(CHECK_MS);
    expect(ear.socket.problem).toBeUndefined();
  });

  test("P-54: without a way to send it opens all the same, and takes the way that comes", async () => {
    const clock = new HandClock();
    let list: InterfaceList = {};
    const ear = await Ear.open({ clock, interfaceAddress: undefined, listInterfaces: () => list });
    expect([ear.socket.interfaces, ear.socket.problem]).toEqual([
      [],
      "no interface has an IPv4 address",
    ]);
    // Of the range kept for documentation: listed, and yet no address of this machine.
    list = { eth0: [addressOf("203.0.113.7", false)] };
    clock.pass(CHECK_MS);
    expect(ear.socket.interfaces).toEqual([]);
    expect(ear.socket.problem).toStartWith("cannot join on 203.0.113.7: ");
    ear.socket.close();
  });

  test("takes every interface but loopback; loopback where there is no other", async () => {
    const clock = new HandClock();
    let list: InterfaceList = { lo: [addressOf(LOOPBACK)] };
    const ear = await Ear.open({ clock, interfaceAddress: undefined, listInterfaces: () => list });
    expect(ear.socket.interfaces).toEqual([LOOPBACK]);
    list = {
      lo: [addressOf(LOOPBACK)],
      eth0: [addressOf("127.0.0.2", false), { ...addressOf("127.0.0.9", false), ...IPV6_FIELDS }],
      eth1: [addressOf("127.0.0.3", false)],
    };
    clock.pass(CHECK_MS);
    expect(ear.socket.interfaces).toEqual(["127.0.0.2", "127.0.0.3"]);
    ear.socket.send(Uint8Array.of(1));
    expect((await ear.next()).host).toBe("127.0.0.2");
    expect((await ear.next()).host).toBe("127.0.0.3");
    const many = Array.from({ length: 20 }, (_, index) => addressOf(`127.0.1.${index + 1}`, false));
    list = { eth0: many };
    clock.pass(CHECK_MS);
    expect(ear.socket.interfaces.length).toBe(16);
    expect(ear.socket.problem).toBe("only 16 interfaces joined");
    ear.socket.close();
  });

  test("a port that another program keeps to itself is tried again until it is free", async () => {
    const clock = new HandClock();
    const other = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
    const ear = await Ear.open({ clock, port: other.port });
    expect(ear.socket.interfaces).toEqual([]);
    expect(ear.socket.problem).toBe(`no socket at port ${other.port}: EADDRINUSE`);
    ear.socket.send(Uint8Array.of(1));
    other.close();
    clock.pass(CHECK_MS);
    // Opening takes the engine a turn of its loop or two.
    while (ear.socket.interfaces.length === 0) await new Promise(setImmediate);
    ear.socket.send(Uint8Array.of(2));
    expect((await ear.next()).bytes).toEqual([2]);
    ear.socket.close();
  });

  test("P-52: drops what is longer than any datagram of ours", async () => {
    const port = await findFreePort();
    const ear = await Ear.open({ port });
    ear.socket.send(new Uint8Array(513));
    ear.socket.send(new Uint8Array(512));
    expect((await ear.next()).bytes.length).toBe(512);
    // More than the system sends at all.
    ear.socket.send(new Uint8Array(70_000));
    expect(ear.socket.problem).toBe(`cannot send from ${LOOPBACK}: EMSGSIZE`);
    ear.socket.close();
  });

  test.skipIf(process.platform === "win32")(
    "P-50: hears neither what is sent to this machine alone nor what comes from elsewhere",
    async () => {
      const port = await findFreePort();
      const narrow = { ...addressOf(LOOPBACK), netmask: "255.255.255.255" };
      const ear = await Ear.open({ port, listInterfaces: () => ({ lo: [narrow] }) });
      // The system reports a unicast datagram that nobody took, which is what we hope for.
      const sender = (hostname: string) =>
        Bun.udpSocket({ hostname, port: 0, socket: { data() {}, error() {} } });
      const senders = await Promise.all(["127.0.0.2", LOOPBACK, LOOPBACK].map(sender));
      const [stranger, direct, neighbour] = senders as [Sender, Sender, Sender];
      for (const socket of senders) socket.setMulticastInterface(LOOPBACK);
      stranger.send(Uint8Array.of(1), port, MULTICAST_GROUP);
      direct.send(Uint8Array.of(2), port, LOOPBACK);
      neighbour.send(Uint8Array.of(3), port, MULTICAST_GROUP);
      expect((await ear.next()).bytes).toEqual([3]);
      for (const socket of [...senders, ear.socket]) socket.close();
    },
  );

  test("hears and sends nothing once it is closed", async () => {
    const port = await findFreePort();
    const [ear, closed] = await Promise.all([Ear.open({ port }), Ear.open({ port })]);
    ear.socket.send(Uint8Array.of(1));
    closed.socket.close();
    closed.socket.close();
    closed.socket.send(Uint8Array.of(2));
    ear.socket.send(Uint8Array.of(3));
    expect((await ear.next()).bytes).toEqual([1]);
    expect((await ear.next()).bytes).toEqual([3]);
    expect(closed.heard).toEqual([]);
    ear.socket.close();
  });

  test("hears nothing more when it is closed by what it hears", async () => {
    const port = await findFreePort();
    const [ear, other] = await Promise.all([Ear.open({ port }), Ear.open({ port })]);
    ear.onHeard = () => ear.socket.close();
    for (const number of [1, 2, 3]) other.socket.send(Uint8Array.of(number));
    for (const number of [1, 2, 3]) expect((await other.next()).bytes).toEqual([number]);
    expect((await ear.next()).bytes).toEqual([1]);
    expect(ear.heard).toEqual([]);
    other.socket.close();
  });

  test("gives the port back if it is closed while it opens", async () => {
    const clock = new HandClock();
    const other = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
    const { port } = other;
    const ear = await Ear.open({ clock, port });
    other.close();
    clock.pass(CHECK_MS);
    ear.socket.close();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    // Throws if anybody has it.
    (await Bun.udpSocket({ hostname: "0.0.0.0", port })).close();
    expect(ear.socket.interfaces).toEqual([]);
  });

  test("D-16: what a listener throws is an uncaught exception, not the socket's", async () => {
    const script = `
      import { Multicast } from ${JSON.stringify(source("p2p/multicast.ts"))};
      import { SYSTEM_CLOCK } from ${JSON.stringify(source("node/system-clock.ts"))};
      process.on("uncaughtException", (error) => {
        console.log(error.message);
        process.exit(3);
      });
      const multicast = new Multicast({
        clock: SYSTEM_CLOCK, port: ${await findFreePort()}, interfaceAddress: "${LOOPBACK}",
      });
      const socket = await multicast.open(() => { throw new Error("a fault of ours"); });
      socket.send(Uint8Array.of(1));
    `;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    const output = await new Response(child.stdout).text();
    expect([output.trim(), await child.exited]).toEqual(["a fault of ours", 3]);
  });
});

type Sender = Bun.udp.Socket<"buffer">;

/** A socket, and what it has heard. */
class Ear {
  readonly heard: { bytes: number[]; host: string }[] = [];
  onHeard = () => {};
  #wake = () => {};
  #socket: DatagramSocket | undefined;

  static async open(options: Partial<MulticastOptions>): Promise<Ear> {
    const ear = new Ear();
    const multicast = new Multicast({
      clock: SYSTEM_CLOCK,
      interfaceAddress: LOOPBACK,
      port: options.port ?? (await findFreePort()),
      ...options,
    });
    ear.#socket = await multicast.open((bytes, from) => ear.#hear(bytes, from));
    return ear;
  }

  get socket(): DatagramSocket {
    return this.#socket!;
  }

  /** What was heard first and not yet asked for. */
  async next() {
    while (this.heard.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.heard.shift()!;
  }

  #hear(bytes: Uint8Array, { host }: NetAddress): void {
    this.heard.push({ bytes: [...bytes], host });
    this.onHeard();
    this.#wake();
  }
}

const IPV6_FIELDS = { family: "IPv6", address: "fe80::9", scopeid: 0 } as const;

function addressOf(address: string, isInternal = true): NetworkInterfaceInfo {
  const netmask = "255.0.0.0";
  const mac = "00:00:00:00:00:00";
  return { address, netmask, family: "IPv4", mac, internal: isInternal, cidr: `${address}/8` };
}

async function findFreePort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: "0.0.0.0", port: 0 });
  const { port } = socket;
  socket.close();
  return port;
}

function source(path: string): string {
  return new URL(`../../../src/${path}`, import.meta.url).pathname;
}
