/**
 * The ports of the peers to the world: streams, datagrams, chance.
 *
 * Interfaces, and the one error. Everything in p2p/ takes these, so that many whole nodes run in one
 * process on a virtual network; the real ones are tcp-transport.ts and multicast.ts. Time is the
 * `Clock` of lib/clock.ts.
 */

import type { NetAddress } from "../wire/net-address.ts";

/**
 * One stream of bytes to another node, TCP or simulated.
 *
 * Its handler's callbacks come one at a time, and never from within a call to one of its methods.
 */
export interface Connection {
  readonly remote: NetAddress;
  readonly isInbound: boolean;
  /** Bytes handed to `write` that the system has not taken. Unbounded: the owner sets the limit. */
  readonly queuedBytes: number;
  /**
   * Queues `bytes`, which go in order, and which nobody may change afterwards. Does nothing once the
   * connection has ended.
   */
  write(bytes: Uint8Array): void;
  /**
   * Reads no more until `resume`, so that the other side has to wait. An orderly end is noticed only
   * after what was sent before it has been read.
   */
  pause(): void;
  resume(): void;
  /**
   * Ends the connection at once, without what is still queued. `onClose` follows; nothing else does.
   */
  close(): void;
}

/** What the owner of a connection is told. It may not throw: that is a fault of this node. */
export interface ConnectionHandler {
  /** Bytes as they came, in pieces of any length. They belong to the handler. */
  onData(bytes: Uint8Array): void;
  /** Everything queued has been taken by the system. */
  onDrain(): void;
  /** The connection has ended, by either side. Called exactly once, and nothing after it. */
  onClose(): void;
}

/** A port that accepts connections. */
export interface Listener {
  /** The port had, also where 0 was asked for. */
  readonly port: number;
  /** Accepts no more; connections go on. */
  stop(): void;
}

/** Makes connections. */
export interface Transport {
  /**
   * Accepts connections at `address`; host `::` stands for every address of this machine, IPv4 and
   * IPv6. `accept` gives a new connection's handler, or undefined to refuse it at once. Rejects with
   * a TransportError if the port cannot be had, for instance because it is not free.
   */
  listen(
    address: NetAddress,
    accept: (connection: Connection) => ConnectionHandler | undefined,
  ): Promise<Listener>;
  /**
   * Dials `address`. Rejects with a TransportError if it is refused, or not there after `timeoutMs`;
   * `handlerOf` is then never called.
   */
  connect(
    address: NetAddress,
    handlerOf: (connection: Connection) => ConnectionHandler,
    timeoutMs: number,
  ): Promise<Connection>;
}

/** Why there is no connection, or no port. */
export class TransportError extends Error {
  /** As the system names it: ECONNREFUSED, ETIMEDOUT, EADDRINUSE, EINVAL and others. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransportError";
    this.code = code;
  }
}

/** Sends to, and hears from, all nodes nearby. What it sends comes back to its sender too. */
export interface DatagramSocket {
  /** Addresses of this machine from which `send` sends; empty while that is not possible. */
  readonly interfaces: readonly string[];
  /** Why nothing, or not everything, can be sent or heard; undefined if all is well. */
  readonly problem: string | undefined;
  /** Sends `bytes` once from every interface. May be lost; never throws. */
  send(bytes: Uint8Array): void;
  /** Hears and sends no more. */
  close(): void;
}

/** Makes datagram sockets. */
export interface Datagrams {
  /** Opens a socket. Where there is no way to send, `problem` says why, and it is tried again. */
  open(onDatagram: (bytes: Uint8Array, from: NetAddress) => void): Promise<DatagramSocket>;
}

/** Chance, handed in: seeded in tests. */
export interface Random {
  /** Returns `length` bytes. */
  bytes(length: number): Uint8Array;
  /** Returns a whole number of 0..limit - 1, each as likely; `limit` is 1..2^32. */
  below(limit: number): number;
}
