/**
 * A peer driven by hand: it shakes hands as an ordinary node does, and says what a test tells it to.
 *
 * Speaks through wire/ over the virtual network and keeps all that it is told. What it answers by
 * itself is set by the test; `serveBranch` makes it as honest as it should be.
 */

import { headersAfter } from "../../src/p2p/locator.ts";
import type { Connection } from "../../src/p2p/transport.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { BlockHash } from "../../src/primitives/hash-id.ts";
import { FrameCutter } from "../../src/wire/frame.ts";
import {
  type Command,
  decodeMessage,
  frameMessage,
  type Message,
  type MessageOf,
  peerLimits,
} from "../../src/wire/message.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../../src/wire/services.ts";
import { PROTOCOL_VERSION } from "../../src/wire/version-message.ts";
import type { VirtualHost } from "../simulation/virtual-network.ts";
import type { Branch } from "./chain-builder.ts";
import { type P2pWorld, WORLD_PORT, type WorldNode } from "./p2p-world.ts";

const UNSPECIFIED = { services: 0n, address: { host: "0.0.0.0", port: 0 } };

export class HandPeer {
  readonly world: P2pWorld;
  readonly host: VirtualHost;
  /** All that it was told since the handshake, in order. */
  readonly received: Message[] = [];
  /** Answers by itself; called for every message after the handshake. */
  answer: ((message: Message) => void) | undefined;
  /** What it says of its height. */
  startHeight = 0;
  bytesReceived = 0;
  isReady = false;
  isClosed = false;
  #connection: Connection | undefined;

  constructor(world: P2pWorld) {
    this.world = world;
    this.host = world.addHost();
  }

  /** Dials `node`, and lets time pass until both have shaken hands. */
  connect(node: WorldNode): this {
    const address = { host: node.host.address, port: WORLD_PORT };
    void this.host.transport.connect(address, (connection) => this.#handle(connection), 5_000);
    this.world.until(() => this.#connection !== undefined, 10_000);
    this.#sendVersion();
    const isThere = () => node.peers.some(({ remote }) => remote.host === this.host.address);
    this.world.until(() => this.isReady && isThere(), 10_000);
    return this;
  }

  /** Accepts whoever dials it. */
  listen(): this {
    void this.host.transport.listen({ host: "::", port: WORLD_PORT }, (connection) =>
      this.#handle(connection),
    );
    return this;
  }

  send(message: Message): void {
    this.#connection?.write(frameMessage(this.world.chain.magic, message));
  }

  sendAll(messages: Iterable<Message>): void {
    for (const message of messages) this.send(message);
  }

  close(): void {
    this.#connection?.close();
  }

  /** The messages of `command` that it was told. */
  told<C extends Command>(command: C): MessageOf<C>[] {
    return this.received.filter((message): message is MessageOf<C> => message.command === command);
  }

  /** Lets time pass until it has been told `count` messages of `command`; returns the last. */
  untilTold<C extends Command>(command: C, count = 1, limitMs = 60_000): MessageOf<C> {
    this.world.until(() => this.told(command).length >= count, limitMs);
    return this.told(command)[count - 1]!;
  }

  #handle(connection: Connection) {
    this.#connection = connection;
    const { magic, params } = this.world.chain;
    const cutter = new FrameCutter(magic, peerLimits(params.maxBlockWeight));
    return {
      onData: (bytes: Uint8Array) => {
        this.bytesReceived += bytes.length;
        for (const { command, payload } of cutter.push(bytes)) {
          const message = decodeMessage(command, payload);
          if (message !== undefined) this.#receive(message);
        }
      },
      onDrain: () => {},
      onClose: () => {
        this.isClosed = true;
      },
    };
  }

  #receive(message: Message): void {
    if (message.command === "version") {
      if (this.#connection?.isInbound) this.#sendVersion();
      this.send({ command: "verack" });
    } else if (message.command === "verack") {
      this.isReady = true;
    } else if (message.command === "ping") {
      this.send({ command: "pong", nonce: message.nonce });
    } else if (this.isReady) {
      this.received.push(message);
      this.answer?.(message);
    }
  }

  #sendVersion(): void {
    this.send({
      command: "version",
      protocolVersion: PROTOCOL_VERSION,
      services: NODE_NETWORK | NODE_WITNESS,
      time: 0,
      receiver: UNSPECIFIED,
      sender: UNSPECIFIED,
      nonce: BigInt(this.world.random.u32()),
      userAgent: "/hand:1/",
      startHeight: this.startHeight,
      relay: true,
    });
  }
}

/** How a peer that serves a branch departs from an honest one. */
export interface Departure {
  /** Returns what it sends for a block that it has; undefined to send nothing. */
  readonly block?: (block: Block) => Block | undefined;
  /** False to leave `getheaders` unanswered. */
  readonly answersHeaders?: boolean;
}

/** Makes `peer` answer from `branch`. */
export function serveBranch(peer: HandPeer, branch: Branch, departure: Departure = {}): HandPeer {
  const byHash = new Map<BlockHash, Block>(branch.blocks.map((block) => [block.hash, block]));
  const all = [branch.network.genesis, ...branch.blocks];
  const heights = new Map(all.map(({ hash }, height) => [hash, height]));
  // Only what headersAfter reads: the active chain by height and by hash.
  const entries = all.map(({ hash }, height) => ({ hash, height }));
  const index = {
    findActive: (height: number) => entries[height],
    find: (hash: BlockHash) => entries[heights.get(hash) ?? -1],
    isActive: () => true,
  } as unknown as Parameters<typeof headersAfter>[2];
  peer.answer = (message) => {
    if (message.command === "getheaders" && departure.answersHeaders !== false) {
      const found = headersAfter(message.locator, message.stopHash, index);
      const headers = found.map(({ height }) => all[height]!.header);
      peer.send({ command: "headers", headers });
    }
    if (message.command !== "getdata") return;
    for (const { hash } of message.entries) {
      const block = byHash.get(hash as BlockHash);
      const sent = block === undefined ? undefined : (departure.block ?? ((same) => same))(block);
      if (sent !== undefined) peer.send({ command: "block", block: sent });
    }
  };
  return peer;
}
