/**
 * The life of every connection: let in or dialled, shaken hands with, kept or sent away.
 *
 * Knows what peers say of themselves and where they are; not what is said with them afterwards.
 * Limits at the door are in inbound-gate.ts, the choice of whom to dial in dialer.ts, which of two
 * connections to one node stays in duplicate-link.ts.
 */

import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../wire/services.ts";
import { groupOf, groupRank } from "./address-group.ts";
import type { AddressManager } from "./address-manager.ts";
import type { BanList, BanOutcome } from "./ban-list.ts";
import { type Dial, DialBook } from "./dial-book.ts";
import { Dialer } from "./dialer.ts";
import { isNewLinkBetter } from "./duplicate-link.ts";
import { type EvictionCandidate, selectEviction } from "./eviction.ts";
import { InboundGate } from "./inbound-gate.ts";
import type { DisconnectReason, Peer, PeerKind, PeerOwner } from "./peer.ts";
import { PeerSet } from "./peer-set.ts";
import { type PeerView, viewPeer } from "./peer-view.ts";
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Random,
  type Transport,
  TransportError,
} from "./transport.ts";

/** Peers that may have dialled us, unless the operator says otherwise (Bitcoin Core's 125). */
export const MAX_INBOUND_PEERS = 125;

/**
 * Of those, connections on which the handshake is not done. The oldest of the host that has most
 * goes for a new one, so that nobody who says nothing keeps others out (P-22).
 */
export const MAX_PENDING_HANDSHAKES = 32;

/** Milliseconds for which a dial may take. */
export const DIAL_TIMEOUT_MS = 5_000;

/** What a peer that we dial has to offer: all blocks, with their witnesses. */
const NEEDED_SERVICES = NODE_NETWORK | NODE_WITNESS;

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

/** What became of a demand to connect. */
export type ConnectVerdict =
  | { readonly status: "connected"; readonly peer: Peer }
  /** To the same node, perhaps by another address. */
  | { readonly status: "already-connected" }
  | { readonly status: "banned" }
  /** The address is our own. */
  | { readonly status: "self" }
  /** No connection; `code` is the system's: ECONNREFUSED, ETIMEDOUT and others. */
  | { readonly status: "unreachable"; readonly code: string }
  /** There was a connection, but the hand was not shaken, or not for long. */
  | { readonly status: "refused"; readonly reason: DisconnectReason };

/** How connected this node is, in numbers. */
export interface PeerSummary {
  /** Peers that have shaken hands, by who has dialled. */
  readonly inbound: number;
  readonly outbound: number;
  /** Dials and connections on the way to that. */
  readonly connecting: number;
  readonly knownAddresses: number;
  readonly triedAddresses: number;
  readonly discouragedHosts: number;
}

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
  readonly #dials = new DialBook();
  /** All connections, whether they have shaken hands or not. */
  readonly #open = new Map<number, Peer>();
  /** Orders groups in a way that nobody outside can foresee. */
  readonly #rankKey: Uint8Array;
  #listener: Listener | undefined;
  #isStopped = false;
  #hasWarnedOfTwin = false;

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
        count: (kind) => this.#dials.count(kind),
        outboundGroups: () => this.#dials.groups(),
        dial: (address, kind) => this.#dial(address, kind).outcome,
        dropSurplus: (most) => this.#dropSurplus(most),
      },
    });
  }

  /** The port at which peers are accepted; undefined if none is. */
  get port(): number | undefined {
    return this.#listener?.port;
  }

  /** Connections that there are, and everything else kept about them: 0 once all have ended. */
  get heldCount(): number {
    return this.#open.size + this.peers.size + this.#dials.size + this.#gate.entryCount;
  }

  /** The peers that have shaken hands, in the order in which they did. */
  view(): readonly PeerView[] {
    const now = this.#parts.clock.monotonic();
    return [...this.peers].filter(({ isReady }) => isReady).map((peer) => viewPeer(peer, now));
  }

  /** How connected this node is. */
  summary(): PeerSummary {
    const { addresses, bans } = this.#parts;
    const ready = [...this.peers].filter(({ isReady }) => isReady);
    const pending = [...this.#open.values()].filter(({ hasShakenHands }) => !hasShakenHands);
    const inbound = ready.filter(({ isInbound }) => isInbound).length;
    return {
      inbound,
      outbound: ready.length - inbound,
      connecting: pending.length + this.#dials.knockingCount,
      knownAddresses: addresses.size,
      triedAddresses: addresses.triedCount,
      discouragedHosts: bans.discouragedCount,
    };
  }

  /**
   * The peer that is known to accept at `address`, whoever of us dialled: it may have more than one
   * address. Undefined if there is none that has shaken hands.
   */
  findAt(address: NetAddress): Peer | undefined {
    const alias = this.#dials.findAlias(address);
    if (alias?.isReady === true) return alias;
    const text = formatNetAddress(address);
    return [...this.peers].find((peer) => {
      const dial = this.#dials.dialOf(peer);
      return peer.isReady && dial !== undefined && formatNetAddress(dial.address) === text;
    });
  }

  /** Accepts peers at `address`; rejects with a TransportError if the port cannot be had. */
  async listen(address: NetAddress): Promise<void> {
    const listener = await this.#parts.transport.listen(address, (connection) =>
      this.#accept(connection),
    );
    if (this.#isStopped) listener.stop();
    else this.#listener = listener;
  }

  /**
   * Dials `address` now, whatever failed before, and waits until the hand is shaken, 15 s at most.
   * Nobody remembers the address for later: that is the address book's `addManual`.
   */
  async connect(address: NetAddress, kind: Dial["kind"] = "manual"): Promise<ConnectVerdict> {
    const { addresses, bans } = this.#parts;
    if (this.#isStopped) return { status: "refused", reason: "shutdown" };
    if (bans.isBanned(address.host)) return { status: "banned" };
    if (addresses.isOwn(address)) return { status: "self" };
    if (this.#dials.findAlias(address)?.isReady) return { status: "already-connected" };
    const known = this.#dials.find(address);
    const verdict = verdictOf(await (known ?? this.#dial(address, kind)).outcome);
    const wasThere = known !== undefined && verdict.status === "connected";
    return wasThere ? { status: "already-connected" } : verdict;
  }

  /**
   * Ends the connection of that number, and does not dial it again for a while; false if there is
   * none.
   */
  disconnect(id: number): boolean {
    const peer = this.#open.get(id);
    if (peer === undefined || peer.isClosed) return false;
    const dial = this.#dials.dialOf(peer);
    if (dial !== undefined) this.dialer.leaveAlone(dial.address);
    for (const address of this.#dials.aliasesOf(peer)) this.dialer.leaveAlone(address);
    peer.disconnect("by-hand");
    return true;
  }

  /** Bans `host` until `until`, in milliseconds since 1970, and ends all connections with it. */
  ban(host: string, until: number, reason: string): BanOutcome {
    const { bans } = this.#parts;
    const outcome = bans.ban(host, until, reason);
    for (const peer of [...this.#open.values()]) {
      if (bans.isBanned(peer.remote.host)) peer.disconnect("banned");
    }
    return outcome;
  }

  /** Forgives `host`, banned or discouraged; false if it was neither. */
  unban(host: string): boolean {
    return this.#parts.bans.lift(host);
  }

  /**
   * A node nearby says that it is `nodeId` and accepts at `address`: dialled, unless it is here. Of
   * one that dialled us it tells where to dial, should that connection end.
   */
  heard(address: NetAddress, nodeId: NodeId): void {
    const peer = this.peers.findNode(nodeId);
    if (peer === undefined) this.dialer.heard(address);
    else if (peer.isInbound && peer.remote.host === address.host) this.#dials.learn(peer, address);
  }

  /** Ends all connections, accepts and dials no more; keeps the anchors for the next start. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.dialer.stop();
    this.#listener?.stop();
    this.#listener = undefined;
    const anchors = [...this.peers].filter(
      ({ isReady, kind }) => isReady && kind === "block-relay",
    );
    this.#parts.addresses.putAnchors(anchors.map(({ remote }) => remote));
    for (const peer of [...this.#open.values()]) peer.disconnect("shutdown");
  }

  peerReady(peer: Peer): void {
    const unwanted = this.#whyUnwanted(peer);
    if (unwanted !== undefined) {
      peer.disconnect(unwanted);
      return;
    }
    // Also of one that is there already by another way: the address is good.
    const dial = this.#dials.dialOf(peer);
    if (dial !== undefined) this.#parts.addresses.good(dial.address, peer.profile.services);
    if (peer.kind === "feeler") {
      peer.disconnect("feeler-done");
      return;
    }
    if (!this.#resolveDuplicate(peer)) return;
    if (dial !== undefined) this.dialer.connected(dial.address);
    this.peers.add(peer);
    this.#parts.listener.peerReady(peer);
    if (peer.isReady) dial?.settle({ status: "connected", peer });
  }

  peerHasMail(peer: Peer): void {
    this.#parts.listener.peerHasMail(peer);
  }

  peerClosed(peer: Peer, reason: DisconnectReason): void {
    const { addresses, bans, listener, log } = this.#parts;
    this.#open.delete(peer.id);
    if (peer.isInbound) this.#gate.leave(peer.remote.host);
    const dial = this.#dials.dialOf(peer);
    this.#dials.closed(peer);
    if (dial !== undefined) this.#dialEnded(dial, peer, reason);
    // Nobody named by hand is kept away: whoever named them shall see what they do.
    if (peer.isDiscouraged && peer.kind !== "manual") bans.discourage(peer.remote.host);
    if (reason === "same-identity") this.#warnOfTwin(peer);
    if (dial !== undefined && peer.hasShakenHands) addresses.seen(dial.address);
    this.peers.remove(peer, reason);
    listener.peerClosed(peer);
    log.debug("peer gone", { peer: peer.id, address: formatNetAddress(peer.remote), reason });
  }

  #dialEnded({ address, settle }: Dial, peer: Peer, reason: DisconnectReason): void {
    settle({ status: "refused", reason });
    this.dialer.ended(address);
    // Whoever answers there is ourselves, as the end that accepted has seen by the nonce (P-32).
    if (reason === "self" && !peer.hasShakenHands) this.#parts.addresses.markOwn(address);
  }

  #accept(connection: Connection): ConnectionHandler | undefined {
    if (this.#isStopped) return undefined;
    const { host } = connection.remote;
    const inbound = [...this.#open.values()].filter((peer) => peer.isInbound && !peer.isClosed);
    const isFull = inbound.length >= this.#parts.policy.maxInbound;
    if (this.#gate.enter(host, isFull) !== undefined) return undefined;
    if (!this.#makeRoom(inbound, isFull)) {
      this.#gate.leave(host);
      return undefined;
    }
    const peer = this.#admit(connection, "inbound");
    peer.start();
    return peer;
  }

  #dial(address: NetAddress, kind: Dial["kind"]): Dial {
    const known = this.#dials.find(address);
    if (known !== undefined) return known;
    const dial = this.#dials.begin(address, kind);
    void this.#knock(dial);
    return dial;
  }

  async #knock(dial: Dial): Promise<void> {
    let peer: Peer | undefined;
    try {
      await this.#parts.transport.connect(
        dial.address,
        (connection) => {
          peer = this.#admit(connection, dial.kind);
          this.#dials.connected(dial, peer);
          return peer;
        },
        DIAL_TIMEOUT_MS,
      );
    } catch (cause) {
      // Anything else is a fault of ours.
      if (!(cause instanceof TransportError)) throw cause;
      this.#dials.failed(dial);
      this.dialer.ended(dial.address);
      dial.settle({ status: "unreachable", code: cause.code });
      return;
    }
    if (this.#isStopped) peer?.disconnect("shutdown");
    else if (this.#parts.bans.isBanned(dial.address.host)) peer?.disconnect("banned");
    // Only now does the connection know whose it is.
    else peer?.start();
  }

  #admit(connection: Connection, kind: PeerKind): Peer {
    const peer = this.#parts.makePeer(connection, kind, this);
    this.#open.set(peer.id, peer);
    return peer;
  }

  #whyUnwanted(peer: Peer): DisconnectReason | undefined {
    const { services, cairn } = peer.profile;
    const isOurChoice = !peer.isInbound && peer.kind !== "manual";
    if (isOurChoice && (services & NEEDED_SERVICES) !== NEEDED_SERVICES) return "wrong-services";
    const { allowedNodes } = this.#parts.policy;
    const isAllowed =
      allowedNodes === undefined || (cairn !== undefined && allowedNodes.has(cairn.nodeId));
    return isAllowed ? undefined : "not-allowed";
  }

  /** Ends the worse of two connections to one node (P-33); false if it is that of `peer`. */
  #resolveDuplicate(peer: Peer): boolean {
    const nodeId = peer.profile.cairn?.nodeId;
    const other = nodeId === undefined ? undefined : this.peers.findNode(nodeId);
    if (nodeId === undefined || other === undefined) return true;
    const isBetter = isNewLinkBetter({ ourId: this.#parts.ourId, theirId: nodeId, peer, other });
    const [kept, dropped] = isBetter ? [peer, other] : [other, peer];
    // Known from now on, so that it is not dialled again and again.
    this.#dials.merge(kept, dropped);
    this.#dials.dialOf(dropped)?.settle({ status: "refused", reason: "duplicate" });
    dropped.disconnect("duplicate");
    // Their end of it may be gone without our knowledge, since they connect anew.
    kept.probe();
    return isBetter;
  }

  #makeRoom(inbound: readonly Peer[], isFull: boolean): boolean {
    if (isFull) {
      const chosen = selectEviction(inbound.map((peer) => this.#candidateOf(peer)));
      const evicted = inbound.find(({ id }) => id === chosen);
      evicted?.disconnect("evicted");
      if (evicted === undefined) return false;
    }
    const pending = inbound.filter((peer) => !peer.hasShakenHands && !peer.isClosed);
    if (pending.length >= MAX_PENDING_HANDSHAKES) {
      oldestOfGreediest(pending)?.disconnect("evicted");
    }
    return true;
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
    return this.#dials.find(address) !== undefined || this.#dials.findAlias(address) !== undefined;
  }

  /** A network has grown: not everybody has to know everybody any more. */
  #dropSurplus(most: number): void {
    const outbound = [...this.peers].filter(({ kind, isReady }) => kind === "outbound" && isReady);
    if (outbound.length <= most) return;
    outbound[this.#parts.random.below(outbound.length)]?.disconnect("surplus");
  }

  /** Said once, since it stays as it is: a copied data directory, and no connection between the two. */
  #warnOfTwin(peer: Peer): void {
    if (this.#hasWarnedOfTwin) return;
    this.#hasWarnedOfTwin = true;
    this.#parts.log.warn("another node has the key of this one: delete the key of either", {
      address: formatNetAddress(peer.remote),
    });
  }
}

/** The peer that waits for longest, of the host that has most of them. */
function oldestOfGreediest(peers: readonly Peer[]): Peer | undefined {
  let greediest: readonly Peer[] = [];
  for (const ofHost of Map.groupBy(peers, ({ remote }) => remote.host).values()) {
    if (ofHost.length > greediest.length) greediest = ofHost;
  }
  return greediest[0];
}

function verdictOf(outcome: Awaited<Dial["outcome"]>): ConnectVerdict {
  if (outcome.status !== "refused") return outcome;
  switch (outcome.reason) {
    case "duplicate":
      return { status: "already-connected" };
    case "self":
    case "banned":
      return { status: outcome.reason };
    default:
      return outcome;
  }
}
