/**
 * What the index worker and the thread that owns it say to each other.
 *
 * Types only, so that either side can import them without running the other. Everything here
 * survives a structured clone.
 */

import type { BlockHash } from "../primitives/hash-id.ts";

/** Where the index stands. */
export interface IndexTip {
  readonly hash: BlockHash;
  readonly height: number;
}

/** What a node saw at a moment; joined with the state of the chain in `network_stats`. */
export interface StatisticsSample {
  /** Seconds since 1970; the row is that of its minute. */
  readonly time: number;
  readonly mempoolCount: number;
  readonly mempoolBytes: number;
  /** Sats per vbyte. */
  readonly mempoolFeerate: number;
  readonly peers: number;
}

/** What is known of a node at a moment: a row of `nodes`. Null: it has not said so. */
export interface NodeRecord {
  readonly nodeId: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly isConnected: boolean;
  readonly host: string | null;
  readonly port: number | null;
  readonly apiPort: number | null;
  readonly height: number | null;
  readonly tip: string | null;
  readonly peerCount: number | null;
  /** Hashes a second. */
  readonly hashrate: number | null;
  readonly mempoolCount: number | null;
  readonly mempoolBytes: number | null;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
}

/** An address that somebody here gave a name: a row of `users`. */
export interface UserRecord {
  readonly name: string;
  /** Whose it is: a wallet of this node, or one of its address book. */
  readonly kind: "wallet" | "contact";
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What the worker opens. */
export interface IndexSetup {
  readonly chainPath: string;
  readonly indexPath: string;
  /** As findNetwork takes them. */
  readonly network: string;
  readonly difficulty: number | undefined;
}

/**
 * What the index worker accepts. `init` comes first and is answered by `ready`. `poke` says that the
 * chain has moved; its number is repeated once everything committed before it is indexed. `stop` is
 * answered by `stopped`, after which the worker ends.
 */
export type IndexCommand =
  | { readonly type: "init"; readonly setup: IndexSetup }
  | { readonly type: "poke"; readonly poke: number }
  | { readonly type: "sample"; readonly sample: StatisticsSample }
  | { readonly type: "nodes"; readonly records: readonly NodeRecord[] }
  | { readonly type: "users"; readonly records: readonly UserRecord[] }
  | { readonly type: "stop" };

/**
 * What the index worker reports. `isNew`: everything has to be indexed. `poke` of `advanced` is the
 * last one fully followed, -1 while there is more to do. `rebuilding`: the index was damaged or did
 * not fit the chain; if its file was replaced, readers must connect again.
 */
export type IndexReport =
  | { readonly type: "ready"; readonly tip: IndexTip | undefined; readonly isNew: boolean }
  | ({ readonly type: "advanced"; readonly poke: number } & IndexTip)
  | { readonly type: "rebuilding"; readonly isReplaced: boolean }
  | { readonly type: "error"; readonly message: string }
  | { readonly type: "stopped" };
