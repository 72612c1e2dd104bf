/**
 * A network of many hosts in one process, over a virtual clock: the peers' ports for each host.
 *
 * Every delay and loss comes from one seed, and `trace` is one number for all that was delivered:
 * the same seed gives the same. Hosts crash and come back, links are cut, healed and stalled, each
 * direction for itself. Knows no message.
 */

import { isIP } from "node:net";
import {
  type Connection,
  type ConnectionHandler,
  type DatagramSocket,
  type Datagrams,
  type Listener,
  type Transport,
  TransportError,
} from "../../src/p2p/transport.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import type { SeededRandom } from "../support/random.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import { VirtualConnection } from "./virtual-connection.ts";
import {
  type Cut,
  LAN,
  Link,
  type LinkSettings,
  LOOPBACK,
  Trace,
  type Wire,
} from "./virtual-link.ts";

type Accept = (connection: Connection) => ConnectionHandler | undefined;

/** What may differ from the ordinary network. */
export interface VirtualNetworkOptions extends Partial<Omit<Wire, "clock" | "random" | "trace">> {
  /** Of links that `setLink` does not name. */
  readonly link?: LinkSettings;
}

/** Numbers of what is not a connection's in the trace; see virtual-connection.ts for the others. */
const TRACE_DATAGRAM = 5;
const TRACE_REFUSAL = 6;

/** Port of the multicast group, which stands as the sender's port of a datagram. */
const DATAGRAM_PORT = 18_333;

/** Where ports that the system chooses begin. */
const FIRST_CHOSEN_PORT = 49_152;

/** How long until a dial that got no answer is tried again; doubles each time. */
const FIRST_RETRY_MS = 1_000;

/** The whole network. */
export class VirtualNetwork {
  readonly trace: Trace;
  readonly #wire: Wire;
  readonly #defaultLink: LinkSettings;
  readonly #hosts = new Map<string, VirtualHost>();
  /** By numbers of the hosts, from and to. */
  readonly #links: Link[][] = [];

  constructor(clock: VirtualClock, random: SeededRandom, options: VirtualNetworkOptions = {}) {
    this.trace = new Trace(clock);
    this.#defaultLink = options.link ?? LAN;
    this.#wire = {
      clock,
      random,
      trace: this.trace,
      windowBytes: options.windowBytes ?? 1_048_576,
      pieceBytes: options.pieceBytes ?? 65_536,
      splitOneIn: options.splitOneIn ?? 0,
      timeoutMs: options.timeoutMs ?? 900_000,
    };
  }

  /** Adds a host that has the address `address` and no other. */
  addHost(address: string): VirtualHost {
    const host = new VirtualHost(address, this.#hosts.size, this.#wire, {
      find: (other) => this.#hosts.get(other),
      all: () => this.#hosts.values(),
      link: (from, to) => this.#link(from, to),
    });
    this.#hosts.set(address, host);
    return host;
  }

  /** Sets how the link from `from` to `to` behaves, and not the one back. */
  setLink(from: VirtualHost, to: VirtualHost, settings: LinkSettings): void {
    this.#link(from, to).settings = settings;
  }

  /** Lets nothing through from `from` to `to`; the way back stays. */
  cut(from: VirtualHost, to: VirtualHost, cut: Cut): void {
    this.#link(from, to).setCut(cut, this.#wire.clock.monotonic());
    if (cut === "reset") from.resetConnectionsTo(to);
  }

  /** Lets everything through again from `from` to `to`. */
  heal(from: VirtualHost, to: VirtualHost): void {
    this.#link(from, to).setCut(undefined, this.#wire.clock.monotonic());
  }

  /** Cuts every link, both ways, between hosts that are not in one of `groups` together. */
  partition(groups: readonly (readonly VirtualHost[])[], cut: Cut): void {
    const groupOf = new Map(groups.flatMap((group) => group.map((host) => [host, group] as const)));
    for (const from of this.#hosts.values()) {
      for (const to of this.#hosts.values()) {
        if (from === to) continue;
        const group = groupOf.get(from);
        if (group !== undefined && group === groupOf.get(to)) this.heal(from, to);
        else this.cut(from, to, cut);
      }
    }
  }

  /** Makes every link whole. Hosts without power stay so. */
  healAll(): void {
    for (const from of this.#hosts.values()) {
      for (const to of this.#hosts.values()) this.heal(from, to);
    }
  }

  /** Holds everything back on the way from `from` to `to` for `milliseconds`. */
  stall(from: VirtualHost, to: VirtualHost, milliseconds: number): void {
    const link = this.#link(from, to);
    const untilMs = this.#wire.clock.monotonic() + milliseconds;
    link.stalledUntilMs = Math.max(link.stalledUntilMs, untilMs);
  }

  #link(from: VirtualHost, to: VirtualHost): Link {
    this.#links[from.number] ??= [];
    const links = this.#links[from.number]!;
    const known = links[to.number];
    if (known !== undefined) return known;
    const settings = from === to ? LOOPBACK : this.#defaultLink;
    const link = new Link(from.number, to.number, settings);
    links[to.number] = link;
    for (const host of new Set([from, to])) {
      if (!host.hasPower) link.setHostDown(true, this.#wire.clock.monotonic());
    }
    return link;
  }
}

/** What a host may know of the others. */
interface Neighbourhood {
  find(address: string): VirtualHost | undefined;
  all(): Iterable<VirtualHost>;
  link(from: VirtualHost, to: VirtualHost): Link;
}

/** One machine: its address, its ports, and the two ports of the peers while it is up. */
export class VirtualHost {
  readonly address: string;
  readonly number: number;
  readonly #wire: Wire;
  readonly #others: Neighbourhood;
  readonly #listeners = new Map<number, Accept>();
  readonly #connections = new Map<VirtualConnection, VirtualHost>();
  readonly #sockets = new Set<VirtualDatagramSocket>();
  #nextPort = FIRST_CHOSEN_PORT;
  #hasPower = true;
  /** Counts crashes: what a node held before one does nothing any more. */
  #life = 0;

  constructor(address: string, number: number, wire: Wire, others: Neighbourhood) {
    this.address = address;
    this.number = number;
    this.#wire = wire;
    this.#others = others;
  }

  get hasPower(): boolean {
    return this.#hasPower;
  }

  /** How many connections end here, dials included. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Streams, for the node that runs until the next crash. */
  get transport(): Transport {
    const life = this.#life;
    return {
      listen: async (address, accept) => {
        if (life !== this.#life) return await never();
        return this.#listen(address, accept, life);
      },
      connect: async (address, handlerOf, timeoutMs) => {
        if (life !== this.#life) return await never();
        if (isIP(address.host) === 0) {
          throw new TransportError("EINVAL", `"${address.host}" is not a numeric address`);
        }
        return await this.#connect(address, handlerOf, timeoutMs);
      },
    };
  }

  /** Datagrams, for the node that runs until the next crash. */
  get datagrams(): Datagrams {
    const life = this.#life;
    return {
      open: async (onDatagram) => {
        if (life !== this.#life) return await never();
        const socket = new VirtualDatagramSocket(this, onDatagram);
        this.#sockets.add(socket);
        return socket;
      },
    };
  }

  /**
   * Ends the node: no callback of it is called any more. Its system resets its connections; without
   * power, nobody is told, and the host is silent until `restart`.
   */
  crash({ losesPower }: { losesPower: boolean }): void {
    this.#life++;
    this.#listeners.clear();
    this.#sockets.clear();
    for (const connection of [...this.#connections.keys()]) {
      connection.lose();
      if (!losesPower) connection.signal("reset");
    }
    if (losesPower && this.#hasPower) this.#setPower(false);
  }

  /** Gives the host power again; a new node takes `transport` and `datagrams` anew. */
  restart(): void {
    if (!this.#hasPower) this.#setPower(true);
  }

  /** Ends every connection with `other`, on both sides. */
  resetConnectionsTo(other: VirtualHost): void {
    for (const side of new Set([this, other])) {
      const far = side === this ? other : this;
      for (const [connection, host] of [...side.#connections]) {
        if (host === far) connection.lose();
      }
    }
  }

  /** Sends a datagram to every socket of the group, this host's too. */
  sendDatagram(bytes: Uint8Array): void {
    const { clock, random } = this.#wire;
    for (const host of this.#others.all()) {
      const link = this.#others.link(this, host);
      const isLost = random.below(1_000) < link.settings.lossPerThousand;
      if (host.#sockets.size === 0 || link.cut !== undefined || isLost) continue;
      clock.at(link.arrivalMs(clock.monotonic(), bytes.length, random), () => {
        if (link.cut === undefined) host.#receiveDatagram(bytes, this);
      });
    }
  }

  /** True if `socket` is neither closed nor gone in a crash. */
  hasSocket(socket: VirtualDatagramSocket): boolean {
    return this.#sockets.has(socket);
  }

  /** Forgets `socket`. */
  dropSocket(socket: VirtualDatagramSocket): void {
    this.#sockets.delete(socket);
  }

  #receiveDatagram(bytes: Uint8Array, from: VirtualHost): void {
    this.#wire.trace.add(TRACE_DATAGRAM, from.number, this.number, bytes);
    const address = { host: from.address, port: DATAGRAM_PORT };
    for (const socket of [...this.#sockets]) socket.onDatagram(bytes, address);
  }

  #setPower(hasPower: boolean): void {
    const nowMs = this.#wire.clock.monotonic();
    const links = new Set<Link>();
    for (const host of this.#others.all()) {
      links.add(this.#others.link(this, host));
      links.add(this.#others.link(host, this));
    }
    // After the links are there: one made later takes it from here.
    this.#hasPower = hasPower;
    for (const link of links) link.setHostDown(!hasPower, nowMs);
  }

  #listen({ host, port: asked }: NetAddress, accept: Accept, life: number): Listener {
    if (isIP(host) === 0) throw new TransportError("EINVAL", `"${host}" is not a numeric address`);
    if (host !== "::" && host !== "0.0.0.0" && host !== this.address) {
      throw new TransportError("EADDRNOTAVAIL", `${host} is not an address of ${this.address}`);
    }
    const port = asked === 0 ? this.#choosePort() : asked;
    if (this.#listeners.has(port)) throw new TransportError("EADDRINUSE", `port ${port} is taken`);
    this.#listeners.set(port, accept);
    return {
      port,
      stop: () => {
        const isOurs = life === this.#life && this.#listeners.get(port) === accept;
        if (isOurs) this.#listeners.delete(port);
      },
    };
  }

  #choosePort(): number {
    while (this.#listeners.has(this.#nextPort)) this.#advancePort();
    const port = this.#nextPort;
    this.#advancePort();
    return port;
  }

  #advancePort(): void {
    this.#nextPort = this.#nextPort === 65_535 ? FIRST_CHOSEN_PORT : this.#nextPort + 1;
  }

  async #connect(
    address: NetAddress,
    handlerOf: (connection: Connection) => ConnectionHandler,
    timeoutMs: number,
  ): Promise<Connection> {
    const { clock } = this.#wire;
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const local = { host: this.address, port: this.#choosePort() };
    const target = this.#others.find(address.host);
    let failure = "ECONNRESET";
    let isOpen = false;
    const life = this.#life;
    const isAlive = () => life === this.#life;
    const onEnd = () => {
      this.#connections.delete(connection);
      cancelTimeout();
      if (isOpen || !isAlive()) return;
      reject(new TransportError(failure, `no connection to ${address.host}: ${failure}`));
    };
    const owner = { isAlive, onEnd };
    const connection = new VirtualConnection(this.#wire, { ...address }, false, owner);
    const fail = (code: string) => {
      failure = code;
      connection.lose();
    };
    const cancelTimeout = clock.after(timeoutMs, () => fail("ETIMEDOUT"));
    connection.onOpen = () => {
      isOpen = true;
      cancelTimeout();
      connection.handler = handlerOf(connection);
      resolve(connection);
    };
    // A host that nobody has is one that never answers.
    this.#connections.set(connection, target ?? this);
    if (target !== undefined) this.#knock(target, connection, local, address.port, fail);
    return await promise;
  }

  /** Asks `target` for a connection, again and again while nothing comes back. */
  #knock(
    target: VirtualHost,
    client: VirtualConnection,
    local: NetAddress,
    port: number,
    fail: (code: string) => void,
  ): void {
    const { clock, random, trace } = this.#wire;
    const there = this.#others.link(this, target);
    const back = this.#others.link(target, this);
    const attempt = (waitMs: number) => {
      if (!client.isOpen) return;
      const again = () => clock.after(waitMs, () => attempt(waitMs * 2));
      clock.at(there.arrivalMs(clock.monotonic(), 0, random), () => {
        if (!client.isOpen) return;
        if (there.cut === "reset") fail("EHOSTUNREACH");
        else if (there.cut === "silent" || there.stalledUntilMs > clock.monotonic()) again();
        else if (target.#listeners.has(port)) {
          target.#accept(port, this, [client, there], [local, back]);
        } else {
          clock.at(back.arrivalMs(clock.monotonic(), 0, random), () => {
            if (back.cut !== undefined) {
              again();
              return;
            }
            trace.add(TRACE_REFUSAL, target.number, this.number);
            fail("ECONNREFUSED");
          });
        }
      });
    };
    attempt(FIRST_RETRY_MS);
  }

  #accept(
    port: number,
    from: VirtualHost,
    [client, there]: readonly [VirtualConnection, Link],
    [remote, back]: readonly [NetAddress, Link],
  ): void {
    const life = this.#life;
    const server = new VirtualConnection(this.#wire, remote, true, {
      isAlive: () => life === this.#life,
      onEnd: () => this.#connections.delete(server),
    });
    this.#connections.set(server, from);
    VirtualConnection.tie(this.#wire, [client, there], [server, back]);
    // Before anything that `accept` may write.
    server.signal("open");
    server.handler = this.#listeners.get(port)?.(server);
    if (server.handler !== undefined) return;
    server.lose();
    server.signal("open");
    server.signal("reset");
  }
}

/** A host's place in the multicast group. */
class VirtualDatagramSocket implements DatagramSocket {
  readonly onDatagram: (bytes: Uint8Array, from: NetAddress) => void;
  readonly problem = undefined;
  readonly #host: VirtualHost;

  constructor(host: VirtualHost, onDatagram: (bytes: Uint8Array, from: NetAddress) => void) {
    this.#host = host;
    this.onDatagram = onDatagram;
  }

  get interfaces(): readonly string[] {
    return [this.#host.address];
  }

  send(bytes: Uint8Array): void {
    if (this.#host.hasSocket(this)) this.#host.sendDatagram(bytes);
  }

  close(): void {
    this.#host.dropSocket(this);
  }
}

/** What a node that is dead waits for. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}
