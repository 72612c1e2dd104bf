/**
 * `wallets.db`: opening it, what is refused, and what its smaller stores give back.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import { MAX_CONTACTS } from "../../../src/storage/contact-store.ts";
import { MAX_CONTRACTS } from "../../../src/storage/contract-store.ts";
import { DataDirectoryError } from "../../../src/storage/data-directory.ts";
import { migrate } from "../../../src/storage/database.ts";
import { MAX_TRANSACTION_BYTES } from "../../../src/storage/kept-transaction-store.ts";
import { MAX_LABELS } from "../../../src/storage/label-store.ts";
import { WALLET_MIGRATIONS } from "../../../src/storage/wallet-migrations.ts";
import { WalletStore } from "../../../src/storage/wallet-store.ts";
import {
  WalletStoreError,
  type WalletStoreErrorCode,
} from "../../../src/storage/wallet-store-error.ts";
import { temporaryFolder } from "../../support/chain-builder.ts";

const IDENTITY = { network: "regtest", genesis: "aa".repeat(32) };
const ADA = "a".repeat(32);
const BOB = "b".repeat(32);

const txidOf = (number: number) => number.toString(16).padStart(64, "0") as Txid;

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let store: WalletStore;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "wallets.db");
  store = new WalletStore(path, IDENTITY);
});

afterEach(() => {
  store.close();
  folder[Symbol.dispose]();
});

function codeOf(work: () => unknown): WalletStoreErrorCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof WalletStoreError) return error.code;
    throw error;
  }
}

/** Writes rows behind the store's back: by its own door they would take minutes. */
function fill(sql: string): void {
  const database = new Database(path);
  database.run(sql);
  database.close();
}

describe("opening", () => {
  test("makes strict tables of the newest version, every commit on the disk", () => {
    const database = new Database(path);
    const value = (sql: string) => database.query(sql).values().flat();
    expect(value("PRAGMA user_version")).toEqual([WALLET_MIGRATIONS.length]);
    expect(value("PRAGMA journal_mode")).toEqual(["wal"]);
    expect(
      value("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0"),
    ).toEqual(["sqlite_schema"]);
    database.close();
  });

  test("finds again what was written, and leaves no log behind", () => {
    store.setNextIndex(ADA, 0, 5);
    store.close();
    expect(() => statSync(`${path}-wal`)).toThrow();
    store = new WalletStore(path, IDENTITY);
    expect(store.nextIndex(ADA, 0)).toBe(5);
  });

  test("refuses a newer version, and leaves it as it is", () => {
    store.close();
    fill(`PRAGMA user_version = ${WALLET_MIGRATIONS.length + 1}`);
    const before = readFileSync(path);
    expect(() => new WalletStore(path, IDENTITY)).toThrow(DataDirectoryError);
    expect(() => new WalletStore(path, IDENTITY)).toThrow(/newer version/);
    expect(readFileSync(path)).toEqual(before);
    fill(`PRAGMA user_version = ${WALLET_MIGRATIONS.length}`);
    store = new WalletStore(path, IDENTITY);
  });

  test("refuses the file of another network", () => {
    store.close();
    const other = { network: "cairn", genesis: "bb".repeat(32) };
    expect(() => new WalletStore(path, other)).toThrow(DataDirectoryError);
    store = new WalletStore(path, IDENTITY);
  });

  test("refuses a damaged file wherever the damage is, and deletes nothing", () => {
    for (let number = 0; number < 400; number++) {
      store.labels.put(ADA, { type: "addr", ref: `address ${number}`, label: "x".repeat(100) });
    }
    store.close();
    const whole = readFileSync(path);
    const pages = whole.length / 4096;
    expect(pages).toBeGreaterThan(20);
    for (let page = 0; page < pages; page++) {
      const bytes = Buffer.from(whole).fill(0xa5, page * 4096, page * 4096 + 64);
      const copy = join(folder.path, `damaged-${page}.db`);
      writeFileSync(copy, bytes);
      expect(() => new WalletStore(copy, IDENTITY), `page ${page}`).toThrow(DataDirectoryError);
      expect(readFileSync(copy).equals(bytes)).toBe(true);
    }
    store = new WalletStore(path, IDENTITY);
  });

  test("refuses a file that is no database", () => {
    const letter = join(folder.path, "letter.db");
    writeFileSync(letter, "this is a letter\n".repeat(500));
    expect(() => new WalletStore(letter, IDENTITY)).toThrow(DataDirectoryError);
    expect(readFileSync(letter, "utf8")).toStartWith("this is a letter");
  });

  test("is migrated step by step without losing anything", () => {
    const database = new Database(":memory:");
    for (let from = 1; from <= WALLET_MIGRATIONS.length; from++) {
      migrate(database, ":memory:", WALLET_MIGRATIONS.slice(0, from));
    }
    expect(database.query("PRAGMA user_version").values()).toEqual([[WALLET_MIGRATIONS.length]]);
  });
});

test("every statement of the stores goes by an index", () => {
  const statements = new Set<string>();
  const query = Database.prototype.query;
  const spy = spyOn(Database.prototype, "query").mockImplementation(function (
    this: Database,
    sql: string,
  ) {
    statements.add(sql);
    return query.call(this, sql);
  } as never);
  askEverything();
  spy.mockRestore();

  const database = new Database(path);
  for (const sql of statements) {
    const plan = database.query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`).all();
    const details = plan.map(({ detail }) => detail);
    // What is listed whole: the address book, and what an index has nothing else in.
    const slow = details.filter((detail) =>
      /^SCAN (?!contacts\b|.* drafts_unsettled$)|TEMP B-TREE FOR ORDER/.test(detail),
    );
    expect({ sql, slow }).toEqual({ sql, slow: [] });
  }
  expect(statements.size).toBeGreaterThan(35);
  database.close();
});

function askEverything(): void {
  const { labels, contacts, kept, drafts, contracts } = store;
  const [txid, raw] = [txidOf(1), Uint8Array.of(1)];
  const page = { limit: 2 };
  store.setNextIndex(ADA, 0, store.nextIndex(ADA, 0) + 1);
  labels.put(ADA, { type: "tx", ref: "r", label: "x" });
  labels.put(ADA, { type: "tx", ref: "r", label: "" });
  labels.list(ADA, "tx");
  labels.all(ADA);
  contacts.put({ name: "a", address: "a", note: "", createdAt: 1 });
  contacts.list();
  contacts.delete("a");
  kept.put(ADA, { txid, raw, isOwn: false, firstSeen: 1, replaces: undefined });
  kept.find(ADA, txid);
  kept.list(ADA, page);
  kept.count(ADA);
  kept.trim(ADA, 0);
  kept.delete(ADA, txid);
  for (const id of ["one", "two"]) {
    const times = { createdAt: 1, expiresAt: 2 };
    drafts.createDraft(
      { id, wallet: ADA, clientId: id, requestHash: "h", psbt: raw, facts: "{}", ...times },
      [{ txid: txidOf(id.charCodeAt(0)), vout: 0 }],
    );
  }
  drafts.markSent("one", txid, raw);
  drafts.reservedOutpoints(ADA);
  drafts.listDrafts(ADA, page);
  drafts.unsettledSends();
  drafts.expireDrafts(5);
  drafts.settle("one");
  const times = { createdAt: 1 };
  contracts.put({ wallet: ADA, address: "a", template: "t", parameters: "", label: "", ...times });
  contracts.list(ADA);
  contracts.delete(ADA, "a");
}

describe("transaction", () => {
  test("keeps all of several stores' changes, or nothing", () => {
    const work = () => {
      store.labels.put(ADA, { type: "tx", ref: txidOf(1), label: "rent" });
      store.setNextIndex(ADA, 1, 7);
      throw new Error("no");
    };
    expect(() => store.transaction(work)).toThrow("no");
    expect(store.labels.all(ADA)).toEqual([]);
    expect(store.nextIndex(ADA, 1)).toBe(0);
    expect(store.transaction(() => store.setNextIndex(ADA, 1, 7) ?? "done")).toBe("done");
    expect(store.nextIndex(ADA, 1)).toBe(7);
  });

  test("readers see what is committed, and only that, while a writer is at work", () => {
    const readers = [1, 2, 3].map(() => new Database(path, { readonly: true }));
    const seen = () =>
      readers.map((r) => r.query("SELECT count(*) FROM labels").values().flat()[0]);
    store.transaction(() => {
      store.labels.put(ADA, { type: "addr", ref: "a", label: "x" });
      expect(seen()).toEqual([0, 0, 0]);
    });
    expect(seen()).toEqual([1, 1, 1]);
    for (const reader of readers) reader.close();
  });
});

describe("branches", () => {
  test("begin at 0, each wallet's and branch's apart", () => {
    store.setNextIndex(ADA, 0, 3);
    store.setNextIndex(ADA, 1, 4);
    store.setNextIndex(ADA, 0, 2 ** 31);
    expect([store.nextIndex(ADA, 0), store.nextIndex(ADA, 1), store.nextIndex(BOB, 0)]).toEqual([
      2 ** 31,
      4,
      0,
    ]);
  });

  test.each([-1, 0.5, 2 ** 31 + 1, Number.NaN])("refuse the index %d", (index) => {
    expect(codeOf(() => store.setNextIndex(ADA, 0, index))).toBe("malformed");
    expect(codeOf(() => store.setNextIndex(ADA, index, 0))).toBe("malformed");
  });

  test.each(["", "A".repeat(32), "a".repeat(31), `${ADA}\n`])("refuse the wallet %j", (wallet) => {
    expect(codeOf(() => store.setNextIndex(wallet, 0, 0))).toBe("malformed");
  });
});

describe("labels", () => {
  test("are written, found, listed and deleted, each wallet's apart", () => {
    store.labels.put(ADA, { type: "tx", ref: txidOf(1), label: "rent" });
    store.labels.put(ADA, { type: "tx", ref: txidOf(1), label: "rent, May" });
    store.labels.put(ADA, { type: "addr", ref: "crn1", label: "shop 🦉" });
    store.labels.put(BOB, { type: "output", ref: `${txidOf(1)}:0`, label: "mine" });
    expect(store.labels.find(ADA, "tx", txidOf(1))).toBe("rent, May");
    expect(store.labels.find(BOB, "tx", txidOf(1))).toBeUndefined();
    expect(store.labels.list(ADA, "addr")).toEqual([
      { type: "addr", ref: "crn1", label: "shop 🦉" },
    ]);
    expect(store.labels.all(ADA).map(({ type }) => type)).toEqual(["addr", "tx"]);
    store.labels.put(ADA, { type: "tx", ref: txidOf(1), label: "" });
    expect(store.labels.list(ADA, "tx")).toEqual([]);
    expect(store.labels.all(BOB).length).toBe(1);
  });

  test("have at most 255 characters, whatever these are", () => {
    const put = (label: string) => store.labels.put(ADA, { type: "addr", ref: "a", label });
    for (const character of ["x", "é", "🦉"]) {
      put(character.repeat(255));
      expect(store.labels.find(ADA, "addr", "a")).toBe(character.repeat(255));
      expect(codeOf(() => put(character.repeat(256)))).toBe("too-long");
    }
    expect(codeOf(() => put("x".repeat(10_000_000)))).toBe("too-long");
    expect(codeOf(() => put("\ud800"))).toBe("malformed");
    expect(codeOf(() => put("a\0b"))).toBe("malformed");
    expect(codeOf(() => store.labels.put(ADA, { type: "tx", ref: "", label: "x" }))).toBe(
      "malformed",
    );
    expect(
      codeOf(() => store.labels.put(ADA, { type: "tx", ref: "x".repeat(129), label: "x" })),
    ).toBe("too-long");
  });

  test("are as many as may be, and then only changed or deleted", () => {
    fill(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_LABELS})
      INSERT INTO labels SELECT '${ADA}', 'addr', 'a' || i, 'x' FROM n`);
    const put = (wallet: string, ref: string, label: string) =>
      codeOf(() => store.labels.put(wallet, { type: "addr", ref, label }));
    expect(put(ADA, "new", "x")).toBe("too-many");
    expect(put(ADA, "a1", "changed")).toBeUndefined();
    expect(put(BOB, "new", "x")).toBeUndefined();
    expect(put(ADA, "a1", "")).toBeUndefined();
    expect(put(ADA, "new", "x")).toBeUndefined();
  });
});

describe("contacts", () => {
  const contact = { name: "Ada", address: "crn1a", note: "", createdAt: 5 };

  test("are told apart without regard to case", () => {
    store.contacts.put(contact);
    store.contacts.put({ ...contact, name: "ADA", address: "crn1b", createdAt: 9 });
    store.contacts.put({ ...contact, name: "Äpfel" });
    expect(store.contacts.find("ada")).toEqual({ ...contact, name: "ADA", address: "crn1b" });
    expect(store.contacts.find("A\u0308PFEL")?.name).toBe("Äpfel");
    expect(store.contacts.list().map(({ name }) => name)).toEqual(["ADA", "Äpfel"]);
    expect(store.contacts.delete("aDa")).toBe(true);
    expect(store.contacts.delete("Ada")).toBe(false);
    expect(store.contacts.find("Ada")).toBeUndefined();
  });

  test("have bounds on every text, and on their number", () => {
    const put = (changes: object) => codeOf(() => store.contacts.put({ ...contact, ...changes }));
    expect(put({ name: "x".repeat(64), note: "x".repeat(255) })).toBeUndefined();
    expect(put({ name: "x".repeat(65) })).toBe("too-long");
    expect(put({ note: "x".repeat(256) })).toBe("too-long");
    expect(put({ address: "x".repeat(129) })).toBe("too-long");
    expect(put({ name: " " })).toBe("malformed");
    expect(put({ address: "" })).toBe("malformed");
    fill(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_CONTACTS})
      INSERT INTO contacts SELECT 'a' || i, 'a' || i, 'x', '', i FROM n WHERE i > 1`);
    expect(put({ name: "one more" })).toBe("too-many");
    expect(put({ name: "A2" })).toBeUndefined();
  });
});

describe("kept transactions", () => {
  const kept = (number: number, changes: object = {}) => ({
    txid: txidOf(number),
    raw: Uint8Array.of(number),
    isOwn: false,
    firstSeen: number,
    replaces: undefined,
    ...changes,
  });

  test("come back as they were; the same twice is one", () => {
    const own = kept(1, { isOwn: true, replaces: txidOf(9) });
    store.kept.put(ADA, own);
    store.kept.put(ADA, kept(1, { raw: Uint8Array.of(7), firstSeen: 99 }));
    expect(store.kept.find(ADA, txidOf(1))).toEqual(own);
    expect(store.kept.find(BOB, txidOf(1))).toBeUndefined();
    expect(store.kept.count(ADA)).toBe(1);
    store.kept.put(BOB, kept(1));
    store.kept.put(BOB, kept(1, { isOwn: true }));
    expect(store.kept.find(BOB, txidOf(1))).toEqual(kept(1, { isOwn: true }));
    expect([store.kept.delete(ADA, txidOf(1)), store.kept.delete(ADA, txidOf(1))]).toEqual([
      true,
      false,
    ]);
  });

  test("are listed newest first, in pages, those of one moment too", () => {
    for (let number = 1; number <= 7; number++) {
      store.kept.put(ADA, kept(number, { firstSeen: Math.floor(number / 3) }));
    }
    store.kept.put(BOB, kept(8));
    const seen: Txid[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 4; pages++) {
      const page = store.kept.list(ADA, { limit: 2, cursor });
      seen.push(...page.rows.map(({ txid }) => txid));
      cursor = page.nextCursor;
      expect(cursor === undefined).toBe(pages === 3);
    }
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map(txidOf));
  });

  test("are trimmed to the newest of others', and none of our own", () => {
    for (let number = 1; number <= 6; number++) {
      store.kept.put(ADA, kept(number, { isOwn: number % 3 === 0 }));
    }
    store.kept.put(BOB, kept(1));
    expect(store.kept.trim(ADA, 1)).toBe(3);
    expect(store.kept.list(ADA, { limit: 9 }).rows.map(({ txid }) => txid)).toEqual(
      [6, 5, 3].map(txidOf),
    );
    expect(store.kept.count(BOB)).toBe(1);
  });

  test("are no larger than a block", () => {
    const put = (bytes: number) =>
      codeOf(() => store.kept.put(ADA, kept(1, { raw: new Uint8Array(bytes) })));
    expect(put(MAX_TRANSACTION_BYTES)).toBeUndefined();
    expect(put(MAX_TRANSACTION_BYTES + 1)).toBe("too-long");
  });
});

describe("contracts", () => {
  const contract = {
    wallet: ADA,
    address: "crn1a",
    template: "escrow",
    parameters: '{"m":2}',
    label: "",
    createdAt: 5,
  };

  test("are written, found, listed and deleted; two wallets may share one", () => {
    store.contracts.put(contract);
    store.contracts.put({ ...contract, wallet: BOB });
    store.contracts.put({ ...contract, address: "crn1b", createdAt: 6 });
    store.contracts.put({ ...contract, label: "house", createdAt: 99 });
    expect(store.contracts.find(ADA, "crn1a")).toEqual({ ...contract, label: "house" });
    expect(store.contracts.list(ADA).map(({ address }) => address)).toEqual(["crn1b", "crn1a"]);
    expect(store.contracts.delete(ADA, "crn1a")).toBe(true);
    expect(store.contracts.delete(ADA, "crn1a")).toBe(false);
    expect(store.contracts.list(BOB)).toEqual([{ ...contract, wallet: BOB }]);
  });

  test("have bounds on every text, and on their number", () => {
    const put = (changes: object) => codeOf(() => store.contracts.put({ ...contract, ...changes }));
    expect(put({ parameters: "x".repeat(65_537) })).toBe("too-long");
    expect(put({ label: "x".repeat(256) })).toBe("too-long");
    expect(put({ template: "" })).toBe("malformed");
    fill(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_CONTRACTS})
      INSERT INTO contracts SELECT '${ADA}', 'a' || i, 't', '{}', '', i FROM n`);
    expect(put({})).toBe("too-many");
    expect(put({ address: "a1" })).toBeUndefined();
    expect(put({ wallet: BOB })).toBeUndefined();
  });
});
