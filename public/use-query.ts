/**
 * Hooks that fetch from the API for as long as a component is shown, and keep what was shown before
 * until there is something newer: no flicker, and no empty page on the way back.
 *
 * Knows nothing of what is fetched; when to fetch again is said by the versions in store.ts.
 */

import { type ApiProblem, get, problemFrom } from "./api-client.ts";
import { useDashboard } from "./dashboard-store.ts";
import { useCallback, useEffect, useRef, useState } from "./html.ts";
import { createRefresher, type Refresher } from "./refresher.ts";
import type { Subject } from "./store.ts";

/** What is known of an answer. */
export interface Query<Answer> {
  /** The newest answer for this path, also while it is asked for again or could not be had. */
  readonly answer: Answer | undefined;
  /** Why the last attempt failed; undefined if it did not. */
  readonly problem: ApiProblem | undefined;
  /** Asks again now. */
  readonly reload: () => void;
}

/** Answers kept for pages that are gone back to. */
const MAX_KEPT_ANSWERS = 60;

/**
 * Milliseconds from one question to the next of the same component at least: as often as the node
 * tells of its mempool, or what came after the last question would be shown late.
 */
const MIN_INTERVAL_MS = 250;

const kept = new Map<string, unknown>();

/**
 * Fetches `path` when it changes and whenever one of `subjects` has; undefined fetches nothing.
 */
export function useQuery<Answer>(
  path: string | undefined,
  subjects: readonly Subject[] = [],
): Query<Answer> {
  const { versions, connection } = useDashboard();
  const [, redraw] = useState(0);
  const problem = useRef<{ path: string; problem: ApiProblem } | undefined>(undefined);
  const refresher = useRef<Refresher | undefined>(undefined);
  const reload = useCallback(() => refresher.current?.request(), []);

  // A node that is back may have another answer, or one at last.
  const isThere = connection !== "reconnecting";
  useEffect(() => {
    if (path === undefined || !isThere) return;
    const current = createRefresher(async (signal) => {
      try {
        keep(path, await get<Answer>(path, signal));
        problem.current = undefined;
      } catch (error) {
        if (signal.aborted) return;
        problem.current = { path, problem: problemFrom(error) };
      }
      if (!signal.aborted) redraw((count) => count + 1);
    }, MIN_INTERVAL_MS);
    refresher.current = current;
    return () => current.stop();
  }, [path, isThere]);

  const version = subjects.reduce((sum, subject) => sum + versions[subject], 0);
  useEffect(() => refresher.current?.request(), [path, isThere, version]);

  return {
    answer: path === undefined ? undefined : (kept.get(path) as Answer | undefined),
    problem: problem.current?.path === path ? problem.current?.problem : undefined,
    reload,
  };
}

function keep(path: string, answer: unknown): void {
  kept.delete(path);
  kept.set(path, answer);
  const oldest = kept.keys().next().value;
  if (kept.size > MAX_KEPT_ANSWERS && oldest !== undefined) kept.delete(oldest);
}
