/**
 * Does something again whenever it is asked to, but never twice at once and never too soon: however
 * often it is asked, the newest demand is met, and none that runs is given up for it.
 *
 * Knows nothing of what is done; timers are the browser's.
 */

/** Something that is done again and again. */
export interface Refresher {
  /** Has it done once more, now or as soon as it may be. */
  request(): void;
  /** Gives up what runs, and does nothing more. */
  stop(): void;
}

/** Of a node or page that takes its time, the share that one thing done again may take. */
const BUSY_SHARE = 1 / 4;

/**
 * Starts with the first `act` when it is first requested; then `intervalMs` apart at least, and more
 * if it takes long: whoever is busy is asked less.
 */
export function createRefresher(
  act: (signal: AbortSignal) => Promise<void>,
  intervalMs: number,
): Refresher {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let mayStartAt = Number.NEGATIVE_INFINITY;
  let isRunning = false;
  let isWanted = false;

  const run = async () => {
    timer = undefined;
    isWanted = false;
    isRunning = true;
    const startedAt = performance.now();
    try {
      await act(abort.signal);
    } finally {
      isRunning = false;
      const took = performance.now() - startedAt;
      mayStartAt = startedAt + Math.max(intervalMs, took / BUSY_SHARE);
    }
    if (isWanted) request();
  };
  const request = () => {
    isWanted = true;
    if (isRunning || timer !== undefined || abort.signal.aborted) return;
    timer = setTimeout(() => void run(), Math.max(0, mayStartAt - performance.now()));
  };
  return {
    request,
    stop: () => {
      clearTimeout(timer);
      abort.abort();
    },
  };
}
