/**
 * Ways through a list that is read page by page: plain links, so that each page has an address.
 *
 * Which cursor a page has is known to the view.
 */

import { html } from "../html.ts";

interface PaginationProps {
  /** What is listed, for screen readers. */
  readonly label: string;
  /** Undefined on the first page. */
  readonly firstHref?: string | undefined;
  /** Undefined on the last page. */
  readonly nextHref?: string | undefined;
  readonly firstText?: string;
  readonly nextText?: string;
}

const LINK =
  "inline-flex min-h-9 items-center rounded-lg border border-strong px-3 text-sm font-medium hover:bg-raised";

/** Links to the first and the next page; nothing if there is only one. */
export function Pagination({
  label,
  firstHref,
  nextHref,
  firstText = "Newest",
  nextText = "Older",
}: PaginationProps) {
  if (firstHref === undefined && nextHref === undefined) return null;
  return html`<nav aria-label=${label} class="flex justify-between gap-3 border-t border-line px-4 py-3">
    ${firstHref === undefined ? html`<span></span>` : html`<a href=${firstHref} class=${LINK}>${firstText}</a>`}
    ${nextHref === undefined ? null : html`<a href=${nextHref} class=${LINK}>${nextText}</a>`}
  </nav>`;
}
