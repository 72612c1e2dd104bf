/**
 * Doing something at the node: a button is busy while it runs, what goes wrong is told, and a node
 * that wants its token is given it.
 *
 * Knows no action in particular.
 */

import { type ApiProblem, problemFrom, saveToken } from "../api-client.ts";
import { html, useEffect, useState } from "../html.ts";
import { Button } from "./button.ts";
import { Dialog } from "./dialog.ts";
import { showToast } from "./toasts.ts";

/** An action that can be started, one run at a time. */
export interface Action {
  readonly isRunning: boolean;
  run(act: () => Promise<void>): void;
}

/** An action that keeps what went wrong, to be shown beside it. */
export interface Attempt extends Action {
  /** Of the last run; undefined if it went well. */
  readonly problem: ApiProblem | undefined;
}

/** Runs what changes something at the node; `onProblem` hears what goes wrong, else a notice tells. */
export function useAction(onProblem: (problem: ApiProblem) => void = notify): Action {
  const [isRunning, setRunning] = useState(false);
  const attempt = async (act: () => Promise<void>) => {
    setRunning(true);
    try {
      await act();
    } catch (error) {
      const problem = problemFrom(error);
      if (problem.status === 401) requestToken(() => void attempt(act));
      else onProblem(problem);
    } finally {
      setRunning(false);
    }
  };
  return { isRunning, run: (act) => void attempt(act) };
}

/** Runs what changes something at the node, for a form that shows what went wrong itself. */
export function useAttempt(): Attempt {
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  const { isRunning, run } = useAction(setProblem);
  return {
    isRunning,
    problem,
    run: (act) => {
      setProblem(undefined);
      run(act);
    },
  };
}

/** Has the token asked for, and calls `retry` with it kept. */
export function requestToken(retry: () => void): void {
  askForToken(retry);
}

function notify(problem: ApiProblem): void {
  showToast([problem.message, problem.hint ?? ""].join(" ").trim(), "bad");
}

let askForToken = (_retry: () => void) => {};

/** Where the token is asked for; once in the page. */
export function TokenDialog() {
  const [retry, setRetry] = useState<(() => void) | undefined>(undefined);
  const [token, setToken] = useState("");
  useEffect(() => {
    askForToken = (next) => setRetry(() => next);
    return () => {
      askForToken = () => {};
    };
  }, []);
  const close = () => setRetry(undefined);
  const submit = (event: Event) => {
    event.preventDefault();
    saveToken(token.trim());
    setToken("");
    close();
    retry?.();
  };
  return html`<${Dialog} title="This node wants its token" isOpen=${retry !== undefined} onClose=${close}>
    <form onSubmit=${submit} class="flex flex-col gap-3">
      <p class="text-sm text-muted">
        Other machines can reach this node, so whoever changes something shows its token. It is in
        the file api.token in the node's folder, and kept here until this tab is closed.
      </p>
      <label class="flex flex-col gap-1 text-sm">
        Token
        <input
          type="password"
          required
          autocomplete="off"
          value=${token}
          onInput=${(event: Event) => setToken((event.target as HTMLInputElement).value)}
          class="h-9 rounded-lg border border-strong bg-ground px-3 font-mono"
        />
      </label>
      <${Button} type="submit" isMain=${true}>Continue</${Button}>
    </form>
  </${Dialog}>`;
}
