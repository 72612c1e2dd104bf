/**
 * The `users` table: whom addresses belong to, joined with what the chain says of them.
 */

import type { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import type { UserRecord } from "../../../src/index/index-messages.ts";
import type { IndexWorker } from "../../../src/index/index-service.ts";
import { IndexService } from "../../../src/index/index-service.ts";
import { recordUsers } from "../../../src/index/named-users.ts";
import { openIndex, openIndexReader } from "../../../src/index/schema.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { SYSTEM_CLOCK } from "../../../src/node/system-clock.ts";
import { formatAddress } from "../../../src/primitives/address.ts";
import { until } from "../../support/until.ts";
import { ChainWriter, NETWORK, payTo } from "./chain-writer.ts";
import { IDENTITY, IndexFixture } from "./index-fixture.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newFixture() {
  const writer = new ChainWriter();
  cleanups.push(() => writer.close());
  writer.extend();
  writer.extend({ coinbaseOutputs: [{ value: 7, scriptPubKey: payTo(1) }] });
  const fixture = new IndexFixture(writer);
  cleanups.push(() => fixture.close());
  fixture.follow();
  return { writer, fixture };
}

const addressOf = (who: number) => formatAddress(payTo(who), NETWORK.addressPrefixes)!;

const wallet = (name: string, address: string): UserRecord => ({
  kind: "wallet",
  name,
  address,
  createdAt: 1_000,
});

const names = (database: Database) =>
  database.query("SELECT kind, name, address FROM users ORDER BY kind, name, address").values();

describe("recordUsers", () => {
  test("lets SQL join the addresses of a wallet with their balances", () => {
    const { fixture } = newFixture();
    recordUsers(fixture.database, [
      wallet("Ada", addressOf(0)),
      wallet("Ada", addressOf(1)),
      wallet("Ada", "never paid"),
      { ...wallet("Bob", addressOf(1)), kind: "contact" },
    ]);
    const joined = fixture.database.query(
      `SELECT u.kind, u.name, sum(a.balance) FROM users u JOIN addresses a USING (address)
       GROUP BY u.kind, u.name ORDER BY u.name`,
    );
    expect(joined.values()).toEqual([
      ["wallet", "Ada", 5_000_000_007],
      ["contact", "Bob", 7],
    ]);
    const plan = fixture.database
      .query<{ detail: string }, []>(
        "EXPLAIN QUERY PLAN SELECT * FROM users u JOIN addresses a USING (address)",
      )
      .all();
    expect(plan.map(({ detail }) => detail).join()).toContain("addresses_address");
  });

  test("replaces all rows, and takes the same twice for once", () => {
    const { fixture } = newFixture();
    recordUsers(fixture.database, [wallet("Ada", "a"), wallet("Bob", "b")]);
    recordUsers(fixture.database, [wallet("Bob", "b"), wallet("Bob", "b")]);
    expect(names(fixture.database)).toEqual([["wallet", "Bob", "b"]]);
    recordUsers(fixture.database, []);
    expect(names(fixture.database)).toEqual([]);
  });

  test("keeps so many rows and no more, those given first", () => {
    const { fixture } = newFixture();
    const records = ["c", "a", "b"].map((address) => wallet("Ada", address));
    recordUsers(fixture.database, records, 2);
    expect(names(fixture.database).map(([, , address]) => address)).toEqual(["a", "c"]);
  });

  test("stays when another version built the index", () => {
    const { writer, fixture } = newFixture();
    recordUsers(fixture.database, [wallet("Ada", "a")]);
    fixture.database.run("PRAGMA user_version = 1");
    const { database, isNew } = openIndex(writer.indexPath, IDENTITY);
    cleanups.push(() => database.close());
    expect(isNew).toBe(true);
    expect(names(database)).toEqual([["wallet", "Ada", "a"]]);
  });

  test("gets its table in an index that was made without one", () => {
    const { writer, fixture } = newFixture();
    fixture.database.run("DROP TABLE users");
    fixture.database.run("PRAGMA user_version = 2");
    const { database } = openIndex(writer.indexPath, IDENTITY);
    cleanups.push(() => database.close());
    recordUsers(database, [wallet("Ada", "a")]);
    expect(names(database)).toEqual([["wallet", "Ada", "a"]]);
  });
});

test("the worker writes what the service is told, for any reader", async () => {
  const writer = new ChainWriter();
  cleanups.push(() => writer.close());
  const { chainPath, indexPath } = writer;
  const service = new IndexService({
    spawnWorker: () => {
      const url = new URL("../../../src/index/index.worker.ts", import.meta.url);
      return new Worker(url) as unknown as IndexWorker;
    },
    setup: { chainPath, indexPath, network: "regtest", difficulty: undefined },
    clock: SYSTEM_CLOCK,
    log: SILENT_LOGGER,
  });
  cleanups.push(() => service.stop());
  // Told before there is a file, and once more after.
  service.recordUsers([wallet("Ada", "a")]);
  await service.start();
  const reader = openIndexReader(indexPath);
  cleanups.push(() => reader.close());
  await until("the first row", () => names(reader).length === 1);
  service.recordUsers([wallet("Bob", "b"), wallet("Bob", "c")]);
  await until("both rows", () => names(reader).length === 2);
  expect(names(reader).map(([, name]) => name)).toEqual(["Bob", "Bob"]);
});
