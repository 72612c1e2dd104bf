/**
 * A query that is also asked again at a calm pace, for what changes without an event: the round trips
 * of peers, what other nodes say of themselves.
 *
 * Everything else about asking is in use-query.ts.
 */

import { useEffect } from "./html.ts";
import type { Subject } from "./store.ts";
import { type Query, useQuery } from "./use-query.ts";

/** Milliseconds between two questions: nodes speak of themselves every five seconds at most. */
const POLL_MS = 5_000;

/** Fetches `path` as useQuery does, and every five seconds while the page is looked at. */
export function usePolled<Answer>(path: string, subjects: readonly Subject[]): Query<Answer> {
  const query = useQuery<Answer>(path, subjects);
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [reload]);
  return query;
}
