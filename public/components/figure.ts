/**
 * One number that matters, with what it is and a line about it.
 *
 * The value comes formatted; see format.ts.
 */

import { type Children, html } from "../html.ts";

interface FigureProps {
  readonly label: string;
  readonly value: Children;
  /** A second, smaller line. */
  readonly note?: Children;
  /** Told on hover: the exact value, or what is meant. */
  readonly title?: string;
  /** Below: a sparkline. */
  readonly children?: Children;
}

/** A term and its value; belongs into Figures. */
export function Figure({ label, value, note, title, children }: FigureProps) {
  return html`<div class="min-w-0 rounded-xl border border-line bg-surface p-4" title=${title}>
    <dt class="text-[0.8125rem] text-muted">${label}</dt>
    <dd class="mt-1">
      <span class="block truncate text-xl font-semibold tracking-tight">${value}</span>
      ${note === undefined ? null : html`<span class="mt-0.5 block truncate text-[0.8125rem] text-muted">${note}</span>`}
      ${children}
    </dd>
  </div>`;
}

interface FiguresProps {
  readonly label: string;
  /** True if each must be read to its last digit, and needs room for it. */
  readonly areLong?: boolean;
  readonly children?: Children;
}

/** A row of figures that wraps. */
export function Figures({ label, areLong = false, children }: FiguresProps) {
  const columns = areLong
    ? "sm:grid-cols-2 lg:grid-cols-3"
    : "grid-cols-2 sm:grid-cols-3 xl:grid-cols-6";
  return html`<dl aria-label=${label} class=${`grid gap-3 ${columns}`}>
    ${children}
  </dl>`;
}
