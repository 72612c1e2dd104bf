/**
 * The clock of this machine, behind the interface that the layers below take.
 *
 * The only one that is real: tests and simulations hand in others.
 */

import type { Clock } from "../lib/clock.ts";

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
