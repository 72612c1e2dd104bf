/**
 * What stands where there is nothing to show: nothing yet, not loaded yet, or a problem.
 *
 * For what a query gives they are put together in loaded.ts.
 */

import type { ApiProblem } from "../api-client.ts";
import { type Children, html } from "../html.ts";
import { Button } from "./button.ts";
import { Icon } from "./icon.ts";

/** Nothing is there, and why, or what to do about it. */
export function EmptyState({ title, children }: { title: string; children?: Children }) {
  return html`<div class="flex flex-col items-center gap-1 px-4 py-8 text-center">
    <p class="font-medium">${title}</p>
    <p class="max-w-prose text-[0.8125rem] text-muted">${children}</p>
  </div>`;
}

/** What the node had against it, with its own words. */
export function ErrorState({ problem, onRetry }: { problem: ApiProblem; onRetry?: () => void }) {
  return html`<div role="alert" class="flex flex-col items-center gap-2 px-4 py-8 text-center">
    <span class="text-bad"><${Icon} name="warning" size=${1.5} /></span>
    <p class="font-medium">${problem.message}</p>
    ${problem.hint === undefined ? null : html`<p class="max-w-prose text-[0.8125rem] text-muted">${problem.hint}</p>`}
    ${onRetry === undefined ? null : html`<${Button} onClick=${onRetry}>Try again</${Button}>`}
  </div>`;
}

/** The same in two lines, within a form; nothing if there is no problem. */
export function ProblemNote({ problem }: { problem: ApiProblem | undefined }) {
  if (problem === undefined) return null;
  return html`<div role="alert" class="rounded-lg border border-l-4 border-strong border-l-bad px-3 py-2 text-sm">
    <p class="font-medium">${problem.message}</p>
    ${problem.hint === undefined ? null : html`<p class="mt-0.5 text-[0.8125rem] text-muted">${problem.hint}</p>`}
  </div>`;
}

/** Room for what is on its way, as high as it will be. */
export function LoadingState({ lines = 3 }: { lines?: number }) {
  return html`<div aria-busy="true" class="flex flex-col gap-3 p-4">
    <span class="sr-only">Loading</span>
    ${Array.from({ length: lines }, () => html`<span class="h-4 motion-safe:animate-pulse rounded bg-raised"></span>`)}
  </div>`;
}
