/**
 * The few signs of the dashboard, drawn as lines in the colour of the text around them.
 *
 * Decoration only: whatever a sign means is also said in words beside it or in a label.
 */

import { html } from "../html.ts";

const SHAPES = {
  copy: ["M9 9h10v11H9z", "M5 15V4h10"],
  check: ["M5 12.5 10 17 19 7"],
  search: ["M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14", "m16.5 16.5 4 4"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    "M12 3v1M12 20v1M3 12h1M20 12h1M5.6 5.6l.7.7M17.7 17.7l.7.7M18.4 5.6l-.7.7M6.3 17.7l-.7.7",
  ],
  moon: ["M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5"],
  system: ["M4 5h16v11H4z", "M9 20h6"],
  close: ["M6 6 18 18M18 6 6 18"],
  warning: ["M12 4 21 19H3z", "M12 10v4M12 16.5v.1"],
  arrow: ["M5 12h14M13 6l6 6-6 6"],
} as const;

/** A sign, 1em high unless `size` says otherwise in rem. */
export function Icon({ name, size = 1 }: { name: keyof typeof SHAPES; size?: number }) {
  return html`<svg
    aria-hidden="true"
    width=${`${size}rem`}
    height=${`${size}rem`}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linecap="round"
    stroke-linejoin="round"
    class="inline-block shrink-0"
  >
    ${SHAPES[name].map((path) => html`<path d=${path} />`)}
  </svg>`;
}
