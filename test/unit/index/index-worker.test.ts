/**
 * The index worker as it is: a thread over real databases, driven by the service.
 */

import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { ExplorerQueries } from "../../../src/index/explorer-queries.ts";
import type { IndexWorker } from "../../../src/index/index-service.ts";
import { IndexService } from "../../../src/index/index-service.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { SYSTEM_CLOCK } from "../../../src/node/system-clock.ts";
import { ChainWriter } from "./chain-writer.ts";
import { dumpOfNewIndex, dumpTables, transactionsOf } from "./index-fixture.ts";

const WORKER_URL = new URL("../../../src/index/index.worker.ts", import.meta.url);

const TIMEOUT_MS = 5_000;

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newChain(): ChainWriter {
  const writer = new ChainWriter();
  cleanups.push(() => writer.close());
  return writer;
}

function extend(writer: ChainWriter, count: number): void {
  for (let added = 0; added < count; added++) {
    const { height, coins } = writer.tip;
    writer.extend({ transactions: transactionsOf(coins, [height, height * 3]) });
  }
}

async function startService(writer: ChainWriter) {
  const workers: Worker[] = [];
  const service = new IndexService({
    spawnWorker: () => {
      const worker = new Worker(WORKER_URL);
      workers.push(worker);
      return worker as unknown as IndexWorker;
    },
    setup: {
      chainPath: writer.chainPath,
      indexPath: writer.indexPath,
      network: "regtest",
      difficulty: undefined,
    },
    clock: SYSTEM_CLOCK,
    log: SILENT_LOGGER,
  });
  cleanups.push(() => service.stop());
  await service.start();
  return { service, workers };
}

/** Everything in the index, as another connection sees it. */
function dump(writer: ChainWriter): Record<string, unknown[]> {
  const database = new Database(writer.indexPath, { readonly: true });
  const tables = dumpTables(database);
  database.close();
  return tables;
}

describe("index worker", () => {
  test("follows the chain when poked, over reorganisations", async () => {
    const writer = newChain();
    const { service } = await startService(writer);
    expect(await service.caughtUp(0, TIMEOUT_MS)).toBe(true);
    const queries = new ExplorerQueries(writer.indexPath);
    cleanups.push(() => queries.close());
    expect(queries.findTip()?.height).toBe(0);

    extend(writer, 20);
    service.poke();
    expect(await service.caughtUp(writer.tip.block.hash, TIMEOUT_MS)).toBe(true);
    expect(queries.findTip()?.hash).toBe(writer.tip.block.hash);

    writer.activate(writer.write(writer.active[15]!, { salt: 7 }));
    extend(writer, 8);
    service.poke();
    expect(await service.caughtUp(writer.tip.height, TIMEOUT_MS)).toBe(true);
    expect(service.tip).toEqual({ height: 24, hash: writer.tip.block.hash });
    expect(dump(writer)).toEqual(dumpOfNewIndex(writer));
  });

  test("closes cleanly, and goes on where it was", async () => {
    const writer = newChain();
    extend(writer, 5);
    const first = await startService(writer);
    expect(await first.service.caughtUp(5, TIMEOUT_MS)).toBe(true);
    await first.service.stop();
    expect(() => statSync(`${writer.indexPath}-wal`)).toThrow();

    extend(writer, 5);
    const second = await startService(writer);
    expect(await second.service.caughtUp(10, TIMEOUT_MS)).toBe(true);
    expect(dump(writer)).toEqual(dumpOfNewIndex(writer));
  });

  test("is replaced when it is ended in the midst of its work", async () => {
    const writer = new ChainWriter({ copiesCoins: false });
    cleanups.push(() => writer.close());
    for (let height = 0; height < 2_000; height++) writer.extend();
    const { service, workers } = await startService(writer);
    // Right after the first batch the next one is under way.
    service.events.on("advanced", () => {
      if (workers.length === 1) workers[0]!.terminate();
    });
    expect(await service.caughtUp(2_000, TIMEOUT_MS)).toBe(true);
    expect(workers).toHaveLength(2);
    expect(dump(writer)).toEqual(dumpOfNewIndex(writer));
  });

  test("stops in the midst of catching up", async () => {
    const writer = new ChainWriter({ copiesCoins: false });
    cleanups.push(() => writer.close());
    for (let height = 0; height < 3_000; height++) writer.extend();
    const { service } = await startService(writer);
    await new Promise<void>((resolve) => {
      service.events.on("advanced", () => resolve());
    });
    await service.stop();
    expect(service.tip!.height).toBeLessThan(3_000);
  });

  test("writes what the node saw", async () => {
    const writer = newChain();
    const { service } = await startService(writer);
    await service.caughtUp(0, TIMEOUT_MS);
    const sample = { mempoolCount: 1, mempoolBytes: 2, mempoolFeerate: 3, peers: 4 };
    service.recordSample({ time: 1_780_000_020, ...sample });
    service.poke();
    await service.caughtUp(0, TIMEOUT_MS);
    const queries = new ExplorerQueries(writer.indexPath);
    cleanups.push(() => queries.close());
    expect(queries.statisticsHistory("1h", 1_780_000_030).samples).toMatchObject([sample]);
  });

  // The one is read when the index is opened, the other when a block is connected.
  test.each(["meta", "transactions_txid"])(
    "builds an index with damage in %s again",
    async (table) => {
      const writer = newChain();
      extend(writer, 60);
      const first = await startService(writer);
      await first.service.caughtUp(60, TIMEOUT_MS);
      await first.service.stop();

      const database = new Database(writer.indexPath, { readonly: true });
      const root = database
        .query<{ rootpage: number }, [string]>("SELECT rootpage FROM sqlite_schema WHERE name = ?")
        .get(table)!;
      database.close();
      const file = openSync(writer.indexPath, "r+");
      writeSync(file, new Uint8Array(4_096).fill(0xa5), 0, 4_096, (root.rootpage - 1) * 4_096);
      closeSync(file);

      extend(writer, 1);
      const { service } = await startService(writer);
      let isReplaced = false;
      service.events.on("replaced", () => {
        isReplaced = true;
      });
      expect(await service.caughtUp(61, TIMEOUT_MS)).toBe(true);
      expect(isReplaced).toBe(true);
      expect(dump(writer)).toEqual(dumpOfNewIndex(writer));
    },
  );

  test("builds an index again that does not fit its chain", async () => {
    const writer = newChain();
    extend(writer, 10);
    const first = await startService(writer);
    await first.service.caughtUp(10, TIMEOUT_MS);
    await first.service.stop();
    const database = new Database(writer.indexPath);
    database.run("DELETE FROM outputs");
    database.close();

    extend(writer, 2);
    const { service } = await startService(writer);
    expect(await service.caughtUp(12, TIMEOUT_MS)).toBe(true);
    expect(dump(writer)).toEqual(dumpOfNewIndex(writer));
  });

  test("is replaced when it dies: the chain database is not there yet", async () => {
    const writer = newChain();
    const errors: string[] = [];
    const service = new IndexService({
      spawnWorker: () => new Worker(WORKER_URL) as unknown as IndexWorker,
      setup: {
        chainPath: `${writer.folder}/later.db`,
        indexPath: writer.indexPath,
        network: "regtest",
        difficulty: undefined,
      },
      clock: SYSTEM_CLOCK,
      log: SILENT_LOGGER,
    });
    cleanups.push(() => service.stop());
    const failed = new Promise<void>((resolve) => {
      service.events.on("error", ({ message }) => {
        errors.push(message);
        resolve();
      });
    });
    const started = service.start();
    await failed;
    writer.database.run(`VACUUM INTO '${writer.folder}/later.db'`);
    await started;
    expect(await service.caughtUp(0, TIMEOUT_MS)).toBe(true);
    expect(errors[0]).toContain("unable to open");
  });

  test("reads a chain database that another connection is writing to", async () => {
    const writer = newChain();
    extend(writer, 5);
    writer.database.run("BEGIN IMMEDIATE");
    const { service } = await startService(writer);
    expect(await service.caughtUp(5, TIMEOUT_MS)).toBe(true);
    writer.database.run("COMMIT");
  });
});
