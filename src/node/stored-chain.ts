/**
 * The active chain as it is on the disk, read without disturbing a node that may be running on it.
 *
 * Bodies are never deleted, so the list of blocks read at the beginning stays good while the chain
 * moves on.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Network } from "../consensus/params.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { BlockStore } from "../storage/block-store.ts";
import { CoinStore } from "../storage/coin-store.ts";
import { DataDirectoryError } from "../storage/data-directory.ts";
import { openDatabaseReadOnly } from "../storage/database.ts";
import { CHAIN_DATABASE_NAME } from "./node.ts";

/** A block of the active chain, still encoded. */
export interface StoredBlock {
  readonly height: number;
  readonly hash: BlockHash;
  readonly bytes: Uint8Array;
}

/** An open chain; `close` it. */
export interface StoredChain {
  /** Of the tip when the chain was opened. */
  readonly height: number;
  /** Over the coins after that tip. */
  coinDigest(): Uint8Array;
  /** Yields the blocks from `first` up to the tip. */
  blocks(first: number): Generator<StoredBlock>;
  close(): void;
}

/** Opens the chain in a network's folder; DataDirectoryError if there is none, or another's. */
export function openStoredChain(folder: string, network: Network): StoredChain {
  const path = join(folder, CHAIN_DATABASE_NAME);
  if (!existsSync(path)) {
    throw new DataDirectoryError(`there is no chain in ${folder}; start a node there first`);
  }
  const database = openDatabaseReadOnly(path);
  // A snapshot: chain and coins of one moment, whatever a running node commits meanwhile.
  database.run("BEGIN");
  try {
    const blocks = new BlockStore(database);
    const headers = new Map([...blocks.loadHeaders()].map((header) => [header.id, header]));
    const active = blocks.loadActiveChain();
    const genesis = headers.get(active[0] ?? 0)?.hash;
    if (genesis !== network.genesis.hash) {
      throw new DataDirectoryError(`${path} does not hold the chain of network ${network.name}`);
    }
    return {
      height: active.length - 1,
      coinDigest: () => new CoinStore(database).digest(),
      *blocks(first) {
        for (let height = first; height < active.length; height++) {
          const id = active[height] as number;
          const hash = headers.get(id)?.hash as BlockHash;
          yield { height, hash, bytes: blocks.getBody(id) };
        }
      },
      close: () => database.close(),
    };
  } catch (cause) {
    database.close();
    throw cause;
  }
}
