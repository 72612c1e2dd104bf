/**
 * Drafts of payments and the coins they reserve: no two live ones spend the same, however many are
 * made at once.
 *
 * A draft is open, then sent or given up; a sent one is live until the chain has it for good. When
 * that is, and what is in a draft, is the business of wallets. Part of `wallets.db`.
 */

import type { Database } from "bun:sqlite";
import {
  formatCursor,
  makePage,
  type Page,
  type PageRequest,
  parseCursor,
  rowsToRead,
} from "../lib/paging.ts";
import type { Txid } from "../primitives/hash-id.ts";
import type { Outpoint } from "../primitives/transaction.ts";
import { MAX_TRANSACTION_BYTES } from "./kept-transaction-store.ts";
import {
  checkId,
  checkRoom,
  checkSize,
  checkText,
  checkWallet,
  OutpointReservedError,
  WalletStoreError,
} from "./wallet-store-error.ts";

/** Where a draft stands. */
export type DraftState = "open" | "sent" | "failed" | "cancelled" | "expired";

/** A payment to be made. Times in milliseconds since 1970. */
export interface NewDraft {
  readonly id: string;
  readonly wallet: string;
  /** By which whoever asks knows it again; one draft of a wallet for each. */
  readonly clientId: string | undefined;
  /** Of what was asked. */
  readonly requestHash: string;
  readonly psbt: Uint8Array;
  /** JSON. */
  readonly facts: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A payment, and what became of it. */
export interface Draft extends NewDraft {
  readonly state: DraftState;
  /** True while its coins are reserved: open, or sent and not yet settled. */
  readonly isLive: boolean;
  /** Set once it is sent. */
  readonly txid: Txid | undefined;
  readonly raw: Uint8Array | undefined;
}

/** Open drafts of one wallet. */
export const MAX_OPEN_DRAFTS = 1_000;

/** Drafts of one wallet that are sent and not yet settled: over an hour of two each second. */
export const MAX_UNSETTLED_DRAFTS = 10_000;

/** Ended drafts of one wallet that are remembered; the oldest go first. */
export const MAX_ENDED_DRAFTS = 10_000;

/** Coins of one draft: more than the inputs of a transaction that fits into a block. */
export const MAX_DRAFT_OUTPOINTS = 25_000;

/** Bytes of a PSBT: with the largest transaction, as many again for what its inputs spend. */
export const MAX_PSBT_BYTES = 8_000_000;

/** Characters of a draft's facts. */
export const MAX_FACTS_LENGTH = 1_000_000;

interface DraftRow {
  sequence: number;
  id: string;
  wallet: string;
  client_id: string | null;
  request_hash: string;
  state: DraftState;
  is_live: number;
  psbt: Uint8Array;
  facts: string;
  created_at: number;
  expires_at: number;
  txid: Txid | null;
  raw: Uint8Array | null;
}

/** Above every time and sequence. */
const BEYOND_ALL = Number.MAX_SAFE_INTEGER;

/** The drafts of all wallets. Every change is one commit, on the disk when it returns. */
export class DraftStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Writes an open draft and reserves its coins, all or nothing. OutpointReservedError if another
   * live draft has one of them, save the draft `replaces`; WalletStoreError if its client id is taken
   * or a bound is reached.
   */
  createDraft(draft: NewDraft, outpoints: readonly Outpoint[], replaces?: string): void {
    checkDraft(draft, outpoints);
    this.#write(() => {
      const { id, wallet, clientId } = draft;
      if (clientId !== undefined && this.findDraftByClientId(wallet, clientId) !== undefined) {
        throw new WalletStoreError("client-id-taken", `there is a draft of ${clientId} already`);
      }
      checkRoom("open drafts", this.#countLive(wallet, "open"), MAX_OPEN_DRAFTS);
      checkRoom("unsettled sends", this.#countLive(wallet, "sent"), MAX_UNSETTLED_DRAFTS);
      this.#insert(draft);
      for (const outpoint of outpoints) this.#reserve(id, outpoint, replaces);
    });
  }

  findDraft(id: string): Draft | undefined {
    const row = this.#database
      .query<DraftRow, [string]>("SELECT * FROM drafts WHERE id = ?")
      .get(id);
    return row === null ? undefined : draftOf(row);
  }

  findDraftByClientId(wallet: string, clientId: string): Draft | undefined {
    const row = this.#database
      .query<DraftRow, [string, string]>(
        "SELECT * FROM drafts WHERE wallet = ? AND client_id = ? AND client_id IS NOT NULL",
      )
      .get(wallet, clientId);
    return row === null ? undefined : draftOf(row);
  }

  /**
   * Says of an open draft that its transaction goes out; its coins stay reserved. The same again of a
   * sent one changes nothing. WalletStoreError if it is not open.
   */
  markSent(id: string, txid: Txid, raw: Uint8Array): void {
    checkSize("a transaction", raw, MAX_TRANSACTION_BYTES);
    this.#write(() => {
      const draft = this.findDraft(id);
      if (draft?.state === "sent" && draft.txid === txid) return;
      if (draft?.state !== "open") throw notOpen(id);
      this.#database
        .query("UPDATE drafts SET state = 'sent', txid = ?, raw = ? WHERE id = ?")
        .run(txid, raw, id);
    });
  }

  /**
   * Ends a draft and releases its coins: an open one in any way, a live sent one as failed alone. The
   * same again changes nothing; WalletStoreError if it has ended otherwise or is not there.
   */
  closeDraft(id: string, state: "failed" | "cancelled" | "expired"): void {
    this.#write(() => {
      const draft = this.findDraft(id);
      if (draft?.state === state) return;
      const mayFail = draft?.state === "sent" && draft.isLive && state === "failed";
      if (draft === undefined || !(draft.state === "open" || mayFail)) throw notOpen(id);
      this.#end(id, state);
      this.#forget(draft.wallet);
    });
  }

  /** Ends the open drafts whose time was over at `nowMs`, and returns their ids. */
  expireDrafts(nowMs: number): string[] {
    return this.#write(() => {
      const due = this.#database
        .query<{ id: string; wallet: string }, [number]>(
          `SELECT id, wallet FROM drafts WHERE state = 'open' AND expires_at <= ?
           ORDER BY expires_at, sequence`,
        )
        .all(nowMs);
      for (const { id } of due) this.#end(id, "expired");
      for (const wallet of new Set(due.map(({ wallet }) => wallet))) this.#forget(wallet);
      return due.map(({ id }) => id);
    });
  }

  /** Says of a sent draft that nothing will undo it any more: it is live no longer. */
  settle(id: string): void {
    this.#write(() => {
      const draft = this.findDraft(id);
      if (draft?.state !== "sent") throw notOpen(id);
      this.#end(id, "sent");
      this.#forget(draft.wallet);
    });
  }

  /** The coins that live drafts of a wallet spend. */
  reservedOutpoints(wallet: string): Outpoint[] {
    return this.#database
      .query<Outpoint, [string]>(
        `SELECT DISTINCT r.txid, r.vout
         FROM drafts d CROSS JOIN reservations r ON r.draft_id = d.id
         WHERE d.wallet = ? AND d.is_live = 1`,
      )
      .all(wallet);
  }

  /** The drafts of a wallet, newest first. */
  listDrafts(wallet: string, { limit, cursor }: PageRequest): Page<Draft> {
    const [time = 0, sequence = 0] = parseCursor(cursor, [BEYOND_ALL, 0]);
    const rows = this.#database
      .query<DraftRow, [string, number, number, number]>(
        `SELECT * FROM drafts WHERE wallet = ? AND (created_at, sequence) < (?, ?)
         ORDER BY created_at DESC, sequence DESC LIMIT ?`,
      )
      .all(wallet, time, sequence, rowsToRead(limit));
    const page = makePage(rows, limit, (last) => formatCursor(last.created_at, last.sequence));
    return { ...page, rows: page.rows.map(draftOf) };
  }

  /** The sent drafts of all wallets that are live, oldest first: to be sent again, or settled. */
  unsettledSends(): Draft[] {
    return this.#database
      .query<DraftRow, []>(
        "SELECT * FROM drafts WHERE state = 'sent' AND is_live = 1 ORDER BY sequence",
      )
      .all()
      .map(draftOf);
  }

  #insert(draft: NewDraft): void {
    this.#database
      .query(
        `INSERT INTO drafts (id, wallet, client_id, request_hash, state, is_live, psbt, facts,
           created_at, expires_at) VALUES (?, ?, ?, ?, 'open', 1, ?, ?, ?, ?)`,
      )
      .run(
        draft.id,
        draft.wallet,
        draft.clientId ?? null,
        draft.requestHash,
        draft.psbt,
        draft.facts,
        draft.createdAt,
        draft.expiresAt,
      );
  }

  #reserve(id: string, { txid, vout }: Outpoint, replaces: string | undefined): void {
    const other = this.#database
      .query<{ draft_id: string }, [string, number, string | null]>(
        "SELECT draft_id FROM reservations WHERE txid = ? AND vout = ? AND draft_id IS NOT ? LIMIT 1",
      )
      .get(txid, vout, replaces ?? null);
    if (other !== null) throw new OutpointReservedError({ txid, vout }, other.draft_id);
    this.#database
      .query("INSERT INTO reservations (txid, vout, draft_id) VALUES (?, ?, ?)")
      .run(txid, vout, id);
  }

  #end(id: string, state: DraftState): void {
    this.#database.query("UPDATE drafts SET state = ?, is_live = 0 WHERE id = ?").run(state, id);
    this.#database.query("DELETE FROM reservations WHERE draft_id = ?").run(id);
  }

  #forget(wallet: string): void {
    this.#database
      .query(
        `DELETE FROM drafts WHERE sequence IN (
           SELECT sequence FROM drafts WHERE wallet = ? AND is_live = 0
           ORDER BY created_at DESC, sequence DESC LIMIT -1 OFFSET ${MAX_ENDED_DRAFTS})`,
      )
      .run(wallet);
  }

  #countLive(wallet: string, state: "open" | "sent"): number {
    return (
      this.#database
        .query<{ count: number }, [string, string]>(
          "SELECT count(*) AS count FROM drafts WHERE wallet = ? AND state = ? AND is_live = 1",
        )
        .get(wallet, state)?.count ?? 0
    );
  }

  #write<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }
}

function checkDraft(draft: NewDraft, outpoints: readonly Outpoint[]): void {
  checkWallet(draft.wallet);
  checkId("a draft's id", draft.id);
  if (draft.clientId !== undefined) checkId("a client's id", draft.clientId);
  checkId("a request's hash", draft.requestHash);
  checkSize("a PSBT", draft.psbt, MAX_PSBT_BYTES);
  checkText("a draft's facts", draft.facts, MAX_FACTS_LENGTH);
  if (outpoints.length > MAX_DRAFT_OUTPOINTS) {
    throw new WalletStoreError("too-many", `a draft spends at most ${MAX_DRAFT_OUTPOINTS} coins`);
  }
}

function notOpen(id: string): WalletStoreError {
  return new WalletStoreError("draft-not-open", `draft ${id} is not open`);
}

function draftOf(row: DraftRow): Draft {
  return {
    id: row.id,
    wallet: row.wallet,
    clientId: row.client_id ?? undefined,
    requestHash: row.request_hash,
    psbt: row.psbt,
    facts: row.facts,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    state: row.state,
    isLive: row.is_live === 1,
    txid: row.txid ?? undefined,
    raw: row.raw ?? undefined,
  };
}
