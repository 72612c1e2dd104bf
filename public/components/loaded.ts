/**
 * What a query gave, or what stands there until it has: room, then the answer, or the problem.
 *
 * An answer that is shown stays when asking again fails: the header says that the node is silent.
 */

import { html, type View } from "../html.ts";
import type { Query } from "../use-query.ts";
import { requestToken } from "./action.ts";
import { ErrorState, LoadingState } from "./states.ts";

interface LoadedProps<Answer> {
  readonly query: Query<Answer>;
  /** Lines of room while nothing is there. */
  readonly lines?: number;
  readonly children: (answer: Answer) => View;
}

/** Draws `children` with the answer, once there is one. */
export function Loaded<Answer>({ query, lines = 4, children }: LoadedProps<Answer>) {
  const { answer, problem, reload } = query;
  if (answer !== undefined) return children(answer);
  if (problem !== undefined) {
    const retry = problem.status === 401 ? () => requestToken(reload) : reload;
    return html`<${ErrorState} problem=${problem} onRetry=${retry} />`;
  }
  return html`<${LoadingState} lines=${lines} />`;
}
