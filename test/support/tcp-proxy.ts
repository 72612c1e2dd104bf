/**
 * A proxy between two nodes that makes a good link a bad one: latency, little bandwidth, stalls as
 * lost segments make them, silence, and cuts.
 *
 * For whole processes on loopback. It takes a `Transport` and a `Clock`, so that its own behaviour is
 * proven on the virtual network, to the millisecond.
 */

import type { Clock } from "../../src/lib/clock.ts";
import type {
  Connection,
  ConnectionHandler,
  Listener,
  Random,
  Transport,
} from "../../src/p2p/transport.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";

/** How bad the link is; left out, it is as good as the one below it. */
export interface ProxyOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** Where connections lead. */
  readonly target: NetAddress;
  /** Address to listen on. */
  readonly host?: string;
  /** One way. */
  readonly latencyMs?: number;
  /** For each connection and direction. */
  readonly bytesPerSecond?: number;
  /** One piece in so many comes `stallMs` late, and all behind it too; 0 for none. */
  readonly stallOneIn?: number;
  readonly stallMs?: number;
}

const DIAL_TIMEOUT_MS = 5_000;

/** Most bytes kept of one direction before its sender has to wait. */
const MAX_WAITING_BYTES = 1_048_576;

/** Longest piece, so that bandwidth is not spent in lumps. */
const PIECE_BYTES = 16_384;

/** A running proxy. */
export class TcpProxy {
  readonly #options: ProxyOptions;
  readonly #pairs = new Set<readonly [Side, Side]>();
  #listener: Listener | undefined;
  #isPaused = false;
  #isCut = false;

  private constructor(options: ProxyOptions) {
    this.#options = options;
  }

  /** Starts a proxy on a free port. */
  static async start(options: ProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    const place = { host: options.host ?? "127.0.0.1", port: 0 };
    proxy.#listener = await options.transport.listen(place, (near) => proxy.#accept(near));
    return proxy;
  }

  /** Where nodes dial to get to the target. */
  get address(): NetAddress {
    return { host: this.#options.host ?? "127.0.0.1", port: this.#listener?.port ?? 0 };
  }

  /** How many connections go through. */
  get connectionCount(): number {
    return this.#pairs.size;
  }

  /** Lets nothing through, either way: connections stay, and hang. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Lets everything through that waits, and what follows. */
  resume(): void {
    this.#isPaused = false;
    for (const side of [...this.#pairs].flat()) side.forward();
  }

  /** Ends every connection, and refuses new ones until `heal`. */
  cut(): void {
    this.#isCut = true;
    for (const side of [...this.#pairs].flat()) side.connection.close();
  }

  heal(): void {
    this.#isCut = false;
  }

  /** Ends everything. */
  stop(): void {
    this.#listener?.stop();
    this.cut();
  }

  #accept(near: Connection): ConnectionHandler | undefined {
    if (this.#isCut) return undefined;
    const isPaused = () => this.#isPaused;
    const nearSide = new Side(near, this.#options, isPaused);
    // Nothing is read before there is somewhere to send it.
    near.pause();
    const attach = (far: Connection): ConnectionHandler => {
      const farSide = new Side(far, this.#options, isPaused);
      const pair = [nearSide, farSide] as const;
      // What came before one side's end may still have to go to the other.
      const onEnd = () => {
        if (nearSide.isEnded && farSide.isEnded) this.#pairs.delete(pair);
      };
      nearSide.pair(farSide, onEnd);
      farSide.pair(nearSide, onEnd);
      this.#pairs.add(pair);
      near.resume();
      if (this.#isCut || nearSide.isEnded) far.close();
      return farSide;
    };
    this.#options.transport
      .connect(this.#options.target, attach, DIAL_TIMEOUT_MS)
      .catch(() => near.close());
    return nearSide;
  }
}

/** One end, and what waits to be sent to the other. */
class Side implements ConnectionHandler {
  readonly connection: Connection;
  isEnded = false;
  readonly #options: ProxyOptions;
  readonly #isPaused: () => boolean;
  readonly #waiting: { readonly bytes: Uint8Array; readonly dueAtMs: number }[] = [];
  #waitingBytes = 0;
  #busyUntilMs = 0;
  #lastDueMs = 0;
  #other: Side | undefined;
  #onEnd = () => {};
  #cancelTimer = () => {};

  constructor(connection: Connection, options: ProxyOptions, isPaused: () => boolean) {
    this.connection = connection;
    this.#options = options;
    this.#isPaused = isPaused;
  }

  pair(other: Side, onEnd: () => void): void {
    this.#other = other;
    this.#onEnd = onEnd;
  }

  onData(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.#waiting.push({ bytes: piece, dueAtMs: this.#dueAtMs(piece.length) });
      this.#waitingBytes += piece.length;
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.connection.pause();
    this.forward();
  }

  onDrain(): void {
    this.#other?.forward();
  }

  onClose(): void {
    this.isEnded = true;
    this.#onEnd();
    this.forward();
  }

  /** Sends what is due, and sees to it that the rest is when it is. */
  forward(): void {
    const other = this.#other;
    if (other === undefined) return;
    this.#cancelTimer();
    const { clock } = this.#options;
    while (!this.#isPaused()) {
      const next = this.#waiting[0];
      if (next === undefined) {
        // The end goes through like all else, behind what was sent before it.
        if (this.isEnded) other.connection.close();
        break;
      }
      if (other.connection.queuedBytes > MAX_WAITING_BYTES) break;
      const waitMs = next.dueAtMs - clock.monotonic();
      if (waitMs > 0) {
        this.#cancelTimer = clock.after(waitMs, () => this.forward());
        break;
      }
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes.length;
      other.connection.write(next.bytes);
    }
    if (this.#waitingBytes <= MAX_WAITING_BYTES) this.connection.resume();
  }

  #dueAtMs(byteLength: number): number {
    const { clock, random, latencyMs = 0, bytesPerSecond = Infinity } = this.#options;
    const { stallOneIn = 0, stallMs = 0 } = this.#options;
    const startMs = Math.max(clock.monotonic(), this.#busyUntilMs);
    this.#busyUntilMs = startMs + (byteLength * 1_000) / bytesPerSecond;
    const isStalled = stallOneIn > 0 && random.below(stallOneIn) === 0;
    const dueMs = this.#busyUntilMs + latencyMs + (isStalled ? stallMs : 0);
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    return this.#lastDueMs;
  }
}
