/**
 * How much of a span has passed, as a ring that closes.
 *
 * What is measured, and how it is said, is told by whoever shows it.
 */

import { type Children, html } from "../html.ts";

const RADIUS = 44;
const LENGTH = 2 * Math.PI * RADIUS;

interface RingProps {
  /** From 0 to 1; more is shown as a whole ring. */
  readonly share: number;
  /** Says the same in words. */
  readonly label: string;
  /** In the middle. */
  readonly children?: Children;
}

/** A ring with something in its middle. */
export function Ring({ share, label, children }: RingProps) {
  const shown = Math.min(1, Math.max(0, share));
  return html`<div class="relative size-24 shrink-0 sm:size-32" role="img" aria-label=${label}>
    <svg viewBox="0 0 100 100" class="size-full -rotate-90" aria-hidden="true">
      <circle cx="50" cy="50" r=${RADIUS} fill="none" stroke="var(--color-raised)" stroke-width="7" />
      <circle
        cx="50"
        cy="50"
        r=${RADIUS}
        fill="none"
        stroke="var(--color-accent)"
        stroke-width="7"
        stroke-linecap="round"
        stroke-dasharray=${`${shown * LENGTH} ${LENGTH}`}
        opacity=${shown === 0 ? 0 : 1}
        class="motion-safe:transition-[stroke-dasharray] motion-safe:duration-700"
      />
    </svg>
    <div aria-hidden="true" class="absolute inset-0 flex flex-col items-center justify-center text-center">
      ${children}
    </div>
  </div>`;
}
