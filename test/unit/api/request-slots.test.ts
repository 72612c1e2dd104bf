/**
 * Slots: so many run, so many wait in order, the rest hear it at once.
 */

import { expect, test } from "bun:test";
import { RequestSlots } from "../../../src/api/request-slots.ts";

test("lets so many run, so many wait, and refuses the rest at once", async () => {
  const slots = new RequestSlots({ maxRunning: 2, maxWaiting: 1 });
  expect(await slots.enter()).toBeTrue();
  expect(await slots.enter()).toBeTrue();
  let entered = false;
  const waiting = slots.enter().then((isIn) => {
    entered = isIn;
  });
  expect(await slots.enter()).toBeFalse();
  expect(entered).toBeFalse();

  slots.leave();
  await waiting;
  expect(entered).toBeTrue();
  expect(slots.running).toBe(2);
});

test("serves those who wait in their order, and ends empty", async () => {
  const slots = new RequestSlots({ maxRunning: 1, maxWaiting: 10 });
  const order: number[] = [];
  const work = async (index: number) => {
    await slots.enter();
    order.push(index);
    await Promise.resolve();
    slots.leave();
  };
  await Promise.all([0, 1, 2, 3, 4].map(work));
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(slots.running).toBe(0);
});
