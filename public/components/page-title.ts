/**
 * The heading of a page, and the title of its tab.
 *
 * Each view begins with one, or with a hidden heading of its own.
 */

import { type Children, html, useEffect } from "../html.ts";

interface PageTitleProps {
  readonly title: string;
  /** A line below. */
  readonly note?: Children;
  /** Beside it. */
  readonly actions?: Children;
}

/** The one heading of the first rank. */
export function PageTitle({ title, note, actions }: PageTitleProps) {
  useEffect(() => {
    document.title = `${title} · Cairn`;
  }, [title]);
  return html`<div class="flex flex-wrap items-end justify-between gap-x-6 gap-y-2">
    <div class="min-w-0">
      <h1 class="text-2xl font-semibold tracking-tight">${title}</h1>
      ${note === undefined ? null : html`<div class="mt-1 text-muted">${note}</div>`}
    </div>
    ${actions}
  </div>`;
}
