/**
 * Opening `cairn.db`: migrations, whose chain it holds, and what is refused.
 *
 * Everything an operator may meet is a DataDirectoryError with a plain message.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { DataDirectoryError } from "../../../src/storage/data-directory.ts";
import {
  closeChainDatabase,
  migrate,
  openChainDatabase,
  openDatabase,
  openDatabaseReadOnly,
} from "../../../src/storage/database.ts";
import { MIGRATIONS } from "../../../src/storage/migrations.ts";
import {
  chainOf,
  openNodeDatabase,
  QUICK,
  REGTEST,
  TestNode,
  temporaryFolder,
} from "../../support/chain-builder.ts";

const IDENTITY = { network: "regtest", genesis: REGTEST.genesis.hash };

function versionOf(database: Database): number {
  return database.query<{ user_version: number }, []>("PRAGMA user_version").get()!.user_version;
}

function pragma(database: Database, name: string): unknown {
  return Object.values(database.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get()!)[0];
}

/** Overwrites bytes of a file. */
function damage(path: string, offset: number, length: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, offset, offset + length);
  writeFileSync(path, bytes);
}

describe("openChainDatabase", () => {
  test("D-11: makes all tables of the newest version out of nothing", () => {
    using folder = temporaryFolder();
    const database = openChainDatabase(join(folder.path, "cairn.db"), IDENTITY);
    expect(versionOf(database)).toBe(MIGRATIONS.length);
    const tables = database
      .query<{ name: string }, []>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
      )
      .values()
      .flat();
    expect(tables).toEqual(
      expect.arrayContaining([
        "active_chain",
        "bodies",
        "coins",
        "headers",
        "mempool",
        "meta",
        "undos",
      ]),
    );
    closeChainDatabase(database);
  });

  test("D-01: every commit is on the disk before it returns: log ahead, full synchronisation", () => {
    using folder = temporaryFolder();
    const database = openDatabase(join(folder.path, "cairn.db"));
    expect(pragma(database, "journal_mode")).toBe("wal");
    expect(pragma(database, "synchronous")).toBe(2);
    expect(pragma(database, "foreign_keys")).toBe(1);
    database.close();
  });

  test("opens again what it made, empty or not", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    for (let time = 0; time < 3; time++) closeChainDatabase(openChainDatabase(path, IDENTITY));
    writeFileSync(join(folder.path, "empty.db"), "");
    closeChainDatabase(openChainDatabase(join(folder.path, "empty.db"), IDENTITY));
  });

  test("D-11: a database of a newer version is refused and left as it is", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const database = openChainDatabase(path, IDENTITY);
    database.run(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    closeChainDatabase(database);
    const before = readFileSync(path);
    expect(() => openChainDatabase(path, IDENTITY)).toThrow(DataDirectoryError);
    expect(() => openChainDatabase(path, IDENTITY)).toThrow(/newer version/);
    expect(readFileSync(path)).toEqual(before);
  });

  test("C-27: a database of another network is refused, both networks named", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    closeChainDatabase(openChainDatabase(path, IDENTITY));
    for (const name of ["cairn", "classroom-7"]) {
      const { genesis } = findNetwork(name);
      const open = () => openChainDatabase(path, { network: name, genesis: genesis.hash });
      expect(open).toThrow(DataDirectoryError);
      expect(open).toThrow(new RegExp(`"regtest".*"${name}"`));
    }
    closeChainDatabase(openChainDatabase(path, IDENTITY));
  });

  test("C-27: the same name with another genesis is another network", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const [five, six] = [5, 6].map((difficulty) => ({
      network: "cairn",
      genesis: findNetwork("cairn", difficulty).genesis.hash,
    }));
    closeChainDatabase(openChainDatabase(path, five!));
    expect(() => openChainDatabase(path, six!)).toThrow(DataDirectoryError);
  });

  test.each([
    ["text", "this is a letter and not a database at all\n".repeat(200)],
    ["a few bytes", "hello"],
    ["SQLite's first line and nothing else to the point", `SQLite format 3\0${"x".repeat(5_000)}`],
  ])("D-04: a file that holds %s is refused", (_name, content) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    writeFileSync(path, content);
    expect(() => openChainDatabase(path, IDENTITY)).toThrow(DataDirectoryError);
    expect(readFileSync(path, "latin1")).toBe(content);
  });

  test("D-04: a directory in its place is refused", () => {
    using folder = temporaryFolder();
    expect(() => openChainDatabase(folder.path, IDENTITY)).toThrow(DataDirectoryError);
  });

  test("D-04: another program's database is refused", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const other = new Database(path, { create: true });
    other.run("CREATE TABLE meta (id INTEGER PRIMARY KEY, song TEXT)");
    other.close();
    expect(() => openChainDatabase(path, IDENTITY)).toThrow(DataDirectoryError);
  });

  test("D-04: after a crash a damaged database is refused, wherever the damage is", () => {
    using folder = temporaryFolder();
    const whole = join(folder.path, "whole.db");
    const node = new TestNode(QUICK, openNodeDatabase(QUICK, whole)).follow(chainOf(150, QUICK));
    node.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    const bytes = readFileSync(whole);
    node.database.close();

    const pages = bytes.length / 4096;
    expect(pages).toBeGreaterThan(20);
    for (let page = 0; page < pages; page++) {
      const path = join(folder.path, `damaged-${page}.db`);
      writeFileSync(path, bytes);
      // The start of a page says what it is and where its rows are.
      damage(path, page * 4096, 64);
      expect(() => openNodeDatabase(QUICK, path), `page ${page}`).toThrow(DataDirectoryError);
    }
  });

  test("after an orderly stop nothing is checked, after a crash everything is", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const node = new TestNode(QUICK, openNodeDatabase(QUICK, path)).follow(chainOf(5, QUICK));
    node.close();
    const database = openNodeDatabase(QUICK, path);
    const clean = () =>
      database.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'clean'").get();
    expect(clean()).toEqual({ value: "no" });
    closeChainDatabase(database);
    expect(
      openDatabaseReadOnly(path).query("SELECT value FROM meta WHERE key = 'clean'").get(),
    ).toEqual({ value: "yes" });
  });
});

describe("migrate", () => {
  const steps = [
    "CREATE TABLE a (x)",
    "CREATE TABLE b (x); INSERT INTO b VALUES (1)",
    "DROP TABLE a",
  ];

  test("D-11: goes step by step from wherever a database is", () => {
    for (let from = 0; from <= steps.length; from++) {
      const database = new Database(":memory:");
      migrate(database, "test", steps.slice(0, from));
      expect(versionOf(database)).toBe(from);
      migrate(database, "test", steps);
      expect(versionOf(database)).toBe(steps.length);
      expect(database.query("SELECT x FROM b").values()).toEqual([[1]]);
    }
  });

  test("D-11: a step that fails leaves the version before it, and nothing of itself", () => {
    const database = new Database(":memory:");
    const broken = [steps[0]!, "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)"];
    expect(() => migrate(database, "test", broken)).toThrow();
    expect(versionOf(database)).toBe(1);
    expect(database.query("SELECT count(*) FROM sqlite_schema").values()).toEqual([[1]]);
    migrate(database, "test", steps);
    expect(versionOf(database)).toBe(3);
  });
});

test("D-06: the SQLite at hand is one without the bug that reset a log in use", () => {
  const database = new Database(":memory:");
  const [version] = database
    .query<{ v: string }, []>("SELECT sqlite_version() AS v")
    .values()
    .flat();
  expect(Bun.semver.order(String(version), "3.51.3")).toBeGreaterThanOrEqual(0);
});
