/**
 * A bar for what has a beginning and an end.
 *
 * For what has only an age there is ring.ts.
 */

import { html } from "../html.ts";

/** `share` from 0 to 1; `label` says what goes on. */
export function Progress({ share, label }: { share: number; label: string }) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return html`<div
    role="progressbar"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${percent}
    class="h-1.5 overflow-hidden rounded-full bg-raised"
  >
    <div class="h-full rounded-full bg-accent motion-safe:transition-[width] motion-safe:duration-500" style=${{ width: `${percent}%` }}></div>
  </div>`;
}
