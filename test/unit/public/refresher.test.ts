/** Doing again: once for many demands, apart in time, and the newest one always met. */

import { expect, test } from "bun:test";
import { createRefresher } from "../../../public/refresher.ts";

/** An act that ends when it is told to. */
function heldAct() {
  const starts: PromiseWithResolvers<void>[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  let count = 0;
  const at = (list: PromiseWithResolvers<void>[], index: number) => {
    list[index] ??= Promise.withResolvers<void>();
    return list[index];
  };
  return {
    count: () => count,
    started: (index: number) => at(starts, index).promise,
    end: (index: number) => at(ends, index).resolve(),
    act: async () => {
      const index = count;
      count += 1;
      at(starts, index).resolve();
      await at(ends, index).promise;
    },
  };
}

test("many demands before the first run are one", async () => {
  const held = heldAct();
  const refresher = createRefresher(held.act, 0);
  for (let demand = 0; demand < 10; demand++) refresher.request();
  await held.started(0);
  held.end(0);
  await Promise.resolve();
  expect(held.count()).toBe(1);
  refresher.stop();
});

test("demands during a run are met by one more, which begins when it has ended", async () => {
  const held = heldAct();
  const refresher = createRefresher(held.act, 0);
  refresher.request();
  await held.started(0);
  for (let demand = 0; demand < 10; demand++) refresher.request();
  expect(held.count()).toBe(1);
  held.end(0);
  await held.started(1);
  expect(held.count()).toBe(2);
  refresher.stop();
});

test("runs begin apart", async () => {
  const held = heldAct();
  const refresher = createRefresher(held.act, 50);
  refresher.request();
  await held.started(0);
  const first = performance.now();
  held.end(0);
  refresher.request();
  await held.started(1);
  expect(performance.now() - first).toBeGreaterThan(45);
  refresher.stop();
});

test("what was stopped is given up, and asked in vain", async () => {
  let signal: AbortSignal | undefined;
  const begun = Promise.withResolvers<void>();
  const refresher = createRefresher(async (given) => {
    signal = given;
    begun.resolve();
  }, 0);
  refresher.request();
  await begun.promise;
  refresher.stop();
  expect(signal?.aborted).toBeTrue();
  refresher.request();
});
