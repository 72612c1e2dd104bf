/**
 * TCP, as the peers' port to it (transport.ts) asks for.
 *
 * The one file of p2p/ that touches stream sockets. Knows no message: bytes go in and out. The
 * engine calls back from within calls, accepts writes in part and swallows what handlers throw; the
 * promises of `Connection` are kept here.
 */

import type { Clock } from "../lib/clock.ts";
import { formatIp, parseIp } from "../wire/ip-address.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Transport,
  TransportError,
} from "./transport.ts";

/** What hangs on an engine's socket; empty until it is open. */
interface Slot {
  connection: TcpConnection | undefined;
}

type Socket = Bun.Socket<Slot>;

const EVERY_ADDRESS = "::";
const EVERY_IPV4_ADDRESS = "0.0.0.0";

/** Failures to listen on every address that are the port's, not the want of IPv6. */
const PORT_FAILURES = ["EADDRINUSE", "EACCES", "EPERM", "ERR_OUT_OF_RANGE"];

/** Connections over TCP. Two listeners never share a port, of whichever process they are. */
export class TcpTransport implements Transport {
  readonly #clock: Clock;

  /** `clock` measures how long a dial takes. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async listen(
    address: NetAddress,
    accept: (connection: Connection) => ConnectionHandler | undefined,
  ): Promise<Listener> {
    const host = normalizeHost(address.host);
    try {
      return listenAt({ host, port: address.port }, accept);
    } catch (error) {
      const failure = asTransportError(error, `cannot listen at ${formatNetAddress(address)}`);
      if (host !== EVERY_ADDRESS || PORT_FAILURES.includes(failure.code)) throw failure;
      return await this.listen({ host: EVERY_IPV4_ADDRESS, port: address.port }, accept);
    }
  }

  async connect(
    address: NetAddress,
    handlerOf: (connection: Connection) => ConnectionHandler,
    timeoutMs: number,
  ): Promise<Connection> {
    // Throws for a name: it would be looked up, which nobody asked for and which has no bound.
    const remote = { host: normalizeHost(address.host), port: address.port };
    const what = `no connection to ${formatNetAddress(remote)}`;
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    let isOver = false;
    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      cancelTimeout();
      settle();
    };
    const cancelTimeout = this.#clock.after(timeoutMs, () => {
      end(() => reject(new TransportError("ETIMEDOUT", `${what} within ${timeoutMs} ms`)));
    });
    const fail = (error: unknown) => end(() => reject(asTransportError(error, what)));

    const events: Bun.SocketHandler<Slot> = {
      ...SOCKET_EVENTS,
      open(socket) {
        // The engine has no way to give up a dial: one that comes too late ends here.
        if (isOver) socket.terminate();
        end(() => {
          const connection = new TcpConnection(socket, remote, false);
          socket.data.connection = connection;
          guard(socket, () => {
            connection.handler = handlerOf(connection);
            resolve(connection);
          });
        });
      },
      connectError: (_, error) => fail(error),
    };
    try {
      const { host: hostname, port } = remote;
      // What the promise tells, `connectError` has told before.
      Bun.connect({ hostname, port, socket: events, data: emptySlot() }).catch(fail);
    } catch (error) {
      fail(error);
    }
    return await promise;
  }
}

function listenAt(
  { host, port }: NetAddress,
  accept: (connection: Connection) => ConnectionHandler | undefined,
): Listener {
  const events: Bun.SocketHandler<Slot> = {
    ...SOCKET_EVENTS,
    open(socket) {
      socket.data = emptySlot();
      // Absent if the other side has reset the connection before it was accepted.
      const bytes = parseIp(socket.remoteAddress ?? "");
      if (bytes === undefined) {
        socket.terminate();
        return;
      }
      // IPv4 inside IPv6, as a socket for both sees it, is IPv4.
      const remote = { host: formatIp(bytes), port: socket.remotePort };
      const connection = new TcpConnection(socket, remote, true);
      socket.data.connection = connection;
      guard(socket, () => {
        connection.handler = accept(connection);
        // A reset: leaves nothing behind in the system, however many come.
        if (connection.handler === undefined) socket.terminate();
      });
    },
  };
  const listener = Bun.listen<Slot>({
    hostname: host,
    port,
    exclusive: true,
    socket: events,
  });
  return { port: listener.port, stop: () => listener.stop() };
}

/** The same for every socket, so that none is ever without a handler for errors. */
const SOCKET_EVENTS: Bun.SocketHandler<Slot> = {
  binaryType: "uint8array",
  data: (socket, bytes) => guard(socket, () => socket.data.connection?.take(bytes)),
  drain: (socket) => guard(socket, () => socket.data.connection?.flush()),
  close: (socket) => socket.data?.connection?.ended(),
  error: (socket) => socket.terminate(),
};

/** A TCP connection of the engine's, with the promises of `Connection`. */
class TcpConnection implements Connection {
  readonly remote: NetAddress;
  readonly isInbound: boolean;
  handler: ConnectionHandler | undefined;
  readonly #socket: Socket;
  /** Not taken by the system; the first may be the rest of a write. */
  #queue: Uint8Array[] = [];
  /** How many at the front of the queue have gone. */
  #sent = 0;
  #queuedBytes = 0;
  #isOpen = true;

  constructor(socket: Socket, remote: NetAddress, isInbound: boolean) {
    this.#socket = socket;
    this.remote = remote;
    this.isInbound = isInbound;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): void {
    if (!this.#isOpen || bytes.length === 0) return;
    const taken = this.#queuedBytes === 0 ? this.#offer(bytes) : 0;
    if (taken === bytes.length) return;
    this.#queue.push(bytes.subarray(taken));
    this.#queuedBytes += bytes.length - taken;
  }

  pause(): void {
    if (this.#isOpen) this.#socket.pause();
  }

  resume(): void {
    if (this.#isOpen) this.#socket.resume();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#end();
    // Orderly, so that what the system has taken still arrives.
    this.#socket.end();
  }

  /** Bytes have come. */
  take(bytes: Uint8Array): void {
    if (this.#isOpen) this.handler?.onData(bytes);
  }

  /** The system takes bytes again. */
  flush(): void {
    if (this.#queuedBytes === 0) return;
    for (;;) {
      const bytes = this.#queue[this.#sent];
      if (bytes === undefined) break;
      const taken = this.#offer(bytes);
      this.#queuedBytes -= taken;
      if (taken < bytes.length) {
        this.#queue[this.#sent] = bytes.subarray(taken);
        this.#dropSent();
        return;
      }
      this.#sent++;
    }
    this.#dropQueue();
    this.handler?.onDrain();
  }

  /** The engine's socket is gone, by either side; may be called from within `close`. */
  ended(): void {
    if (this.#isOpen) this.#end();
  }

  #end(): void {
    this.#isOpen = false;
    this.#dropQueue();
    queueMicrotask(() => this.handler?.onClose());
  }

  /** Returns how many of `bytes` the system has taken; none if the socket is about to end. */
  #offer(bytes: Uint8Array): number {
    return Math.max(0, this.#socket.write(bytes));
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#sent = 0;
    this.#queuedBytes = 0;
  }

  /** Frees what has gone, once it is most of the queue, so that each is moved but once or twice. */
  #dropSent(): void {
    if (this.#sent * 2 < this.#queue.length) return;
    this.#queue.splice(0, this.#sent);
    this.#sent = 0;
  }
}

/**
 * Runs a callback. What it throws is a fault of this node and becomes an uncaught exception: the
 * engine would keep it to itself, as if it were the socket's.
 */
function guard(socket: Socket, run: () => void): void {
  try {
    run();
  } catch (fault) {
    queueMicrotask(() => {
      throw fault;
    });
    socket.terminate();
  }
}

function emptySlot(): Slot {
  return { connection: undefined };
}

/** Returns the one spelling of `host`; throws a TransportError if it is a name. */
function normalizeHost(host: string): string {
  const bytes = parseIp(host);
  if (bytes === undefined) throw new TransportError("EINVAL", `"${host}" is not a numeric address`);
  return formatIp(bytes);
}

function asTransportError(error: unknown, what: string): TransportError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "EINVAL";
  return new TransportError(code, `${what}: ${code}`, { cause: error });
}
