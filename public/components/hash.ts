/**
 * A hash, id or address: shortened to be recognised, whole on hover, to be copied, and a link where
 * there is a page about it.
 */

import { shorten } from "../format.ts";
import { html } from "../html.ts";
import { CopyButton } from "./copy-button.ts";

interface HashProps {
  readonly value: string;
  readonly href?: string;
  /** What it is, for the copy button; none is shown without. */
  readonly label?: string;
  /** Characters at each end; 0 shows all, broken where there is no room. */
  readonly ends?: number;
}

/** A long text of digits. */
export function Hash({ value, href, label, ends = 8 }: HashProps) {
  const shown = ends === 0 ? value : shorten(value, ends);
  const style = `font-mono text-[0.8125rem] ${ends === 0 ? "break-all" : "whitespace-nowrap"}`;
  const text =
    href === undefined
      ? html`<span class=${style} title=${value}>${shown}</span>`
      : html`<a href=${href} title=${value} class=${`${style} text-accent hover:underline`}>${shown}</a>`;
  if (label === undefined) return text;
  return html`<span class="inline-flex min-w-0 items-center gap-1">
    ${text}<${CopyButton} text=${value} label=${label} />
  </span>`;
}
