/**
 * A connection of the virtual network: two ends, and a pipe for each direction.
 *
 * Behaves as TCP does where a node can tell: order, a window, ends in order and by reset, silence
 * until a timeout. Every callback is an event of the virtual clock of its own.
 */

import type { Connection, ConnectionHandler } from "../../src/p2p/transport.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import type { Held, Link, Wire } from "./virtual-link.ts";

/** What goes through a pipe beside bytes. */
type Signal = "open" | "fin" | "reset";

/** Numbers of signals and bytes in the trace. */
const TRACE_KINDS = { data: 1, open: 2, fin: 3, reset: 4 } as const;

/** Longest that TCP waits before it sends again, in milliseconds. */
const MAX_RESEND_MS = 120_000;

/** The node that has one end of a connection. */
export interface Owner {
  /** False once it has crashed, and is told nothing more. */
  isAlive(): boolean;
  /** The end exists no longer. */
  onEnd(ended: VirtualConnection): void;
}

/** One end. */
export class VirtualConnection implements Connection {
  readonly remote: NetAddress;
  readonly isInbound: boolean;
  handler: ConnectionHandler | undefined;
  isPaused = false;
  isOpen = true;
  /** True if this end is gone without a word, so that whatever comes for it is answered by a reset. */
  isLost = false;
  /** Called when the other side has accepted, once; then `handler` must be there. */
  onOpen: (() => void) | undefined;
  readonly #wire: Wire;
  readonly #owner: Owner;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #hasReset = false;
  #outgoing: Pipe | undefined;
  #incoming: Pipe | undefined;

  constructor(wire: Wire, remote: NetAddress, isInbound: boolean, owner: Owner) {
    this.#wire = wire;
    this.remote = remote;
    this.isInbound = isInbound;
    this.#owner = owner;
  }

  /** Ties two ends together over a link for each direction. */
  static tie(
    wire: Wire,
    [client, toServer]: readonly [VirtualConnection, Link],
    [server, toClient]: readonly [VirtualConnection, Link],
  ): void {
    const there = new Pipe(wire, {
      link: toServer,
      back: toClient,
      sender: client,
      receiver: server,
    });
    const back = new Pipe(wire, {
      link: toClient,
      back: toServer,
      sender: server,
      receiver: client,
    });
    client.#outgoing = there;
    client.#incoming = back;
    server.#outgoing = back;
    server.#incoming = there;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(bytes: Uint8Array): void {
    if (!this.isOpen || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.pump();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#incoming?.schedule();
  }

  close(): void {
    if (!this.isOpen) return;
    this.end();
    this.signal("fin");
  }

  /** Sends `signal` after everything that was taken before it. */
  signal(signal: Signal): void {
    this.#outgoing?.push(signal);
  }

  /** Lets the system take what it can of the queue. */
  pump(): void {
    const pipe = this.#outgoing;
    if (pipe === undefined) return;
    let taken = 0;
    while (taken < this.#queue.length) {
      const bytes = this.#queue[taken]!;
      const length = Math.min(pipe.pieceLength(bytes.length), bytes.length);
      if (length === 0) break;
      pipe.push(length === bytes.length ? bytes : bytes.subarray(0, length));
      this.#queuedBytes -= length;
      if (length === bytes.length) taken++;
      else this.#queue[taken] = bytes.subarray(length);
    }
    if (taken > 0) this.#queue.splice(0, taken);
  }

  /** The other side has read some: goes on, and tells when nothing is left. */
  pumpOn(): void {
    if (this.#queuedBytes === 0) return;
    this.pump();
    if (this.#queuedBytes > 0) return;
    this.#wire.clock.at(this.#wire.clock.monotonic(), () => {
      if (this.isOpen && this.#queuedBytes === 0) this.handler?.onDrain();
    });
  }

  /** Ends this end; its handler is told in an event of its own. */
  end(): void {
    if (!this.isOpen) return;
    this.abandon();
    this.#wire.clock.at(this.#wire.clock.monotonic(), () => {
      if (this.#owner.isAlive()) this.handler?.onClose();
    });
  }

  /** Ends this end because nothing is heard of the other, or the host has lost power. */
  lose(): void {
    this.isLost = true;
    this.#outgoing?.clear();
    this.end();
  }

  /** Ends this end without telling its handler, which is dead. */
  abandon(): void {
    this.isOpen = false;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#owner.onEnd(this);
  }

  /** Takes what came through the pipe. */
  take(piece: Uint8Array | Signal): void {
    if (this.isLost) {
      // To the other side this connection still exists.
      if (piece !== "reset") this.#answerByReset();
      return;
    }
    if (!this.isOpen) {
      if (typeof piece !== "string") this.#answerByReset();
      return;
    }
    if (typeof piece !== "string") {
      this.handler?.onData(piece);
    } else if (piece === "open") {
      const { onOpen } = this;
      this.onOpen = undefined;
      onOpen?.();
    } else {
      const isOrderly = piece === "fin";
      this.end();
      // What this end had sent before is still on its way; nothing more follows.
      if (!isOrderly) this.#outgoing?.clear();
    }
  }

  #answerByReset(): void {
    if (this.#hasReset) return;
    this.#hasReset = true;
    this.signal("reset");
  }
}

/** One direction of a connection. */
class Pipe implements Held {
  readonly #wire: Wire;
  readonly #link: Link;
  readonly #sender: VirtualConnection;
  readonly #receiver: VirtualConnection;
  readonly #acknowledgements: Acknowledgements;
  /** In order; those before `#first` have been read. */
  #pieces: (Uint8Array | Signal)[] = [];
  #first = 0;
  /** How many from `#first` on have arrived. */
  #arrived = 0;
  #lastArrivalMs = 0;
  #unreadBytes = 0;
  #isScheduled = false;
  #isReset = false;
  /** Counts how often it was cleared, so that arrivals from before count no more. */
  #generation = 0;

  constructor(
    wire: Wire,
    ends: { link: Link; back: Link; sender: VirtualConnection; receiver: VirtualConnection },
  ) {
    this.#wire = wire;
    this.#link = ends.link;
    this.#sender = ends.sender;
    this.#receiver = ends.receiver;
    this.#acknowledgements = new Acknowledgements(wire, ends.back, ends.sender, (bytes) => {
      this.#unreadBytes -= bytes;
      this.#sender.pumpOn();
    });
  }

  /** Returns how long the next piece may be: 0 if the window is full. */
  pieceLength(wanted: number): number {
    const { windowBytes, pieceBytes, splitOneIn, random } = this.#wire;
    const most = Math.min(wanted, pieceBytes);
    // Whole pieces or nothing: a full window would otherwise be refilled crumb by crumb.
    if (most > windowBytes - this.#unreadBytes) return 0;
    return most > 1 && splitOneIn > 0 && random.oneIn(splitOneIn) ? 1 + random.below(most) : most;
  }

  push(piece: Uint8Array | Signal): void {
    const { clock, random } = this.#wire;
    const byteLength = typeof piece === "string" ? 0 : piece.length;
    this.#unreadBytes += byteLength;
    this.#pieces.push(piece);
    const atMs = this.#link.arrivalMs(clock.monotonic(), byteLength, random);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, atMs);
    const generation = this.#generation;
    clock.at(this.#lastArrivalMs, () => {
      if (generation === this.#generation) this.#arrive(piece);
    });
  }

  /** Lets what has arrived be read, in an event of its own. */
  schedule(atMs = this.#wire.clock.monotonic()): void {
    if (this.#arrived === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#wire.clock.at(atMs, this.#deliverScheduled);
  }

  /** Drops what has not been read. */
  clear(): void {
    this.#generation++;
    this.#pieces = [];
    this.#first = 0;
    this.#arrived = 0;
    this.#isReset = false;
    this.#link.held.delete(this);
  }

  release(heldForMs: number): void {
    // TCP sends again after twice the time each time: it may take as long again as it has taken.
    const mostMs = Math.min(heldForMs, MAX_RESEND_MS);
    const waitMs = (mostMs * this.#wire.random.u32()) / 0x1_0000_0000;
    this.schedule(this.#wire.clock.monotonic() + waitMs);
  }

  #arrive(piece: Uint8Array | Signal): void {
    if (piece === "reset") this.#isReset = true;
    this.#arrived++;
    if (!this.#isScheduled) this.#deliver();
  }

  readonly #deliverScheduled = (): void => {
    this.#isScheduled = false;
    this.#deliver();
  };

  /** Hands over one piece, if it may be. */
  #deliver(): void {
    if (this.#arrived === 0) return;
    const { clock } = this.#wire;
    if (this.#link.cut !== undefined) {
      this.#hold();
      return;
    }
    if (this.#link.stalledUntilMs > clock.monotonic()) {
      this.schedule(this.#link.stalledUntilMs);
      return;
    }
    // A reset overtakes what has not been read; all else waits while the receiver is paused.
    while (this.#isReset && this.#pieces[this.#first] !== "reset") this.#dropFirst();
    if (this.#receiver.isPaused && this.#receiver.isOpen && !this.#isReset) return;

    const piece = this.#dropFirst();
    const bytes = typeof piece === "string" ? undefined : piece;
    const kind = TRACE_KINDS[typeof piece === "string" ? piece : "data"];
    this.#wire.trace.add(kind, this.#link.from, this.#link.to, bytes);
    this.#receiver.take(piece);
    if (bytes !== undefined) this.#acknowledgements.add(bytes.length);
    this.schedule();
  }

  #dropFirst(): Uint8Array | Signal {
    const piece = this.#pieces[this.#first]!;
    this.#pieces[this.#first] = "open";
    this.#first++;
    this.#arrived--;
    if (this.#first === this.#pieces.length) {
      this.#pieces = [];
      this.#first = 0;
    } else if (this.#first >= 1_024) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
    return piece;
  }

  #hold(): void {
    if (this.#link.held.has(this)) return;
    this.#link.hold(this, this.#wire.clock.monotonic());
    giveUpLater(this.#wire, this.#link, this, () => {
      this.clear();
      this.#sender.lose();
    });
  }
}

/** What goes back: bytes read by the receiver, told to the sender where the way back is open. */
class Acknowledgements implements Held {
  readonly #wire: Wire;
  readonly #link: Link;
  readonly #sender: VirtualConnection;
  readonly #acknowledge: (bytes: number) => void;
  #heldBytes = 0;

  constructor(
    wire: Wire,
    link: Link,
    sender: VirtualConnection,
    acknowledge: (bytes: number) => void,
  ) {
    this.#wire = wire;
    this.#link = link;
    this.#sender = sender;
    this.#acknowledge = acknowledge;
  }

  add(bytes: number): void {
    if (this.#link.cut === undefined) {
      this.#acknowledge(bytes);
      return;
    }
    this.#heldBytes += bytes;
    if (this.#link.held.has(this)) return;
    this.#link.hold(this, this.#wire.clock.monotonic());
    giveUpLater(this.#wire, this.#link, this, () => this.#sender.lose());
  }

  release(): void {
    const bytes = this.#heldBytes;
    this.#heldBytes = 0;
    this.#acknowledge(bytes);
  }
}

/** Calls `giveUp` if `what` is held by `link` for as long as the system waits. */
function giveUpLater(wire: Wire, link: Link, what: Held, giveUp: () => void): void {
  const sinceMs = wire.clock.monotonic();
  wire.clock.after(wire.timeoutMs, () => {
    if (link.held.get(what) !== sinceMs) return;
    link.held.delete(what);
    giveUp();
  });
}
