/**
 * Drafts: no coin is in two live ones, and what was acknowledged outlives any death.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import {
  MAX_DRAFT_OUTPOINTS,
  MAX_ENDED_DRAFTS,
  MAX_FACTS_LENGTH,
  MAX_OPEN_DRAFTS,
  MAX_PSBT_BYTES,
  MAX_UNSETTLED_DRAFTS,
  type NewDraft,
} from "../../../src/storage/draft-store.ts";
import { WalletStore } from "../../../src/storage/wallet-store.ts";
import {
  OutpointReservedError,
  WalletStoreError,
} from "../../../src/storage/wallet-store-error.ts";
import { temporaryFolder } from "../../support/chain-builder.ts";

const IDENTITY = { network: "regtest", genesis: "00" };
const ADA = "a".repeat(32);
const BOB = "b".repeat(32);
const RAW = Uint8Array.of(1, 2, 3);

const txidOf = (number: number) => number.toString(16).padStart(64, "0") as Txid;
const coin = (number: number, vout = 0) => ({ txid: txidOf(number), vout });

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

function draft(id: string, changes: Partial<NewDraft> = {}): NewDraft {
  return {
    id,
    wallet: ADA,
    clientId: undefined,
    requestHash: "hash",
    psbt: Uint8Array.of(0x70),
    facts: '{"fee":1}',
    createdAt: 1_000,
    expiresAt: 2_000,
    ...changes,
  };
}

function errorOf(work: () => unknown): WalletStoreError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof WalletStoreError) return error;
    throw error;
  }
}

const stateOf = (id: string) => store.drafts.findDraft(id)?.state;

describe("createDraft", () => {
  test("writes an open draft and reserves its coins", () => {
    const made = draft("one", { clientId: "mine" });
    store.drafts.createDraft(made, [coin(1), coin(2, 7)]);
    const found = { ...made, state: "open", isLive: true, txid: undefined, raw: undefined };
    expect(store.drafts.findDraft("one")).toEqual(found as never);
    expect(store.drafts.findDraftByClientId(ADA, "mine")).toEqual(found as never);
    expect(store.drafts.findDraftByClientId(BOB, "mine")).toBeUndefined();
    expect(store.drafts.reservedOutpoints(ADA)).toEqual([coin(1), coin(2, 7)]);
    expect(store.drafts.reservedOutpoints(BOB)).toEqual([]);
  });

  test("refuses a coin of another live draft, of any wallet, and keeps nothing of itself", () => {
    store.drafts.createDraft(draft("one"), [coin(1)]);
    for (const wallet of [ADA, BOB]) {
      const error = errorOf(() =>
        store.drafts.createDraft(draft("two", { wallet }), [coin(2), coin(1)]),
      ) as OutpointReservedError;
      expect(error).toBeInstanceOf(OutpointReservedError);
      expect(error).toMatchObject({ code: "outpoint-reserved", outpoint: coin(1), draftId: "one" });
    }
    expect(store.drafts.findDraft("two")).toBeUndefined();
    expect(store.drafts.reservedOutpoints(ADA)).toEqual([coin(1)]);
    store.drafts.markSent("one", txidOf(9), RAW);
    expect(errorOf(() => store.drafts.createDraft(draft("two"), [coin(1)]))?.code).toBe(
      "outpoint-reserved",
    );
    store.drafts.createDraft(draft("two"), [coin(1, 1), coin(2)]);
  });

  test("a hundred that want the same ten coins: ten get one each, and ninety are told", () => {
    const outcomes = Array.from({ length: 100 }, (_, number) =>
      errorOf(() => store.drafts.createDraft(draft(`d${number}`), [coin(number % 10)])),
    );
    expect(outcomes.filter((error) => error === undefined).length).toBe(10);
    expect(outcomes.filter((error) => error?.code === "outpoint-reserved").length).toBe(90);
    expect(store.drafts.reservedOutpoints(ADA).length).toBe(10);
  });

  test("one that replaces a sent draft may spend its coins, and gives them back untouched", () => {
    store.drafts.createDraft(draft("one"), [coin(1)]);
    store.drafts.createDraft(draft("other"), [coin(2)]);
    store.drafts.markSent("one", txidOf(9), RAW);
    expect(
      errorOf(() => store.drafts.createDraft(draft("dearer"), [coin(1), coin(2)], "one"))?.code,
    ).toBe("outpoint-reserved");
    store.drafts.createDraft(draft("dearer"), [coin(1), coin(3)], "one");
    expect(store.drafts.reservedOutpoints(ADA).length).toBe(3);
    store.drafts.closeDraft("dearer", "cancelled");
    expect(errorOf(() => store.drafts.createDraft(draft("two"), [coin(1)]))).toMatchObject({
      draftId: "one",
    });
    store.drafts.createDraft(draft("two"), [coin(3)]);
  });

  test("a client's id is good for one draft of a wallet, whatever became of it", () => {
    store.drafts.createDraft(draft("one", { clientId: "mine" }), [coin(1)]);
    store.drafts.closeDraft("one", "cancelled");
    const again = (wallet: string) =>
      errorOf(() => store.drafts.createDraft(draft("two", { wallet, clientId: "mine" }), []))?.code;
    expect(again(ADA)).toBe("client-id-taken");
    expect(again(BOB)).toBeUndefined();
    store.drafts.createDraft(draft("three"), []);
    store.drafts.createDraft(draft("four"), []);
  });

  test("has bounds on everything", () => {
    const codeOf = (changes: Partial<NewDraft>, coins = 0) =>
      errorOf(() =>
        store.drafts.createDraft(
          draft("one", changes),
          Array.from({ length: coins }, (_, number) => coin(number)),
        ),
      )?.code;
    expect(codeOf({ psbt: new Uint8Array(MAX_PSBT_BYTES + 1) })).toBe("too-long");
    expect(codeOf({ facts: "x".repeat(MAX_FACTS_LENGTH + 1) })).toBe("too-long");
    expect(codeOf({ clientId: "x".repeat(129) })).toBe("too-long");
    expect(codeOf({ clientId: "" })).toBe("malformed");
    expect(codeOf({ id: "" })).toBe("malformed");
    expect(codeOf({ wallet: "ada" })).toBe("malformed");
    expect(codeOf({}, MAX_DRAFT_OUTPOINTS + 1)).toBe("too-many");
    expect(codeOf({}, MAX_DRAFT_OUTPOINTS)).toBeUndefined();
  });

  test("a wallet has so many open drafts and no more, until one ends", () => {
    store.transaction(() => {
      for (let number = 0; number < MAX_OPEN_DRAFTS; number++) {
        store.drafts.createDraft(draft(`d${number}`), []);
      }
    });
    const more = () => errorOf(() => store.drafts.createDraft(draft("more"), []))?.code;
    expect(more()).toBe("too-many");
    store.drafts.createDraft(draft("of Bob", { wallet: BOB }), []);
    store.drafts.markSent("d0", txidOf(1), RAW);
    expect(more()).toBeUndefined();
  });
});

describe("the life of a draft", () => {
  test("sent, it keeps its coins until it is settled", () => {
    store.drafts.createDraft(draft("one"), [coin(1)]);
    store.drafts.markSent("one", txidOf(9), RAW);
    store.drafts.markSent("one", txidOf(9), RAW);
    expect(store.drafts.findDraft("one")).toMatchObject({ state: "sent", txid: txidOf(9) });
    expect(store.drafts.findDraft("one")?.raw).toEqual(RAW);
    expect(store.drafts.unsettledSends().map(({ id }) => id)).toEqual(["one"]);
    expect(store.drafts.reservedOutpoints(ADA)).toEqual([coin(1)]);
    store.drafts.settle("one");
    store.drafts.settle("one");
    expect(store.drafts.findDraft("one")).toMatchObject({ state: "sent", isLive: false });
    expect(store.drafts.unsettledSends()).toEqual([]);
    expect(store.drafts.reservedOutpoints(ADA)).toEqual([]);
  });

  test.each(["failed", "cancelled", "expired"] as const)("%s, it gives its coins back", (state) => {
    store.drafts.createDraft(draft("one"), [coin(1)]);
    store.drafts.closeDraft("one", state);
    store.drafts.closeDraft("one", state);
    expect(stateOf("one")).toBe(state);
    store.drafts.createDraft(draft("two"), [coin(1)]);
  });

  test("what goes out may fail, and can be neither cancelled nor changed", () => {
    store.drafts.createDraft(draft("one"), [coin(1)]);
    store.drafts.markSent("one", txidOf(9), RAW);
    const codes = [
      () => store.drafts.closeDraft("one", "cancelled"),
      () => store.drafts.closeDraft("one", "expired"),
      () => store.drafts.markSent("one", txidOf(8), RAW),
    ].map((work) => errorOf(work)?.code);
    expect(codes).toEqual(["draft-not-open", "draft-not-open", "draft-not-open"]);
    store.drafts.closeDraft("one", "failed");
    expect(store.drafts.unsettledSends()).toEqual([]);
    expect(store.drafts.reservedOutpoints(ADA)).toEqual([]);
  });

  test("what has ended, or never was, can do nothing more", () => {
    store.drafts.createDraft(draft("one"), []);
    store.drafts.closeDraft("one", "cancelled");
    for (const id of ["one", "nobody"]) {
      for (const work of [
        () => store.drafts.markSent(id, txidOf(1), RAW),
        () => store.drafts.settle(id),
        () => store.drafts.closeDraft(id, "failed"),
      ]) {
        expect(errorOf(work)?.code).toBe("draft-not-open");
      }
    }
    store.drafts.createDraft(draft("two"), []);
    store.drafts.markSent("two", txidOf(2), RAW);
    store.drafts.settle("two");
    expect(errorOf(() => store.drafts.closeDraft("two", "failed"))?.code).toBe("draft-not-open");
  });

  test("open ones expire when their time is over, sent ones never", () => {
    const made = [3_000, 1_000, 2_000, 1_000].map((expiresAt, number) => {
      store.drafts.createDraft(draft(`d${number}`, { expiresAt }), [coin(number)]);
      return `d${number}`;
    });
    store.drafts.markSent(made[1]!, txidOf(9), RAW);
    expect(store.drafts.expireDrafts(999)).toEqual([]);
    expect(store.drafts.expireDrafts(2_000)).toEqual(["d3", "d2"]);
    expect(store.drafts.expireDrafts(2_000)).toEqual([]);
    expect(made.map(stateOf)).toEqual(["open", "sent", "expired", "expired"]);
    expect(store.drafts.reservedOutpoints(ADA)).toEqual(expect.arrayContaining([coin(0), coin(1)]));
    expect(store.drafts.reservedOutpoints(ADA).length).toBe(2);
  });

  test("ended ones are remembered up to a number, the oldest forgotten first", () => {
    fill(MAX_ENDED_DRAFTS, "expired", 0);
    store.drafts.createDraft(draft("one", { createdAt: MAX_ENDED_DRAFTS + 1 }), []);
    expect(stateOf("d1")).toBe("expired");
    store.drafts.closeDraft("one", "cancelled");
    expect(["d1", "d2", "one"].map(stateOf)).toEqual([undefined, "expired", "cancelled"]);
  });

  test("a wallet has so many unsettled sends and no more, until one is settled", () => {
    fill(MAX_UNSETTLED_DRAFTS, "sent", 1);
    const more = () => errorOf(() => store.drafts.createDraft(draft("more"), []))?.code;
    expect(more()).toBe("too-many");
    store.drafts.settle("d1");
    expect(more()).toBeUndefined();
  });
});

/** Writes drafts d1, d2, ... behind the store's back: by its own door they would take a minute. */
function fill(count: number, state: string, isLive: 0 | 1): void {
  const database = new Database(path);
  database.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT INTO drafts SELECT i, 'd' || i, '${ADA}', NULL, 'hash', '${state}', ${isLive}, x'70',
       '{}', i, i, NULL, NULL FROM n`,
  );
  database.close();
}

test("drafts are listed newest first, in pages", () => {
  for (const [number, createdAt] of [5, 7, 7, 6].entries()) {
    store.drafts.createDraft(draft(`d${number}`, { createdAt }), []);
  }
  const first = store.drafts.listDrafts(ADA, { limit: 3 });
  expect(first.rows.map(({ id }) => id)).toEqual(["d2", "d1", "d3"]);
  const rest = store.drafts.listDrafts(ADA, { limit: 3, cursor: first.nextCursor });
  expect(rest).toMatchObject({ rows: [{ id: "d0" }], nextCursor: undefined });
  expect(store.drafts.listDrafts(BOB, { limit: 3 }).rows).toEqual([]);
});

describe("a process that is killed", () => {
  test.each([1, 40, 200])(
    "has on the disk what it told of, killed after %i steps",
    async (steps) => {
      const file = join(folder.path, "killed.db");
      const script = new URL("../../support/wallet-store-child.ts", import.meta.url).pathname;
      const child = Bun.spawn([process.execPath, script, file, ADA], { stdout: "pipe" });
      let text = "";
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) {
        text += decoder.decode(chunk, { stream: true });
        if (text.split("\n").length > steps) child.kill("SIGKILL");
      }
      await child.exited;
      expect(child.signalCode).toBe("SIGKILL");

      const told = text.split("\n").slice(0, -1);
      expect(told.length).toBeGreaterThanOrEqual(steps);
      const left = new WalletStore(file, IDENTITY);
      for (const line of told) {
        const [word, id = ""] = line.split(" ");
        const found = left.drafts.findDraft(id);
        expect(found?.clientId).toBe(id.replace("draft", "client"));
        if (word === "sent") expect(found).toMatchObject({ state: "sent", isLive: true });
      }
      // A draft and its reservation are one: as many of these as of those, at any moment.
      const drafts = left.drafts.listDrafts(ADA, { limit: 1_000 }).rows;
      expect(left.drafts.reservedOutpoints(ADA).length).toBe(drafts.length);
      left.close();
    },
  );
});
