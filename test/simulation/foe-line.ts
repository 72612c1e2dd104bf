/**
 * One connection to a node that is driven by hand: it shakes hands as any Bitcoin node does, and
 * then says what it is told to, true or not.
 *
 * Knows no intention; those are in foes.ts.
 */

import type { Network } from "../../src/consensus/params.ts";
import type { Connection, ConnectionHandler } from "../../src/p2p/transport.ts";
import { FrameCutter } from "../../src/wire/frame.ts";
import { decodeMessage, frameMessage, type Message, peerLimits } from "../../src/wire/message.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../../src/wire/services.ts";
import { PROTOCOL_VERSION } from "../../src/wire/version-message.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const UNSPECIFIED = { services: 0n, address: { host: "0.0.0.0", port: 0 } };

/** What becomes of a line. */
export interface LineOwner {
  readonly chain: Network;
  readonly nonce: () => bigint;
  readonly startHeight: number;
  /** The hand is shaken. */
  ready(line: FoeLine): void;
  received(line: FoeLine, message: Message): void;
  closed(line: FoeLine): void;
}

export class FoeLine implements ConnectionHandler {
  readonly node: SimulatedNode;
  readonly openedAt: number;
  isReady = false;
  isClosed = false;
  /** When the node must have ended it, at the latest; undefined as long as it broke no rule. */
  mustEndBy: number | undefined;
  readonly #owner: LineOwner;
  readonly #connection: Connection;
  readonly #cutter: FrameCutter;

  constructor(owner: LineOwner, node: SimulatedNode, connection: Connection, openedAt: number) {
    this.#owner = owner;
    this.node = node;
    this.openedAt = openedAt;
    this.#connection = connection;
    const { magic, params } = owner.chain;
    this.#cutter = new FrameCutter(magic, peerLimits(params.maxBlockWeight));
  }

  /** What it begins with. */
  get versionBytes(): Uint8Array {
    return frameMessage(this.#owner.chain.magic, {
      command: "version",
      protocolVersion: PROTOCOL_VERSION,
      services: NODE_NETWORK | NODE_WITNESS,
      time: 0,
      receiver: UNSPECIFIED,
      sender: UNSPECIFIED,
      nonce: this.#owner.nonce(),
      userAgent: "/foe:1/",
      startHeight: this.#owner.startHeight,
      relay: true,
    });
  }

  send(message: Message): void {
    this.#connection.write(frameMessage(this.#owner.chain.magic, message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#connection.write(bytes);
  }

  close(): void {
    this.#connection.close();
  }

  onData(bytes: Uint8Array): void {
    for (const { command, payload } of this.#cutter.push(bytes)) {
      const message = decodeMessage(command, payload);
      if (message !== undefined) this.#receive(message);
    }
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
    this.#owner.closed(this);
  }

  #receive(message: Message): void {
    if (message.command === "version") {
      this.send({ command: "wtxidrelay" });
      this.send({ command: "verack" });
    } else if (message.command === "verack") {
      this.isReady = true;
      this.send({ command: "sendheaders" });
      this.#owner.ready(this);
    } else if (message.command === "ping") {
      this.send({ command: "pong", nonce: message.nonce });
    } else if (this.isReady) {
      this.#owner.received(this, message);
    }
  }
}
