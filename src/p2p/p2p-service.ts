/**
 * Everything with peers, put together: connections, what is said over them, and who is there.
 *
 * The composition root of this layer. A node makes one, and hears of it by events; nothing here
 * knows of routes, pages or settings' names.
 */

import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { AddressManager } from "./address-manager.ts";
import type { BanList } from "./ban-list.ts";
import type { Conversation, ConversationContext, NodePort } from "./conversation.ts";
import { Handshake, type LocalNode } from "./handshake.ts";
import { MessagePump } from "./message-pump.ts";
import { MessageRouter } from "./message-router.ts";
import { drawNonce } from "./nonce.ts";
import { Peer, type PeerKind, type PeerOwner } from "./peer.ts";
import { type ConnectVerdict, PeerManager, type PeerPolicy } from "./peer-manager.ts";
import { PeerMemory } from "./peer-memory.ts";
import type { PeerSet } from "./peer-set.ts";
import { SharedFrames } from "./shared-frames.ts";
import type { Connection, Random, Transport } from "./transport.ts";

/** What the service is made of. */
export interface P2pParts {
  readonly node: NodePort;
  readonly local: LocalNode;
  readonly transport: Transport;
  readonly addresses: AddressManager;
  readonly bans: BanList;
  readonly policy: PeerPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Makes what is talked about, once the set of peers is there. */
  readonly makeConversations: (context: ConversationContext) => readonly Conversation[];
}

export class P2pService {
  /** Who is connected, and why; to connect, disconnect and ban. */
  readonly manager: PeerManager;
  readonly #parts: P2pParts;
  readonly #router: MessageRouter;
  readonly #pump: MessagePump;
  readonly #frames: SharedFrames;
  readonly #memory = new PeerMemory();
  /**
   * Of our own dials, until the hand is shaken: whoever is told one by somebody who dials us is that
   * somebody.
   */
  readonly #nonces = new Map<bigint, Peer>();
  #lastId = 0;

  constructor(parts: P2pParts) {
    const { node, clock, random, log } = parts;
    this.#parts = parts;
    this.#frames = new SharedFrames(node.network.magic);
    this.#pump = new MessagePump(clock, (peer, message) => this.#router.receive(peer, message));
    this.manager = new PeerManager({
      ...parts,
      ourId: parts.local.identity.id,
      listener: {
        peerReady: (peer) => this.#router.peerReady(peer),
        peerHasMail: (peer) => this.#pump.add(peer),
        peerClosed: (peer) => this.#peerClosed(peer),
      },
      makePeer: (connection, kind, owner) => this.#makePeer(connection, kind, owner),
    });
    const { peers } = this.manager;
    this.#router = new MessageRouter(parts.makeConversations({ node, peers, clock, random, log }));
  }

  /** The peers that have shaken hands; `events` tells who comes and goes. */
  get peers(): PeerSet {
    return this.manager.peers;
  }

  /** Everything kept about connections, in items: 0 once all have ended. */
  get heldCount(): number {
    return this.manager.heldCount + this.#nonces.size + this.#memory.size + this.#pump.size;
  }

  /** Accepts peers at `address`; rejects with a TransportError if the port cannot be had. */
  async listen(address: NetAddress): Promise<void> {
    await this.manager.listen(address);
  }

  /** Begins to dial those that are worth it. */
  start(): void {
    this.manager.dialer.start();
  }

  /** Dials `address` now, and waits until the hand is shaken or will not be. */
  async connect(
    address: NetAddress,
    kind: Exclude<PeerKind, "inbound"> = "manual",
  ): Promise<ConnectVerdict> {
    return await this.manager.connect(address, kind);
  }

  /** Ends all connections, and accepts and dials no more. */
  stop(): void {
    this.#router.stop();
    this.#pump.stop();
    this.manager.stop();
    this.#parts.addresses.flush();
  }

  #peerClosed(peer: Peer): void {
    this.#forgetNonce(peer);
    this.#pump.remove(peer);
    this.#router.peerClosed(peer);
  }

  #makePeer(connection: Connection, kind: PeerKind, owner: PeerOwner): Peer {
    const { clock, local, log, node, random } = this.#parts;
    const nonce = drawNonce(random);
    const handshake = new Handshake({
      local,
      isInbound: connection.isInbound,
      remote: connection.remote,
      nonce,
      isOwnNonce: (other) => this.#recognize(other),
      nowSeconds: () => Math.floor(clock.now() / 1000),
      wantsTransactions: kind !== "block-relay" && kind !== "feeler",
    });
    this.#lastId += 1;
    const { magic, params } = node.network;
    const peer = new Peer({
      id: this.#lastId,
      kind,
      connection,
      handshake,
      magic,
      maxBlockWeight: params.maxBlockWeight,
      frames: this.#frames,
      memory: this.#memory,
      clock,
      random,
      log,
      owner: {
        peerReady: (ready) => {
          this.#forgetNonce(ready);
          owner.peerReady(ready);
        },
        peerHasMail: (other) => owner.peerHasMail(other),
        peerClosed: (closed, reason) => owner.peerClosed(closed, reason),
      },
    });
    if (!connection.isInbound) this.#nonces.set(nonce, peer);
    return peer;
  }

  #forgetNonce(peer: Peer): void {
    for (const [nonce, owner] of this.#nonces) {
      if (owner === peer) this.#nonces.delete(nonce);
    }
  }

  /** The two ends of a connection to ourselves: both are to end, and for the same reason. */
  #recognize(nonce: bigint): boolean {
    const dialled = this.#nonces.get(nonce);
    dialled?.disconnect("self");
    return dialled !== undefined;
  }
}
