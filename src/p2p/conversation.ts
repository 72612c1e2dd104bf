/**
 * What one subject of the protocol is made from, and what it looks like to the others.
 *
 * A conversation owns its commands and its state about each peer, and lets that state go with the
 * peer. Conversations know each other only by what they are handed.
 */

import type { BlockVerdict, Chain } from "../chain/chain.ts";
import type { Network } from "../consensus/params.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { Mempool, MempoolVerdict } from "../mempool/mempool.ts";
import type { Block } from "../primitives/block.ts";
import type { Transaction } from "../primitives/transaction.ts";
import type { InventoryEntry } from "../wire/inventory-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import type { Peer } from "./peer.ts";
import type { PeerSet } from "./peer-set.ts";
import type { Random } from "./transport.ts";

/** The lists of things by hash: each is handed on in two halves, blocks and transactions. */
export type InventoryCommand = "inv" | "getdata" | "notfound";

/** One subject of the protocol. Nothing here may throw on what a peer sent. */
export interface Conversation {
  /** The messages that are its own; none of InventoryCommand, and none of another's. */
  readonly commands: readonly Command[];
  /** The half of every inventory that is its own, if one is. */
  readonly inventory?: "blocks" | "transactions";
  /** The handshake is done. */
  peerReady(peer: Peer): void;
  /** The peer is gone: nothing may be kept about it. Also called for peers that never were ready. */
  peerClosed(peer: Peer): void;
  /** A message of one of `commands` came. */
  receive(peer: Peer, message: Message): void;
  /** Its half of a list came; never empty. */
  receiveInventory?(
    peer: Peer,
    command: InventoryCommand,
    entries: readonly InventoryEntry[],
  ): void;
  /** Cancels timers and listens no more; nothing of it is called after that. */
  stop(): void;
}

/** The node around the peers, as conversations see it. */
export interface NodePort {
  readonly network: Network;
  readonly chain: Chain;
  readonly mempool: Mempool;
  /** The node's doors, at which a fault of ours is noticed. */
  submitBlock(block: Block): BlockVerdict;
  submitTransaction(tx: Transaction, peer: Peer): MempoolVerdict;
}

/** What every conversation may use. */
export interface ConversationContext {
  readonly node: NodePort;
  readonly peers: PeerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}
