/**
 * Data directories that a bad disk or a bad hand has changed: a node says what is wrong and gives
 * everything back, or goes on without what it can do without.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNetwork } from "../../src/consensus/networks.ts";
import type { IndexWorker } from "../../src/index/index-service.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { ConfigError } from "../../src/node/config-error.ts";
import { Node } from "../../src/node/node.ts";
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { SYSTEM_CLOCK } from "../../src/node/system-clock.ts";
import type { Transaction, TxOutput } from "../../src/primitives/transaction.ts";
import { DataDirectoryError } from "../../src/storage/data-directory.ts";
import { type PaymentKey, signPayment } from "../support/payments.ts";
import { startTestNode } from "../support/test-node.ts";

const HEIGHT = 101;

let root: string;
/** A directory with a chain and one waiting transaction; copied for each test. */
let sound: string;
let directory: string;
let copies = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "cairn-damage-"));
  sound = join(root, "sound");
  await using running = await startTestNode({ directory: sound });
  const { node, key } = running;
  await node.miner.mine(HEIGHT);
  const [coinbase] = node.chain.getBlock(node.chain.index.findActive(1) as never).transactions;
  const payment = spend(coinbase as Transaction, key);
  expect(node.submitTransaction(payment).status).toBe("accepted");
});

beforeEach(() => {
  copies += 1;
  directory = join(root, `copy-${copies}`);
  cpSync(sound, directory, { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test("a damaged transaction of the mempool is forgotten, and the node starts", async () => {
  change("UPDATE mempool SET tx = x'0102'");
  await using running = await startTestNode({ directory });
  expect(running.node.mempool.count).toBe(0);
  expect(running.node.chain.tip.height).toBe(HEIGHT);
  expect(count("SELECT count(*) AS count FROM mempool")).toBe(0);
});

test("a stored transaction that has become another one is forgotten", async () => {
  change("UPDATE mempool SET txid = zeroblob(32)");
  await using running = await startTestNode({ directory });
  expect(running.node.mempool.count).toBe(0);
  expect(count("SELECT count(*) AS count FROM mempool")).toBe(0);
});

test.each([
  ["a header whose bytes changed", "UPDATE headers SET header = zeroblob(80) WHERE height = 50"],
  ["a header that is too short", "UPDATE headers SET header = x'00' WHERE height = 50"],
  ["a height that changed", "UPDATE headers SET height = 7000 WHERE height = 50"],
  ["a chain with a gap", "DELETE FROM active_chain WHERE height = 50"],
])("refuses to start on %s, and lets go of the directory", async (_, sql) => {
  change(sql);
  expect(await startError(directory)).toBeInstanceOf(DataDirectoryError);

  rmSync(directory, { recursive: true });
  cpSync(sound, directory, { recursive: true });
  await using running = await startTestNode({ directory });
  expect(running.node.chain.tip.height).toBe(HEIGHT);
});

test("refuses to start where the explorer index cannot be opened, rather than wait for ever", async () => {
  const path = join(directory, "index.db");
  rmSync(path);
  mkdirSync(path);
  const error = await startError(directory);
  expect(error).toBeInstanceOf(DataDirectoryError);
  expect((error as Error).message).toContain(path);

  rmSync(path, { recursive: true });
  await using running = await startTestNode({ directory });
  expect(await running.node.index.caughtUp(HEIGHT, 10_000)).toBe(true);
});

test("a start that fails half-way leaves no worker behind", async () => {
  writeFileSync(join(directory, "payout-key.json"), "{}");
  const ended = Promise.withResolvers<void>();
  const spawnIndex = () => {
    const url = new URL("../../src/index/index.worker.ts", import.meta.url);
    const worker = new Worker(url);
    worker.addEventListener("close", () => ended.resolve());
    return worker as unknown as IndexWorker;
  };
  expect(await startError(directory, spawnIndex)).toBeInstanceOf(ConfigError);
  await ended.promise;
});

test("a fault of the engine is told to those who end the node, also if the API answered", async () => {
  const faults: unknown[] = [];
  await using running = await startTestNode({
    directory,
    onFault: (fault) => faults.push(fault),
  });
  const { node } = running;
  const [waiting] = node.mempool.entries();
  const child = spend(waiting?.tx as Transaction, running.key);

  const fault = new Error("a listener failed");
  const forget = node.mempool.events.on("transaction-accepted", () => {
    throw fault;
  });
  expect(() => node.submitTransaction(child)).toThrow(fault);
  forget();
  expect(faults).toEqual([fault]);
});

/** Returns a payment of the first output of `tx` back to `key`. */
function spend({ txid, outputs }: Transaction, key: PaymentKey): Transaction {
  const { value } = outputs[0] as TxOutput;
  const output = { value: value - 1_000, scriptPubKey: key.scriptPubKey };
  return signPayment(key, [{ outpoint: { txid, vout: 0 }, value }], [output]);
}

function change(sql: string): void {
  const database = new Database(join(directory, "cairn.db"));
  database.run("PRAGMA foreign_keys = OFF");
  database.run(sql);
  database.close();
}

function count(sql: string): number {
  const database = new Database(join(directory, "cairn.db"), { readonly: true });
  const row = database.query<{ count: number }, []>(sql).get();
  database.close();
  return row?.count ?? -1;
}

/** Starts a node that must fail, and returns why it did. */
async function startError(path: string, spawnIndex = spawnIndexWorker): Promise<unknown> {
  const started = Node.start({
    network: findNetwork("regtest"),
    difficulty: undefined,
    directory: path,
    clock: SYSTEM_CLOCK,
    log: SILENT_LOGGER,
    signatures: chooseSignatureVerifier(),
    spawnMiner: () => {
      throw new Error("nothing is mined here");
    },
    spawnIndex,
    mining: {
      enabled: false,
      threads: 1,
      payoutScript: undefined,
      tag: "test",
      refreshMs: 1_000,
      cpus: [],
    },
    mempool: { minRelayFeerate: 1, maxBytes: 1_000_000, expiryMs: 3_600_000 },
  });
  return await started.then(
    async (node) => {
      await node.stop();
      return undefined;
    },
    (error: unknown) => error,
  );
}

function spawnIndexWorker(): IndexWorker {
  const url = new URL("../../src/index/index.worker.ts", import.meta.url);
  return new Worker(url) as unknown as IndexWorker;
}
