/**
 * UDP multicast, as the peers' port to it (transport.ts) asks for.
 *
 * The one file of p2p/ that touches datagram sockets. Knows no message. Whatever the machine lacks
 * or loses, nothing here throws: the node works without multicast, and `problem` says why.
 */

import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import type { Clock } from "../lib/clock.ts";
import { MAX_DATAGRAM_BYTES } from "../wire/announcement.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { DatagramSocket, Datagrams } from "./transport.ts";

/** The group of every Cairn network: in the range for use within one organisation (RFC 2365). */
export const MULTICAST_GROUP = "239.255.83.33";

/** The port of the group, shared by all nodes on a machine. */
export const MULTICAST_PORT = 18_333;

/** How often interfaces are looked at, in milliseconds: a cable put in is noticed within 30 s. */
const CHECK_INTERVAL_MS = 15_000;

/** Most interfaces joined: below the 20 memberships that Linux allows a socket. */
const MAX_INTERFACES = 16;

/** Undocumented in the engine, the same that node:dgram sets for `reuseAddr`. */
const FLAG_REUSE_ADDRESS = 4;

/** The IPv4 addresses of this machine, by the names of its interfaces. */
export type InterfaceList = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** What may differ from a node's ordinary multicast. */
export interface MulticastOptions {
  readonly clock: Clock;
  /** Address of the one interface to use; every suitable one if undefined. */
  readonly interfaceAddress?: string | undefined;
  readonly port?: number;
  readonly listInterfaces?: () => InterfaceList;
}

/** Datagrams to and from all nodes that share a network segment, or this machine, with us. */
export class Multicast implements Datagrams {
  readonly #options: MulticastOptions;

  constructor(options: MulticastOptions) {
    this.#options = options;
  }

  async open(onDatagram: (bytes: Uint8Array, from: NetAddress) => void): Promise<DatagramSocket> {
    const socket = new MulticastSocket(this.#options, onDatagram);
    await socket.check();
    return socket;
  }
}

type Socket = Bun.udp.Socket<"uint8array">;

class MulticastSocket implements DatagramSocket {
  readonly #clock: Clock;
  readonly #interfaceAddress: string | undefined;
  readonly #port: number;
  readonly #listInterfaces: () => InterfaceList;
  readonly #onDatagram: (bytes: Uint8Array, from: NetAddress) => void;
  #socket: Socket | undefined;
  #isClosed = false;
  #joined: readonly NetworkInterfaceInfo[] = [];
  #problem: string | undefined;
  #cancelCheck = () => {};

  constructor(
    options: MulticastOptions,
    onDatagram: (bytes: Uint8Array, from: NetAddress) => void,
  ) {
    this.#clock = options.clock;
    this.#interfaceAddress = options.interfaceAddress;
    this.#port = options.port ?? MULTICAST_PORT;
    this.#listInterfaces = options.listInterfaces ?? networkInterfaces;
    this.#onDatagram = onDatagram;
  }

  get interfaces(): readonly string[] {
    return this.#joined.map(({ address }) => address);
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  send(bytes: Uint8Array): void {
    for (const { address } of this.#joined) {
      try {
        this.#socket?.setMulticastInterface(address);
        this.#socket?.send(bytes, this.#port, MULTICAST_GROUP);
      } catch (error) {
        this.#problem = `cannot send from ${address}: ${codeOf(error)}`;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelCheck();
    this.#leave();
  }

  /** Opens what is not open and joins what is not joined, now and from time to time. */
  async check(): Promise<void> {
    this.#problem = undefined;
    try {
      this.#socket ??= await this.#open();
    } catch (error) {
      this.#problem = `no socket at port ${this.#port}: ${codeOf(error)}`;
    }
    // Closed while the socket was being opened.
    if (this.#isClosed) {
      this.#leave();
      return;
    }
    if (this.#socket !== undefined) this.#joinAll(this.#socket);
    this.#cancelCheck = this.#clock.after(CHECK_INTERVAL_MS, () => void this.check());
  }

  async #open(): Promise<Socket> {
    // At the group's own address nothing sent to this machine alone is heard; Windows has no such.
    const hostname = process.platform === "win32" ? "0.0.0.0" : MULTICAST_GROUP;
    const options = {
      hostname,
      port: this.#port,
      flags: FLAG_REUSE_ADDRESS,
      binaryType: "uint8array" as const,
      socket: {
        data: (_: Socket, bytes: Uint8Array, port: number, host: string) =>
          this.#take(bytes, { host, port }),
        // A send that failed later on; the next check finds out whether it matters.
        error: () => {},
      },
    };
    const socket = await Bun.udpSocket(options);
    socket.setMulticastTTL(1);
    socket.setMulticastLoopback(true);
    return socket;
  }

  #joinAll(socket: Socket): void {
    const wanted = this.#chooseInterfaces();
    for (const { address } of this.#joined) {
      if (!wanted.some((other) => other.address === address)) dropMembership(socket, address);
    }
    this.#joined = wanted.filter(({ address }) => {
      // Asked for each time: an interface that went and came back has lost its membership.
      const failure = addMembership(socket, address);
      if (failure !== undefined) this.#problem = `cannot join on ${address}: ${failure}`;
      return failure === undefined;
    });
  }

  #chooseInterfaces(): NetworkInterfaceInfo[] {
    const all = this.#findAddresses();
    const only = this.#interfaceAddress;
    if (only !== undefined) {
      const chosen = all.filter(({ address }) => address === only);
      if (chosen.length === 0) this.#problem = `no interface has the address ${only}`;
      return chosen;
    }
    const external = all.filter(({ internal }) => !internal);
    // Without a network, nodes on one machine still find each other.
    const chosen = external.length > 0 ? external : all;
    if (chosen.length === 0) this.#problem = "no interface has an IPv4 address";
    if (chosen.length > MAX_INTERFACES) this.#problem = `only ${MAX_INTERFACES} interfaces joined`;
    return chosen.slice(0, MAX_INTERFACES);
  }

  #findAddresses(): NetworkInterfaceInfo[] {
    try {
      const all = Object.values(this.#listInterfaces());
      return all.flatMap((addresses) => addresses ?? []).filter(({ family }) => family === "IPv4");
    } catch {
      return [];
    }
  }

  #take(bytes: Uint8Array, from: NetAddress): void {
    if (this.#isClosed || bytes.length > MAX_DATAGRAM_BYTES) return;
    // The system hands over what came in by any interface that anybody has joined; and an address
    // from elsewhere is forged, or has come through a router.
    if (!this.#joined.some((local) => isNeighbour(from.host, local))) return;
    try {
      this.#onDatagram(bytes, from);
    } catch (fault) {
      // A fault of this node, which the engine would hand to `error` as if it were the socket's.
      queueMicrotask(() => {
        throw fault;
      });
    }
  }

  #leave(): void {
    this.#joined = [];
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** Returns why there is no membership, or undefined if there is. */
function addMembership(socket: Socket, address: string): string | undefined {
  try {
    return socket.addMembership(MULTICAST_GROUP, address) ? undefined : "refused";
  } catch (error) {
    const code = codeOf(error);
    // Joined already.
    return code === "EADDRINUSE" ? undefined : code;
  }
}

function dropMembership(socket: Socket, address: string): void {
  try {
    socket.dropMembership(MULTICAST_GROUP, address);
  } catch {
    // It went with its interface.
  }
}

/** True if `host` is in the subnet of `local`. */
function isNeighbour(host: string, { address, netmask }: NetworkInterfaceInfo): boolean {
  const mask = parseIpv4(netmask);
  return ((parseIpv4(host) ^ parseIpv4(address)) & mask) === 0;
}

function parseIpv4(text: string): number {
  return text.split(".").reduce((value, part) => (value << 8) | Number(part), 0);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
