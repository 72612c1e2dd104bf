/**
 * Shares of a whole as bars, one under the other, each with its name and its figure.
 *
 * What the shares are of is said by whoever shows them.
 */

import { type Children, html } from "../html.ts";

/** One bar. */
export interface Bar {
  /** Tells bars apart. */
  readonly key: string;
  readonly name: Children;
  /** The figure in words. */
  readonly value: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** A list of bars; `label` says what is shown. */
export function BarList({ bars, label }: { bars: readonly Bar[]; label: string }) {
  return html`<ul aria-label=${label} class="flex flex-col gap-3">
    ${bars.map(
      ({ key, name, value, share }) => html`<li key=${key}>
        <div class="flex flex-wrap items-baseline gap-x-4">
          <span class="min-w-0 max-w-full truncate">${name}</span>
          <span class="ml-auto text-[0.8125rem] whitespace-nowrap text-muted">${value}</span>
        </div>
        <div aria-hidden="true" class="mt-1 h-1.5 overflow-hidden rounded-full bg-raised">
          <div class="h-full rounded-full bg-accent" style=${{ width: `${100 * Math.min(1, share)}%` }}></div>
        </div>
      </li>`,
    )}
  </ul>`;
}
