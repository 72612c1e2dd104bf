/**
 * One peer over a connection in memory, and the other side of it driven by hand.
 *
 * The other side speaks through wire/; with `shakeHands` it behaves until the hand is shaken, as an
 * ordinary peer or as one with the Cairn extension. Time is virtual.
 */

import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { Handshake, type HandshakeStep, type LocalNode } from "../../src/p2p/handshake.ts";
import { NodeIdentity } from "../../src/p2p/identity.ts";
import { type DisconnectReason, Peer, type PeerKind } from "../../src/p2p/peer.ts";
import { PeerMemory } from "../../src/p2p/peer-memory.ts";
import { SharedFrames } from "../../src/p2p/shared-frames.ts";
import type { Connection } from "../../src/p2p/transport.ts";
import type { BlockHash } from "../../src/primitives/hash-id.ts";
import { FrameCutter } from "../../src/wire/frame.ts";
import { MSG_BLOCK } from "../../src/wire/inventory-messages.ts";
import { decodeMessage, frameMessage, type Message, peerLimits } from "../../src/wire/message.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../../src/wire/services.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { REGTEST } from "./chain-builder.ts";
import { SeededRandom } from "./random.ts";

export const { magic: MAGIC } = REGTEST;
export const GENESIS_HASH = REGTEST.genesis.hash;

/** What a node of a test says of itself. */
export function localNode(identity: NodeIdentity, name = ""): LocalNode {
  return {
    genesisHash: GENESIS_HASH,
    identity,
    userAgent: "/test:1/",
    name,
    apiPort: 8_080,
    height: () => 7,
  };
}

/** One end of a connection whose other end is the test. */
export class MemoryConnection implements Connection {
  readonly remote: NetAddress = { host: "10.0.0.9", port: 49_152 };
  readonly isInbound: boolean;
  readonly written: Uint8Array[] = [];
  /** Set by a test that does not read. */
  queuedBytes = 0;
  /** True if what is written stays queued. */
  isStuck = false;
  isPaused = false;
  isClosed = false;
  pauses = 0;
  onEnd: (() => void) | undefined;

  constructor(isInbound: boolean) {
    this.isInbound = isInbound;
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.written.push(bytes);
    if (this.isStuck) this.queuedBytes += bytes.length;
  }

  pause(): void {
    this.isPaused = true;
    this.pauses += 1;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.queuedBytes = 0;
    this.onEnd?.();
  }
}

/** How a lab differs from the ordinary one. */
export interface LabOptions {
  readonly isInbound?: boolean;
  readonly kind?: PeerKind;
  readonly clock?: VirtualClock;
  readonly memory?: PeerMemory;
  readonly frames?: SharedFrames;
  readonly maxBlockWeight?: number;
}

/** A peer, and all that its owner was told. */
export class PeerLab {
  readonly clock: VirtualClock;
  readonly random = new SeededRandom(5);
  readonly memory: PeerMemory;
  readonly connection: MemoryConnection;
  readonly peer: Peer;
  readonly closes: DisconnectReason[] = [];
  /** Done by the owner when the hand is shaken. */
  onReady: (() => void) | undefined;
  readyCount = 0;
  mailCount = 0;
  readonly #handshake: Handshake;
  readonly #cutter = new FrameCutter(MAGIC, peerLimits(4_000_000));
  #heardCount = 0;
  readonly #pings: bigint[] = [];

  constructor(options: LabOptions = {}) {
    const { isInbound = true } = options;
    this.clock = options.clock ?? new VirtualClock();
    this.memory = options.memory ?? new PeerMemory();
    this.connection = new MemoryConnection(isInbound);
    const { clock, random, connection } = this;
    const nowSeconds = () => Math.floor(clock.now() / 1000);
    const ours = {
      local: localNode(new NodeIdentity(random.bytes(32))),
      remote: connection.remote,
      isOwnNonce: () => false,
      nowSeconds,
      wantsTransactions: true,
    };
    this.peer = new Peer({
      id: 1,
      kind: options.kind ?? (isInbound ? "inbound" : "outbound"),
      connection,
      handshake: new Handshake({ ...ours, isInbound, nonce: 1n }),
      magic: MAGIC,
      maxBlockWeight: options.maxBlockWeight ?? 4_000_000,
      frames: options.frames ?? new SharedFrames(MAGIC),
      memory: this.memory,
      clock,
      random,
      log: SILENT_LOGGER,
      owner: {
        peerReady: () => {
          this.readyCount += 1;
          this.onReady?.();
        },
        peerHasMail: () => {
          this.mailCount += 1;
        },
        peerClosed: (_, reason) => this.closes.push(reason),
      },
    });
    connection.onEnd = () => clock.after(0, () => this.peer.onClose());
    this.peer.start();
    const local = localNode(new NodeIdentity(random.bytes(32)), "the other side");
    this.#handshake = new Handshake({ ...ours, local, isInbound: !isInbound, nonce: 2n });
  }

  /** Says something to the peer, as one piece. */
  say(...messages: readonly Message[]): this {
    return this.sayBytes(framesOf(messages));
  }

  sayBytes(bytes: Uint8Array): this {
    this.peer.onData(bytes);
    return this;
  }

  /** What the peer has said since this was last asked. */
  heard(): Message[] {
    const fresh = this.connection.written.slice(this.#heardCount);
    this.#heardCount = this.connection.written.length;
    const messages = fresh
      .flatMap((bytes) => [...this.#cutter.push(bytes)])
      .map(({ command, payload }) => decodeMessage(command, payload)!);
    for (const message of messages) if (message.command === "ping") this.#pings.push(message.nonce);
    return messages;
  }

  /** Shakes hands; answers the ping that follows unless told otherwise. */
  shakeHands({ isCairn = false, answersPing = true } = {}): this {
    let own: readonly Message[] = this.#handshake.begin();
    for (let turn = 0; turn < 10 && !this.peer.hasShakenHands; turn++) {
      this.say(...own.flatMap((message) => (isCairn ? message : asOrdinary(message))));
      own = this.heard().flatMap((message) => {
        const step: HandshakeStep = this.#handshake.receive(message);
        if (step.status === "failed") throw new Error(step.failure);
        return step.send;
      });
    }
    if (answersPing) this.answerPings();
    return this;
  }

  /** Answers all pings that were not answered; returns how many. */
  answerPings(): number {
    this.heard();
    const nonces = this.#pings.splice(0);
    for (const nonce of nonces) this.say({ command: "pong", nonce });
    return nonces.length;
  }

  /** The other side ends the connection. */
  hangUp(): void {
    this.connection.close();
    this.clock.pass(0);
  }

  /** Takes everything out of the inbox. */
  takeAll(): Message[] {
    const taken: Message[] = [];
    for (let next = this.peer.takeMessage(); next !== undefined; next = this.peer.takeMessage()) {
      taken.push(next);
    }
    return taken;
  }
}

/** A small message that waits in the inbox, told apart by `number`. */
export function letter(number: number): Message {
  return { command: "feefilter", feeRate: BigInt(number) };
}

/** A large one: of 36 bytes for each entry, of which there may be 5,000. */
export function largeLetter(number = 0, entryCount = 1_001): Message {
  const hash = number.toString(16).padStart(64, "0") as BlockHash;
  const entries = Array.from({ length: entryCount }, () => ({ type: MSG_BLOCK, hash }) as const);
  return { command: "inv", entries };
}

/** The bytes of `messages`, one after the other. */
export function framesOf(messages: readonly Message[]): Uint8Array {
  return Buffer.concat(messages.map((message) => frameMessage(MAGIC, message)));
}

/** What one without the Cairn extension says instead. */
function asOrdinary(message: Message): readonly Message[] {
  if (message.command === "cairn" || message.command === "cairnproof") return [];
  if (message.command !== "version") return [message];
  return [{ ...message, services: NODE_NETWORK | NODE_WITNESS }];
}
