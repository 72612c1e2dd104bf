/**
 * The peers that have shaken hands, in the order in which they did.
 *
 * A list to be read; who gets in, and what becomes of them, is decided in peer-manager.ts.
 */

import { Emitter } from "../lib/emitter.ts";
import type { NodeId } from "../wire/node-id.ts";
import type { DisconnectReason, Peer } from "./peer.ts";

/** Told once the set has changed. */
export type PeerSetEvents = {
  "peer-connected": { readonly peer: Peer };
  "peer-disconnected": { readonly peer: Peer; readonly reason: DisconnectReason };
};

export class PeerSet {
  readonly events = new Emitter<PeerSetEvents>();
  readonly #peers = new Map<number, Peer>();

  get size(): number {
    return this.#peers.size;
  }

  [Symbol.iterator](): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** The peer of that number, if it is there. */
  find(id: number): Peer | undefined {
    return this.#peers.get(id);
  }

  /** The peer that has proven to be `nodeId`, if it is there and not about to end. */
  findNode(nodeId: NodeId): Peer | undefined {
    for (const peer of this) {
      if (peer.isReady && peer.profile.cairn?.nodeId === nodeId) return peer;
    }
    return undefined;
  }

  /** Adds a peer that is ready. */
  add(peer: Peer): void {
    this.#peers.set(peer.id, peer);
    this.events.emit("peer-connected", { peer });
  }

  /** Takes a peer out, if it is in. */
  remove(peer: Peer, reason: DisconnectReason): void {
    if (this.#peers.delete(peer.id)) this.events.emit("peer-disconnected", { peer, reason });
  }
}
