/**
 * The chain as followers read it: a connection to `cairn.db` of their own, which cannot write.
 *
 * Every read stands alone and is short, so that the node's write-ahead log is never held up; the
 * follower notices when the chain moved between two. Which block is active was decided in chain/.
 */

import { Database, type Statement } from "bun:sqlite";
import { decodeAll } from "../lib/codec.ts";
import { decodeBlock } from "../primitives/block.ts";
import { type BlockHash, hashToId, idToHash } from "../primitives/hash-id.ts";
import { decodeUndo } from "../storage/undo.ts";
import type { BlockSource, FollowedBlock } from "./follower.ts";

interface BlockRow {
  id: number;
  hash: Uint8Array;
  height: number;
  received_at: number;
  size: number;
  weight: number;
  block: Uint8Array;
  undo: Uint8Array;
}

const BLOCK_COLUMNS = "h.id, h.hash, h.height, h.received_at, h.size, h.weight, b.block, u.undo";

const BODY_JOINS = "JOIN bodies b ON b.header_id = h.id JOIN undos u ON u.header_id = h.id";

export class ChainSource implements BlockSource {
  readonly #database: Database;
  readonly #findActive: Statement<BlockRow, [number]>;
  readonly #findActiveHash: Statement<{ hash: Uint8Array }, [number]>;
  readonly #find: Statement<BlockRow, [Uint8Array]>;

  /** Opens the chain database at `path`, which must be there. */
  constructor(path: string) {
    this.#database = new Database(path, { readonly: true, strict: true });
    this.#database.run("PRAGMA busy_timeout = 5000");
    this.#findActive = this.#database.query(
      `SELECT ${BLOCK_COLUMNS} FROM active_chain a JOIN headers h ON h.id = a.header_id
       ${BODY_JOINS} WHERE a.height = ?`,
    );
    this.#findActiveHash = this.#database.query(
      `SELECT h.hash FROM active_chain a JOIN headers h ON h.id = a.header_id WHERE a.height = ?`,
    );
    this.#find = this.#database.query(
      `SELECT ${BLOCK_COLUMNS} FROM headers h ${BODY_JOINS} WHERE h.hash = ?`,
    );
  }

  findActive(height: number): FollowedBlock | undefined {
    return decodeRow(this.#findActive.get(height));
  }

  findActiveHash(height: number): BlockHash | undefined {
    const row = this.#findActiveHash.get(height);
    return row === null ? undefined : hashToId<BlockHash>(row.hash);
  }

  find(hash: BlockHash): FollowedBlock | undefined {
    return decodeRow(this.#find.get(idToHash(hash)));
  }

  close(): void {
    this.#database.close();
  }
}

/** A disk may have changed what it was given, so the block's hash is checked. */
function decodeRow(row: BlockRow | null): FollowedBlock | undefined {
  if (row === null) return undefined;
  const hash = hashToId<BlockHash>(row.hash);
  const block = decodeAll(row.block, decodeBlock);
  if (block.hash !== hash) throw new Error(`block ${hash} is damaged in the chain database`);
  return {
    id: row.id,
    hash,
    height: row.height,
    block,
    size: row.size,
    weight: row.weight,
    receivedAt: row.received_at,
    spentCoins: decodeUndo(row.undo),
  };
}
