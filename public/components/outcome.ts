/**
 * What became of a form that was sent, in words beside it: they stay until it is sent again.
 *
 * For what is told in passing there is toasts.ts.
 */

import { problemFrom } from "../api-client.ts";
import { html } from "../html.ts";

/** Good or bad, and why. */
export interface Outcome {
  readonly isGood: boolean;
  readonly text: string;
}

/**
 * Runs `act` and returns what it says, or what the node had against it. A demand for the token is
 * thrown on, for action.ts to ask for it.
 */
export async function outcomeOf(act: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    const problem = problemFrom(error);
    if (problem.status === 401) throw problem;
    return { isGood: false, text: [problem.message, problem.hint ?? ""].join(" ").trim() };
  }
}

/** The words, read out when they come; room is kept for a line of them. */
export function OutcomeNote({ outcome }: { outcome: Outcome | undefined }) {
  const look = outcome === undefined || outcome.isGood ? "text-muted" : "text-bad";
  return html`<p role="status" class=${`min-h-5 text-[0.8125rem] break-words ${look}`}>${outcome?.text ?? ""}</p>`;
}
