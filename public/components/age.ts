/**
 * How long ago something was, counting on by itself, with the exact time on hover.
 *
 * Every age of a page counts by the same timer; see ticking-clock.ts.
 */

import { formatAge, formatTime } from "../format.ts";
import { html } from "../html.ts";
import { useNow } from "../ticking-clock.ts";

/** The age of `timeMs`, in milliseconds since 1970. */
export function Age({ timeMs }: { timeMs: number }) {
  const now = useNow();
  return html`<time
    datetime=${new Date(timeMs).toISOString()}
    title=${formatTime(timeMs)}
    class="whitespace-nowrap"
  >
    ${formatAge(timeMs, now)}
  </time>`;
}
