/**
 * What is kept of transactions that touch a wallet, over the real mempool and store.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ChainEvents } from "../../../src/chain/chain.ts";
import { MempoolAddresses } from "../../../src/index/mempool-addresses.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { Emitter } from "../../../src/lib/emitter.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { WalletStore } from "../../../src/storage/wallet-store.ts";
import { MAX_KEPT, WalletActivity } from "../../../src/wallet/wallet-activity.ts";
import { temporaryFolder } from "../../support/chain-builder.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { MempoolHarness, spend, TRUE_OUTPUT } from "../../support/mempool-harness.ts";

const OWNER = "0a".repeat(16);
const ALL = { limit: 1_000 };
const FLUSH_MS = 1_000;

let folder: ReturnType<typeof temporaryFolder>;
let world: MempoolHarness;
let store: WalletStore;
let clock: HandClock;
let owners: Map<string, string[]>;
let activity: WalletActivity;
let waiting: MempoolAddresses;

beforeEach(() => {
  folder = temporaryFolder();
  world = new MempoolHarness();
  clock = new HandClock();
  store = new WalletStore(join(folder.path, "wallets.db"), { network: "regtest", genesis: "00" });
  owners = new Map([[toHex(TRUE_OUTPUT), [OWNER]]]);
  waiting = new MempoolAddresses(world.mempool);
  activity = new WalletActivity({
    mempool: world.mempool,
    chain: { events: new Emitter<ChainEvents>() },
    waiting,
    store,
    findOwners: (script) => owners.get(script) ?? [],
    clock,
    log: SILENT_LOGGER,
  });
});

afterEach(() => {
  activity.stop();
  store.close();
  folder[Symbol.dispose]();
});

function submit(): string {
  const tx = spend([world.chain.fund(100_000)], { fee: 1_000 });
  expect(world.mempool.submit(tx).status).toBe("accepted");
  return tx.txid;
}

const kept = () => store.kept.list(OWNER, ALL).rows.map(({ txid }) => txid as string);

describe("WalletActivity", () => {
  test("has on the disk what touches a wallet within a second, or when it stops", () => {
    const first = submit();
    expect(kept()).toEqual([]);
    clock.pass(FLUSH_MS);
    expect(kept()).toEqual([first]);
    const second = submit();
    activity.stop();
    expect(new Set(kept())).toEqual(new Set([first, second]));
    submit();
    activity.flush();
    expect(kept()).toHaveLength(2);
  });

  test("keeps nothing that is nobody's, and finds it once somebody comes", () => {
    owners.clear();
    const txid = submit();
    activity.flush();
    expect(kept()).toEqual([]);
    owners.set(toHex(TRUE_OUTPUT), [OWNER]);
    activity.rescan(TRUE_OUTPUT);
    activity.flush();
    expect(kept()).toEqual([txid]);
  });

  test("bounds what others sent, the newest kept, and never lets go of our own", () => {
    const txid = submit() as never;
    store.kept.put(OWNER, {
      txid,
      raw: new Uint8Array(10),
      isOwn: true,
      firstSeen: 0,
      replaces: undefined,
    });
    let newest = "";
    for (let count = 0; count < MAX_KEPT + 250; count++) {
      clock.pass(1);
      newest = submit();
    }
    activity.flush();
    const count = store.kept.count(OWNER);
    expect(count).toBeGreaterThan(MAX_KEPT);
    expect(count).toBeLessThanOrEqual(MAX_KEPT + 100);
    expect(store.kept.find(OWNER, txid)?.isOwn).toBe(true);
    expect(kept()[0]).toBe(newest);
  });
});
