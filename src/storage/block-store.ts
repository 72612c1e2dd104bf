/**
 * Headers, blocks, undo data and the active chain, in SQLite.
 *
 * Rows go in and come out; which block is valid or active is decided in chain/. Writers call these
 * inside one transaction a block. Readers may be another process's or worker's connection.
 */

import type { Database, Statement } from "bun:sqlite";
import { equalBytes } from "../lib/bytes.ts";
import { DecodeError, decodeAll } from "../lib/codec.ts";
import { type Block, decodeBlock } from "../primitives/block.ts";
import { type BlockHeader, decodeHeader, hashHeader } from "../primitives/block-header.ts";
import { type BlockHash, hashToId, idToHash } from "../primitives/hash-id.ts";
import { merkleRoot } from "../primitives/merkle.ts";

/** A row of `headers`, as kept in memory by the block index. */
export interface StoredHeader {
  /** Order of arrival, from 1. */
  readonly id: number;
  readonly hash: BlockHash;
  readonly height: number;
  readonly header: BlockHeader;
  readonly status: number;
  readonly receivedAt: number;
}

/** What is only read when somebody asks. */
export interface StoredBlockDetails {
  readonly header: BlockHeader;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly transactionCount: number;
  readonly size: number;
  readonly weight: number;
  readonly invalidCode: string | undefined;
  readonly invalidReason: string | undefined;
}

export interface NewBlock {
  readonly hash: BlockHash;
  readonly height: number;
  readonly header: Uint8Array;
  readonly status: number;
  readonly receivedAt: number;
  readonly transactionCount: number;
  readonly size: number;
  readonly weight: number;
  readonly body: Uint8Array;
}

interface HeaderRow {
  id: number;
  hash: Uint8Array;
  height: number;
  header: Uint8Array;
  status: number;
  received_at: number;
}

interface DetailsRow {
  header: Uint8Array;
  received_at: number;
  transaction_count: number;
  size: number;
  weight: number;
  invalid_code: string | null;
  invalid_reason: string | null;
}

export class BlockStore {
  readonly #database: Database;
  readonly #insertHeader: Statement<unknown, (Uint8Array | number)[]>;
  readonly #insertBody: Statement<unknown, [number, Uint8Array]>;

  constructor(database: Database) {
    this.#database = database;
    this.#insertHeader = database.query(
      `INSERT INTO headers (hash, height, header, status, received_at, transaction_count, size,
         weight) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertBody = database.query("INSERT INTO bodies (header_id, block) VALUES (?, ?)");
  }

  /** Yields all headers, parents before children. */
  *loadHeaders(): Generator<StoredHeader> {
    const rows = this.#database
      .query<HeaderRow, []>(
        "SELECT id, hash, height, header, status, received_at FROM headers ORDER BY height, id",
      )
      .iterate();
    for (const row of rows) {
      yield {
        id: row.id,
        hash: hashToId<BlockHash>(row.hash),
        height: row.height,
        header: decodeStoredHeader(row),
        status: row.status,
        receivedAt: row.received_at,
      };
    }
  }

  /** Returns the ids of the active chain's headers, from genesis on. */
  loadActiveChain(): number[] {
    return this.#database
      .query<{ header_id: number }, []>("SELECT header_id FROM active_chain ORDER BY height")
      .all()
      .map(({ header_id }) => header_id);
  }

  /** Returns the id that the new row was given. */
  insertBlock(block: NewBlock): number {
    const { lastInsertRowid } = this.#insertHeader.run(
      idToHash(block.hash),
      block.height,
      block.header,
      block.status,
      block.receivedAt,
      block.transactionCount,
      block.size,
      block.weight,
    );
    const id = Number(lastInsertRowid);
    this.#insertBody.run(id, block.body);
    return id;
  }

  putStatus(id: number, status: number): void {
    this.#database.query("UPDATE headers SET status = ? WHERE id = ?").run(status, id);
  }

  putInvalid(id: number, status: number, code: string, reason: string): void {
    this.#database
      .query("UPDATE headers SET status = ?, invalid_code = ?, invalid_reason = ? WHERE id = ?")
      .run(status, code, reason, id);
  }

  putUndo(id: number, undo: Uint8Array): void {
    this.#database
      .query("INSERT OR REPLACE INTO undos (header_id, undo) VALUES (?, ?)")
      .run(id, undo);
  }

  putActive(height: number, id: number): void {
    this.#database
      .query("INSERT INTO active_chain (height, header_id) VALUES (?, ?)")
      .run(height, id);
  }

  deleteActive(height: number): void {
    this.#database.query("DELETE FROM active_chain WHERE height = ?").run(height);
  }

  /** Returns the encoded block; throws if there is no such row. */
  getBody(id: number): Uint8Array {
    const row = this.#database
      .query<{ block: Uint8Array }, [number]>("SELECT block FROM bodies WHERE header_id = ?")
      .get(id);
    if (row === null) throw new Error(`block ${id} has no body in the database`);
    return row.block;
  }

  /** Returns `length` bytes of the encoded block from `offset` on. */
  getBodyPart(id: number, offset: number, length: number): Uint8Array {
    const row = this.#database
      .query<{ part: Uint8Array }, [number, number, number]>(
        "SELECT substr(block, ?, ?) AS part FROM bodies WHERE header_id = ?",
      )
      .get(offset + 1, length, id);
    if (row === null) throw new Error(`block ${id} has no body in the database`);
    return row.part;
  }

  /**
   * Returns the block, its hash and Merkle root checked: a disk may have changed what it was given.
   * Throws an Error, never a DecodeError: nobody but this node is to blame for these bytes.
   */
  getBlock(id: number, hash: BlockHash): Block {
    const block = tryDecode(this.getBody(id));
    if (block?.hash !== hash || !isBodyOfHeader(block)) {
      throw new Error(`block ${hash} is damaged in the database`);
    }
    return block;
  }

  /** Returns the encoded undo data; throws if there is none. */
  getUndo(id: number): Uint8Array {
    const row = this.#database
      .query<{ undo: Uint8Array }, [number]>("SELECT undo FROM undos WHERE header_id = ?")
      .get(id);
    if (row === null) throw new Error(`block ${id} has no undo data in the database`);
    return row.undo;
  }

  getDetails(id: number): StoredBlockDetails {
    const row = this.#database
      .query<DetailsRow, [number]>(
        `SELECT header, received_at, transaction_count, size, weight, invalid_code, invalid_reason
         FROM headers WHERE id = ?`,
      )
      .get(id);
    if (row === null) throw new Error(`no header ${id} in the database`);
    return {
      header: decodeAll(row.header, decodeHeader),
      receivedAt: row.received_at,
      transactionCount: row.transaction_count,
      size: row.size,
      weight: row.weight,
      invalidCode: row.invalid_code ?? undefined,
      invalidReason: row.invalid_reason ?? undefined,
    };
  }
}

function tryDecode(bytes: Uint8Array): Block | undefined {
  try {
    return decodeAll(bytes, decodeBlock);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function isBodyOfHeader({ header, transactions }: Block): boolean {
  const { root } = merkleRoot(transactions.map(({ txid }) => idToHash(txid)));
  return equalBytes(root, idToHash(header.merkleRoot));
}

/** Work and targets are computed from headers, so that a changed one must not get into the index. */
function decodeStoredHeader(row: HeaderRow): BlockHeader {
  const header = decodeAll(row.header, decodeHeader);
  const hash = hashToId<BlockHash>(row.hash);
  if (hashHeader(header) !== hash) throw new Error(`header ${hash} is damaged in the database`);
  return header;
}
