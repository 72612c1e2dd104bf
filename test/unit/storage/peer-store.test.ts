/**
 * What the peers' tables give back, and that databases of earlier builds get them.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { migrate } from "../../../src/storage/database.ts";
import { MIGRATIONS } from "../../../src/storage/migrations.ts";
import { ADDRESS_PLACE, PeerStore, type StoredAddress } from "../../../src/storage/peer-store.ts";
import { openPeerStore } from "../../support/peer-store.ts";

function address(index: number, changes: Partial<StoredAddress> = {}): StoredAddress {
  return {
    address: { host: `10.0.0.${index}`, port: 8333 },
    source: "10.9.9.9",
    services: 9n,
    seenAt: 1_700_000_000_000,
    triedAt: 0,
    succeededAt: 0,
    failures: 0,
    place: ADDRESS_PLACE.heard,
    ...changes,
  };
}

test("D-11: a database without these tables gets them, and keeps what it has", () => {
  const database = new Database(":memory:");
  migrate(database, ":memory:", MIGRATIONS.slice(0, 1));
  database.run("INSERT INTO meta (key, value) VALUES ('network', 'regtest')");
  migrate(database, ":memory:", MIGRATIONS);
  expect(database.query("SELECT value FROM meta").values()).toEqual([["regtest"]]);
  const store = new PeerStore(database);
  expect(store.loadAddresses(10)).toEqual([]);
  expect(store.loadBans(10)).toEqual([]);
  expect(store.loadAnchors()).toEqual([]);
  expect(store.loadBucketKey()).toBeUndefined();
});

test("all its tables are strict", () => {
  const database = new Database(":memory:");
  migrate(database, ":memory:", MIGRATIONS);
  const loose = database
    .query("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0")
    .values()
    .flat();
  expect(loose).toEqual(["sqlite_schema"]);
});

describe("addresses", () => {
  test("come back as they were, all 64 bits of their services among it", () => {
    const store = openPeerStore();
    const all = [0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n].map((services, index) =>
      address(index, { services, failures: index, triedAt: 5 + index, succeededAt: index }),
    );
    store.applyAddresses(all, []);
    expect(store.loadAddresses(10)).toEqual(all);
  });

  test("are replaced and removed by host and port, in one commit", () => {
    const store = openPeerStore();
    store.applyAddresses([address(1), address(2), address(3)], []);
    const other = address(1, { address: { host: "10.0.0.1", port: 9_000 } });
    store.applyAddresses([address(2, { failures: 7 }), other], [address(3).address]);
    expect(store.loadAddresses(10)).toEqual([address(1), other, address(2, { failures: 7 })]);

    const broken = { ...address(4), failures: "many" as unknown as number };
    expect(() => store.applyAddresses([broken], [address(1).address])).toThrow();
    expect(store.loadAddresses(10).length).toBe(3);
  });

  test("are read up to a limit, given by hand and reached ones first", () => {
    const store = openPeerStore();
    const places = [ADDRESS_PLACE.heard, ADDRESS_PLACE.manual, ADDRESS_PLACE.tried];
    store.applyAddresses(
      places.map((place, index) => address(index, { place })),
      [],
    );
    expect(store.loadAddresses(2).map(({ place }) => place)).toEqual([
      ADDRESS_PLACE.manual,
      ADDRESS_PLACE.tried,
    ]);
  });
});

describe("the rest", () => {
  test("bans come back, the longest first, and go", () => {
    const store = openPeerStore();
    const bans = [1, 2, 3].map((index) => ({
      host: `10.0.0.${index}`,
      until: 100 * index,
      reason: "x",
    }));
    for (const ban of bans) store.putBan(ban);
    store.putBan({ ...bans[0]!, until: 999 });
    expect(store.loadBans(2)).toEqual([{ ...bans[0]!, until: 999 }, bans[2]!]);
    store.deleteBans(["10.0.0.1", "10.0.0.3", "10.0.0.77"]);
    expect(store.loadBans(10)).toEqual([bans[1]!]);
  });

  test("anchors replace those before them", () => {
    const store = openPeerStore();
    store.replaceAnchors([address(1).address, address(2).address]);
    store.replaceAnchors([address(3).address]);
    expect(store.loadAnchors()).toEqual([address(3).address]);
  });

  test("there is one bucket key", () => {
    const store = openPeerStore();
    store.putBucketKey(new Uint8Array(32).fill(1));
    store.putBucketKey(new Uint8Array(32).fill(2));
    expect(store.loadBucketKey()).toEqual(new Uint8Array(32).fill(2));
  });
});
