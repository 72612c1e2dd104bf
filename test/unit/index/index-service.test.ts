/**
 * The main thread's side of the index, over a fake worker and a fake clock.
 */

import { describe, expect, test } from "bun:test";
import type { IndexCommand, IndexReport } from "../../../src/index/index-messages.ts";
import { IndexService, type IndexWorker } from "../../../src/index/index-service.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import type { BlockHash } from "../../../src/primitives/hash-id.ts";

class FakeClock implements Clock {
  readonly timers: { at: number; run: () => void }[] = [];
  #now = 0;

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run };
    this.timers.push(timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    for (const timer of this.timers.filter(({ at }) => at <= this.#now)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.run();
    }
  }
}

class FakeWorker implements IndexWorker {
  readonly commands: IndexCommand[] = [];
  isTerminated = false;
  onmessage: IndexWorker["onmessage"] = null;
  onerror: IndexWorker["onerror"] = null;
  onclose = () => {};

  postMessage(command: IndexCommand): void {
    this.commands.push(command);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  addEventListener(_type: "close", listener: () => void): void {
    this.onclose = listener;
  }

  report(data: IndexReport): void {
    this.onmessage?.({ data });
  }
}

const hashOf = (height: number) => String(height).padStart(64, "0") as BlockHash;

const advanced = (height: number, poke: number): IndexReport => ({
  type: "advanced",
  height,
  hash: hashOf(height),
  poke,
});

function startService() {
  const clock = new FakeClock();
  const workers: FakeWorker[] = [];
  const service = new IndexService({
    spawnWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    setup: { chainPath: "cairn.db", indexPath: "index.db", network: "cairn", difficulty: 5 },
    clock,
    log: SILENT_LOGGER,
  });
  const started = service.start();
  const worker = () => workers.at(-1)!;
  return { clock, workers, service, started, worker };
}

describe("IndexService", () => {
  test("sends the setup first, and is started when the worker is ready", async () => {
    const { service, started, worker } = startService();
    expect(worker().commands.map(({ type }) => type)).toEqual(["init", "poke"]);
    worker().report({ type: "ready", tip: { height: 3, hash: hashOf(3) }, isNew: false });
    await started;
    expect(service.tip).toEqual({ height: 3, hash: hashOf(3) });
  });

  test("tells the named users again to another worker, and for another file", () => {
    const { service, worker, workers, clock } = startService();
    const record = { kind: "contact", name: "Ada", address: "a", createdAt: 1 } as const;
    service.recordUsers([{ ...record, name: "old" }]);
    service.recordUsers([record]);
    const told = () => worker().commands.filter(({ type }) => type === "users");
    expect(told().at(-1)).toEqual({ type: "users", records: [record] });

    worker().onerror?.({ message: "it died" });
    clock.advance(500);
    expect(workers.length).toBe(2);
    expect(told()).toEqual([{ type: "users", records: [record] }]);

    worker().report({ type: "rebuilding", isReplaced: true });
    expect(told().length).toBe(2);
  });

  test("waits until all that was poked before is followed", async () => {
    const { service, worker } = startService();
    worker().report({ type: "ready", tip: { height: 3, hash: hashOf(3) }, isNew: false });
    service.poke();
    const waiting = service.caughtUp(4, 1_000);
    let isSettled = false;
    void waiting.then(() => {
      isSettled = true;
    });
    worker().report(advanced(3, 0));
    worker().report(advanced(4, -1));
    await Promise.resolve();
    expect(isSettled).toBe(false);
    worker().report(advanced(5, 1));
    expect(await waiting).toBe(true);
  });

  test("is caught up at once where there is nothing to wait for", async () => {
    const { service, worker, clock } = startService();
    worker().report(advanced(5, 0));
    expect(await service.caughtUp(5, 1_000)).toBe(true);
    expect(await service.caughtUp(hashOf(5), 1_000)).toBe(true);
    expect(await service.caughtUp(hashOf(77), 1_000)).toBe(true);
    service.poke();
    expect(await service.caughtUp(hashOf(5), 1_000)).toBe(true);
    expect(clock.timers).toEqual([]);
  });

  test("is not caught up before the first batch, nor with a height that is not reached", async () => {
    const { service, worker, clock } = startService();
    worker().report({ type: "ready", tip: { height: 3, hash: hashOf(3) }, isNew: false });
    const early = service.caughtUp(3, 1_000);
    const high = service.caughtUp(9, 1_000);
    worker().report(advanced(3, 0));
    expect(await early).toBe(true);
    clock.advance(1_000);
    expect(await high).toBe(false);
    expect(clock.timers).toEqual([]);
  });

  test("tells how far it is, and of errors", () => {
    const { service, worker } = startService();
    const seen: unknown[] = [];
    service.events.on("advanced", (tip) => seen.push(tip));
    service.events.on("error", (error) => seen.push(error));
    service.events.on("replaced", () => seen.push("replaced"));
    worker().report(advanced(1, 0));
    worker().report({ type: "error", message: "database is locked" });
    worker().report({ type: "rebuilding", isReplaced: false });
    worker().report({ type: "rebuilding", isReplaced: true });
    expect(seen).toEqual([
      { height: 1, hash: hashOf(1) },
      { message: "database is locked" },
      "replaced",
    ]);
    expect(service.tip).toBeUndefined();
  });

  test("replaces a dead worker, each time later, and asks it for all that was poked", () => {
    const { clock, workers, service, worker } = startService();
    service.poke();
    for (const delayMs of [500, 1_000, 2_000]) {
      const before = workers.length;
      if (delayMs === 1_000) worker().onclose();
      else worker().onerror?.({ message: "out of memory" });
      expect(worker().isTerminated).toBe(true);
      clock.advance(delayMs - 1);
      expect(workers).toHaveLength(before);
      clock.advance(1);
      expect(workers).toHaveLength(before + 1);
      expect(worker().commands).toContainEqual({ type: "poke", poke: 1 });
    }
    worker().report(advanced(1, 1));
    worker().onerror?.({ message: "out of memory" });
    clock.advance(500);
    expect(workers).toHaveLength(5);
  });

  test("does not listen to a worker that it has given up", () => {
    const { clock, workers, service } = startService();
    workers[0]!.onerror?.({ message: "dead" });
    clock.advance(500);
    workers[0]!.report(advanced(9, 9));
    workers[0]!.onerror?.({ message: "dead again" });
    expect(service.tip).toBeUndefined();
    expect(workers[1]!.isTerminated).toBe(false);
  });

  test("keeps those who wait until another worker has caught up", async () => {
    const { clock, service, worker } = startService();
    const waiting = service.caughtUp(1, 60_000);
    worker().onerror?.({ message: "dead" });
    clock.advance(500);
    worker().report({ type: "ready", tip: undefined, isNew: true });
    worker().report(advanced(1, 0));
    expect(await waiting).toBe(true);
  });

  test("stops when the worker has closed its databases, or takes too long", async () => {
    const first = startService();
    const waiting = first.service.caughtUp(1, 1_000);
    const stopped = first.service.stop();
    expect(await waiting).toBe(false);
    expect(first.worker().commands.at(-1)).toEqual({ type: "stop" });
    first.worker().report({ type: "stopped" });
    await stopped;
    expect(first.worker().isTerminated).toBe(true);
    expect(await first.service.caughtUp(1, 1_000)).toBe(false);
    expect(first.clock.timers).toEqual([]);

    const second = startService();
    const late = second.service.stop();
    second.clock.advance(5_000);
    await late;
    expect(second.worker().isTerminated).toBe(true);
  });

  test("stops though its worker is dead, and starts no other", async () => {
    const { clock, workers, service, worker } = startService();
    worker().onerror?.({ message: "dead" });
    await service.stop();
    clock.advance(60_000);
    expect(workers).toHaveLength(1);
  });
});
