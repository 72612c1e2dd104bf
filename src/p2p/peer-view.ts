/**
 * A peer as others see it: plain figures, for the API and its pages.
 *
 * Copies; nothing here can change a peer.
 */

import { formatNetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import type { Peer, PeerKind } from "./peer.ts";

/** One peer that has shaken hands. */
export interface PeerView {
  readonly id: number;
  /** Proven; undefined for an ordinary Bitcoin peer. */
  readonly nodeId: NodeId | undefined;
  /** Chosen by its owner; may be empty. */
  readonly name: string;
  /** Host and port of its end; of one that dialled us, not where it accepts peers. */
  readonly address: string;
  /** Where its API can be reached, as it says; 0 if it cannot. */
  readonly apiPort: number;
  readonly kind: PeerKind;
  readonly direction: "inbound" | "outbound";
  readonly userAgent: string;
  readonly protocolVersion: number;
  readonly services: bigint;
  /** As it said at the start; never to be trusted. */
  readonly claimedHeight: number;
  /** Milliseconds since 1970. */
  readonly connectedSince: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Milliseconds since anything came of it. */
  readonly quietMs: number;
  /** Milliseconds of the last round trip and of the shortest; undefined before the first. */
  readonly pingMs: number | undefined;
  readonly minPingMs: number | undefined;
  /** What it has done wrong, as far as it is not forgotten. */
  readonly misbehaviorPoints: number;
  /** Bytes queued for it. */
  readonly unsentBytes: number;
}

/** Returns the view of a peer that has shaken hands, at `now` of the clock that never goes back. */
export function viewPeer(peer: Peer, now: number): PeerView {
  const { profile, statistics } = peer;
  const { cairn } = profile;
  return {
    id: peer.id,
    nodeId: cairn?.nodeId,
    name: cairn?.name ?? "",
    address: formatNetAddress(peer.remote),
    apiPort: cairn?.apiPort ?? 0,
    kind: peer.kind,
    direction: peer.isInbound ? "inbound" : "outbound",
    userAgent: profile.userAgent,
    protocolVersion: profile.protocolVersion,
    services: profile.services,
    claimedHeight: profile.startHeight,
    connectedSince: statistics.connectedSince,
    bytesReceived: statistics.bytesReceived,
    bytesSent: statistics.bytesSent,
    messagesReceived: statistics.messagesReceived,
    messagesSent: statistics.messagesSent,
    quietMs: now - statistics.lastReceivedAt,
    pingMs: statistics.pingMs,
    minPingMs: statistics.minPingMs,
    misbehaviorPoints: peer.points,
    unsentBytes: peer.unsentBytes,
  };
}
