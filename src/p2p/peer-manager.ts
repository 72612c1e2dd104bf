/**
 * The life of every connection: let in or dialled, shaken hands with, kept or sent away.
 *
 * Knows what peers say of themselves and where they are; not what is said with them afterwards.
 * Limits at the door are in inbound-gate.ts, the choice of whom to dial in dialer.ts.
 */

import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../wire/services.ts";
import { groupOf, groupRank } from "./address-group.ts";
import type { AddressManager } from "./address-manager.ts";
import type { BanList } from "./ban-list.ts";
import { Dialer } from "./dialer.ts";
import { type EvictionCandidate, selectEviction } from "./eviction.ts";
import { InboundGate, MAX_INBOUND_PEERS } from "./inbound-gate.ts";
import type { DisconnectReason, Peer, PeerKind, PeerOwner } from "./peer.ts";
import { PeerSet } from "./peer-set.ts";
import type { Connection, ConnectionHandler, Listener, Random, Transport } from "./transport.ts";

/** Milliseconds for which a dial may take. */
export const DIAL_TIMEOUT_MS = 5_000;

/** What an operator may decide. */
export interface PeerPolicy {
  readonly maxInbound: number;
  /** Only these nodes, proven by their keys; undefined: anybody of the network. */
  readonly allowedNodes: ReadonlySet<NodeId> | undefined;
}

export const DEFAULT_PEER_POLICY: PeerPolicy = {
  maxInbound: MAX_INBOUND_PEERS,
  allowedNodes: undefined,
};

/** Who listens to what happens to peers. */
export interface PeerListener {
  peerReady(peer: Peer): void;
  peerHasMail(peer: Peer): void;
  peerClosed(peer: Peer): void;
}

/** What the manager is made of. */
export interface PeerManagerParts {
  readonly ourId: NodeId;
  readonly transport: Transport;
  readonly addresses: AddressManager;
  readonly bans: BanList;
  readonly policy: PeerPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly listener: PeerListener;
  /** Makes the peer of a new connection; `owner` is to be told of its life. */
  readonly makePeer: (connection: Connection, kind: PeerKind, owner: PeerOwner) => Peer;
}

export class PeerManager implements PeerOwner {
  readonly peers = new PeerSet();
  readonly dialer: Dialer;
  readonly #parts: PeerManagerParts;
  readonly #gate: InboundGate;
  /** All connections, whether they have shaken hands or not. */
  readonly #open = new Map<number, Peer>();
  /** Addresses of our dials, from the first packet to the end of the connection. */
  readonly #dialled = new Map<string, PeerKind>();
  readonly #addressOf = new Map<Peer, NetAddress>();
  readonly #rankKey: Uint8Array;
  #listener: Listener | undefined;
  #isStopped = false;

  constructor(parts: PeerManagerParts) {
    const { clock, random, addresses, bans } = parts;
    this.#parts = parts;
    this.#gate = new InboundGate({ clock, bans });
    this.#rankKey = random.bytes(32);
    this.dialer = new Dialer({
      clock,
      random,
      addresses,
      bans,
      port: {
        isConnected: (address) => this.#isConnected(address),
        count: (kind) => this.#countOf(kind),
        outboundGroups: () => this.#outboundGroups(),
        dial: (address, kind) => this.#dial(address, kind),
      },
    });
  }

  /** The port at which peers are accepted; undefined if none is. */
  get port(): number | undefined {
    return this.#listener?.port;
  }

  /** Accepts peers at `address`; rejects with a TransportError if the port cannot be had. */
  async listen(address: NetAddress): Promise<void> {
    this.#listener = await this.#parts.transport.listen(address, (connection) =>
      this.#accept(connection),
    );
  }

  /** Dials `address` now, whatever happened before; false if nobody answers there. */
  async connect(address: NetAddress, kind: PeerKind = "manual"): Promise<boolean> {
    if (this.#isConnected(address)) return true;
    return await this.#dial(address, kind);
  }

  /** Ends all connections, accepts and dials no more; keeps the anchors for the next start. */
  stop(): void {
    this.#isStopped = true;
    this.dialer.stop();
    this.#listener?.stop();
    const anchors = [...this.#open.values()].filter(({ kind }) => kind === "block-relay");
    this.#parts.addresses.putAnchors(anchors.map(({ remote }) => remote));
    for (const peer of [...this.#open.values()]) peer.disconnect("shutdown");
  }

  peerReady(peer: Peer): void {
    if (peer.isInbound) this.#gate.settled();
    const unwanted = this.#whyUnwanted(peer);
    if (unwanted !== undefined) {
      peer.disconnect(unwanted);
      return;
    }
    const address = this.#addressOf.get(peer);
    if (address !== undefined) {
      this.#parts.addresses.good(address, peer.profile.services);
      this.dialer.connected(address);
    }
    if (peer.kind === "feeler") {
      peer.disconnect("feeler-done");
      return;
    }
    this.peers.add(peer);
    this.#parts.listener.peerReady(peer);
  }

  peerHasMail(peer: Peer): void {
    this.#parts.listener.peerHasMail(peer);
  }

  peerClosed(peer: Peer, reason: DisconnectReason): void {
    this.#open.delete(peer.id);
    if (peer.isInbound) this.#gate.left(peer.remote.host, !peer.hasShakenHands);
    this.#forgetDial(peer, reason);
    // Nobody named by hand is kept away: whoever named them shall see what they do.
    if (peer.isDiscouraged && peer.kind !== "manual") {
      this.#parts.bans.discourage(peer.remote.host);
    }
    this.peers.remove(peer, reason);
    this.#parts.listener.peerClosed(peer);
    this.#parts.log.debug("peer gone", { peer: peer.id, reason });
  }

  #accept(connection: Connection): ConnectionHandler | undefined {
    if (this.#isStopped) return undefined;
    const { host } = connection.remote;
    const isFull = this.#countOf("inbound") >= this.#parts.policy.maxInbound;
    if (this.#gate.refusal(host, isFull) !== undefined) return undefined;
    if (isFull && !this.#makeRoom()) return undefined;
    this.#gate.entered(host);
    return this.#admit(connection, "inbound");
  }

  async #dial(address: NetAddress, kind: PeerKind): Promise<boolean> {
    const key = formatNetAddress(address);
    this.#dialled.set(key, kind);
    try {
      await this.#parts.transport.connect(
        address,
        (connection) => {
          const peer = this.#admit(connection, kind);
          this.#addressOf.set(peer, address);
          if (this.#isStopped) peer.disconnect("shutdown");
          return peer;
        },
        DIAL_TIMEOUT_MS,
      );
      return true;
    } catch (cause) {
      this.#dialled.delete(key);
      this.#parts.log.debug("no answer", { address: key, cause: String(cause) });
      return false;
    }
  }

  #admit(connection: Connection, kind: PeerKind): Peer {
    const peer = this.#parts.makePeer(connection, kind, this);
    this.#open.set(peer.id, peer);
    // A connection must know its handler before it is written to.
    this.#parts.clock.after(0, () => peer.start());
    return peer;
  }

  #forgetDial(peer: Peer, reason: DisconnectReason): void {
    const address = this.#addressOf.get(peer);
    if (address === undefined) return;
    this.#addressOf.delete(peer);
    this.#dialled.delete(formatNetAddress(address));
    this.dialer.ended(address);
    // Whoever answers there is ourselves, as the end that accepted has seen by the nonce.
    if (reason === "self") this.#parts.addresses.markOwn(address);
    if (peer.hasShakenHands) this.#parts.addresses.seen(address);
  }

  #whyUnwanted(peer: Peer): DisconnectReason | undefined {
    const { services, cairn } = peer.profile;
    const needed = NODE_NETWORK | NODE_WITNESS;
    if (!peer.isInbound && (services & needed) !== needed) return "wrong-services";

    const { allowedNodes } = this.#parts.policy;
    if (allowedNodes !== undefined && (cairn === undefined || !allowedNodes.has(cairn.nodeId))) {
      return "not-allowed";
    }
    return cairn === undefined ? undefined : this.#resolveDuplicate(peer, cairn.nodeId);
  }

  /**
   * Two nodes that dial each other at once must both keep the same one of their two connections: it
   * is the one that the node with the greater id has dialled; of several of those, the first.
   */
  #resolveDuplicate(peer: Peer, nodeId: NodeId): DisconnectReason | undefined {
    if (nodeId === this.#parts.ourId) return "self";
    const other = this.peers.findNode(nodeId);
    if (other === undefined) return undefined;
    const keepsOurs = this.#parts.ourId > nodeId;
    const isBetter = other.isInbound === keepsOurs && peer.isInbound !== keepsOurs;
    const [kept, dropped] = isBetter ? [peer, other] : [other, peer];
    // Known from now on, so that it is not dialled again and again.
    kept.listeningAddress ??= this.#addressOf.get(dropped);
    if (!isBetter) return "duplicate";
    other.disconnect("duplicate");
    return undefined;
  }

  #makeRoom(): boolean {
    const candidates = [...this.#open.values()]
      .filter(({ kind }) => kind === "inbound")
      .map((peer) => this.#candidateOf(peer));
    const evicted = this.#open.get(selectEviction(candidates) ?? -1);
    evicted?.disconnect("evicted");
    return evicted !== undefined;
  }

  #candidateOf(peer: Peer): EvictionCandidate {
    const { connectedAt, minPingMs, lastBlockAt, lastTransactionAt } = peer.statistics;
    const group = groupOf(peer.remote.host);
    return {
      id: peer.id,
      group,
      groupRank: groupRank(this.#rankKey, group),
      connectedAt,
      minPingMs: minPingMs ?? Number.POSITIVE_INFINITY,
      lastTransactionAt,
      lastBlockAt,
      relaysTransactions: !peer.isReady || peer.profile.wantsTransactions,
      isDiscouraged: this.#parts.bans.isDiscouraged(peer.remote.host),
    };
  }

  #isConnected(address: NetAddress): boolean {
    if (this.#dialled.has(formatNetAddress(address))) return true;
    return [...this.peers].some((peer) => this.#listensAt(peer, address));
  }

  /** True if `peer`, who dialled us, is known to accept peers at `address`. */
  #listensAt(peer: Peer, address: NetAddress): boolean {
    const listening = peer.listeningAddress;
    return listening?.host === address.host && listening.port === address.port;
  }

  #countOf(kind: PeerKind): number {
    if (kind === "inbound") {
      return [...this.#open.values()].filter((peer) => peer.isInbound).length;
    }
    return [...this.#dialled.values()].filter((other) => other === kind).length;
  }

  #outboundGroups(): ReadonlySet<string> {
    const groups = [...this.#addressOf]
      .filter(([{ kind }]) => kind === "outbound" || kind === "block-relay")
      .map(([, { host }]) => groupOf(host));
    return new Set(groups);
  }
}
