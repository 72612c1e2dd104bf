/**
 * Which of two connections to one node stays.
 *
 * Pure, and the same at both ends, which see the two in different order: or each would end the one
 * that the other has kept (P-33).
 */

import type { NodeId } from "../wire/node-id.ts";

/** A connection on which the hand was shaken. */
export interface Link {
  readonly isInbound: boolean;
  /** Milliseconds that do not go back. */
  readonly readyAt: number;
  readonly profile: { readonly dialNonce: bigint };
}

/**
 * Two connections that come within as many milliseconds of each other may have been made at once,
 * since no handshake takes longer.
 */
export const SIMULTANEOUS_MS = 10_000;

/**
 * True if `peer`, which is new, is to stay and `other` has to go. What has stood for a while stays.
 * Of two made at once it is the one that the node with the greater id has dialled; of two that the
 * same node has dialled, the one whose nonce is smaller: both ends know all that.
 */
export function isNewLinkBetter({
  ourId,
  theirId,
  peer,
  other,
}: {
  ourId: NodeId;
  theirId: NodeId;
  peer: Link;
  other: Link;
}): boolean {
  if (peer.readyAt - other.readyAt >= SIMULTANEOUS_MS) return false;
  if (peer.isInbound === other.isInbound) return peer.profile.dialNonce < other.profile.dialNonce;
  const isOursKept = ourId > theirId;
  return peer.isInbound !== isOursKept;
}
