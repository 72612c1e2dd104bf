/**
 * The node's time, second by second, for everything that shows an age: one timer for the whole page,
 * and none while nobody looks.
 */

import { nodeTime } from "./dashboard-store.ts";
import { useEffect, useState } from "./html.ts";

const TICK_MS = 1_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Returns the node's time in milliseconds, and draws the component again every second. */
export function useNow(): number {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    timer ??= setInterval(tick, TICK_MS);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return nodeTime();
}

function tick(): void {
  if (document.hidden) return;
  for (const listener of listeners) listener();
}
