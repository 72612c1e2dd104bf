/**
 * What outlives a restart of the peers: addresses, bans, anchors.
 *
 * Small tables, written in batches by their owners (p2p/address-manager.ts, p2p/ban-list.ts) and
 * never while a message waits. Which address is worth keeping is decided there; a disk may have
 * changed what it was given, so the owners check what they read.
 */

import type { Database } from "bun:sqlite";
import type { NetAddress } from "../wire/net-address.ts";

/** Where an address stands: heard of, reached once, or given by the operator. As stored. */
export const ADDRESS_PLACE = { heard: 0, tried: 1, manual: 2 } as const;

/** A row of the address book. Times are in milliseconds since 1970, 0 for never. */
export interface StoredAddress {
  readonly address: NetAddress;
  /** Host of whoever told of it. */
  readonly source: string;
  /** Service bits, 64 of them. */
  readonly services: bigint;
  readonly seenAt: number;
  readonly triedAt: number;
  readonly succeededAt: number;
  /** Dials that failed since the last that did not. */
  readonly failures: number;
  /** One of ADDRESS_PLACE. */
  readonly place: number;
}

/** A ban by the operator. */
export interface StoredBan {
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly reason: string;
}

interface AddressRow {
  host: string;
  port: number;
  source: string;
  services: string;
  seen_at: number;
  tried_at: number;
  succeeded_at: number;
  failures: number;
  place: number;
}

export class PeerStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns at most `limit` addresses, those reached before those heard of. */
  loadAddresses(limit: number): StoredAddress[] {
    return this.#database
      .query<AddressRow, [number]>(
        // As text: a number would lose bits beyond 2^53.
        `SELECT host, port, source, CAST(services AS TEXT) AS services, seen_at, tried_at,
           succeeded_at, failures, place
         FROM peer_addresses ORDER BY place DESC, host, port LIMIT ?`,
      )
      .all(limit)
      .map((row) => ({
        address: { host: row.host, port: row.port },
        source: row.source,
        services: BigInt.asUintN(64, BigInt(row.services)),
        seenAt: row.seen_at,
        triedAt: row.tried_at,
        succeededAt: row.succeeded_at,
        failures: row.failures,
        place: row.place,
      }));
  }

  /** Writes and deletes addresses in one commit. */
  applyAddresses(changed: Iterable<StoredAddress>, removed: Iterable<NetAddress>): void {
    const put = this.#database.query(
      `INSERT OR REPLACE INTO peer_addresses (host, port, source, services, seen_at, tried_at,
         succeeded_at, failures, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const remove = this.#database.query("DELETE FROM peer_addresses WHERE host = ? AND port = ?");
    this.#database.transaction(() => {
      for (const { host, port } of removed) remove.run(host, port);
      for (const entry of changed) {
        put.run(
          entry.address.host,
          entry.address.port,
          entry.source,
          BigInt.asIntN(64, entry.services),
          entry.seenAt,
          entry.triedAt,
          entry.succeededAt,
          entry.failures,
          entry.place,
        );
      }
    })();
  }

  /** Returns the key of the buckets, if one was written. */
  loadBucketKey(): Uint8Array | undefined {
    return this.#database.query<{ key: Uint8Array }, []>("SELECT key FROM peer_bucket_key").get()
      ?.key;
  }

  putBucketKey(key: Uint8Array): void {
    this.#database.query("INSERT OR REPLACE INTO peer_bucket_key (id, key) VALUES (1, ?)").run(key);
  }

  /** Returns at most `limit` bans, those that end last first. */
  loadBans(limit: number): StoredBan[] {
    return this.#database
      .query<StoredBan, [number]>(
        `SELECT host, banned_until AS until, reason FROM peer_bans
         ORDER BY banned_until DESC, host LIMIT ?`,
      )
      .all(limit);
  }

  putBan({ host, until, reason }: StoredBan): void {
    this.#database
      .query("INSERT OR REPLACE INTO peer_bans (host, banned_until, reason) VALUES (?, ?, ?)")
      .run(host, until, reason);
  }

  /** Deletes the bans of `hosts` in one commit. */
  deleteBans(hosts: Iterable<string>): void {
    const remove = this.#database.query("DELETE FROM peer_bans WHERE host = ?");
    this.#database.transaction(() => {
      for (const host of hosts) remove.run(host);
    })();
  }

  /** Returns the anchors. */
  loadAnchors(): NetAddress[] {
    return this.#database
      .query<NetAddress, []>("SELECT host, port FROM peer_anchors ORDER BY host, port")
      .all();
  }

  /** Puts `anchors` in the place of all before, in one commit. */
  replaceAnchors(anchors: Iterable<NetAddress>): void {
    const put = this.#database.query(
      "INSERT OR REPLACE INTO peer_anchors (host, port) VALUES (?, ?)",
    );
    this.#database.transaction(() => {
      this.#database.run("DELETE FROM peer_anchors");
      for (const { host, port } of anchors) put.run(host, port);
    })();
  }
}
