/**
 * The course of a figure as a line the size of a word, without axes.
 *
 * For figures that are read off there is chart.ts.
 */

import { html } from "../html.ts";

const WIDTH = 100;
const HEIGHT = 24;

/** `values` from left to right; fewer than two are a faint line. `label` says what is seen. */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  if (values.length < 2) return html`<span class="mt-2 block h-6 border-b border-line"></span>`;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // What never changed is drawn through the middle, and nothing at all along the bottom.
  const [base, span] = least < most ? [least, most - least] : [0, 2 * most || 1];
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    const y = HEIGHT - 2 - ((value - base) / span) * (HEIGHT - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg
    role="img"
    aria-label=${label}
    viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    preserveAspectRatio="none"
    class="mt-2 block h-6 w-full"
  >
    <polyline
      points=${points.join(" ")}
      fill="none"
      stroke="var(--color-accent)"
      stroke-width="1.5"
      vector-effect="non-scaling-stroke"
    />
  </svg>`;
}
