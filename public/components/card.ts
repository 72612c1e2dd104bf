/**
 * A titled surface: every part of a page stands on one.
 *
 * Knows nothing of what is on it.
 */

import { type Children, html, useId } from "../html.ts";

interface CardProps {
  readonly title: string;
  /** Beside the title: a link, a choice. */
  readonly actions?: Children;
  /** True if the content has its own padding, as tables do. */
  readonly isFlush?: boolean;
  readonly class?: string;
  readonly children?: Children;
}

/** A section with a heading. */
export function Card({ title, actions, isFlush = false, children, class: extra = "" }: CardProps) {
  const id = useId();
  return html`<section
    aria-labelledby=${id}
    class=${`min-w-0 rounded-xl border border-line bg-surface ${extra}`}
  >
    <header class="flex min-h-12 flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 py-2">
      <h2 id=${id} class="font-semibold">${title}</h2>
      ${actions}
    </header>
    <div class=${isFlush ? "overflow-x-auto border-t border-line" : "px-4 pb-4"}>${children}</div>
  </section>`;
}
