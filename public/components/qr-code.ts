/**
 * A text as a code that a camera reads: the door to the library that makes them.
 *
 * Drawn as elements of the page, dark on light in either theme, since many cameras read nothing else.
 */

import encodeQr from "qr";
import { html, useMemo } from "../html.ts";

/** Light modules around the code; readers want four. */
const BORDER = 4;

/** A code of `text`; `label` says what it is. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => drawModules(text), [text]);
  return html`<svg
    role="img"
    aria-label=${label}
    viewBox=${`0 0 ${size} ${size}`}
    shape-rendering="crispEdges"
    class="block aspect-square w-full max-w-60 rounded-lg"
  >
    <rect width=${size} height=${size} class="fill-paper" />
    <path d=${path} class="fill-ink" />
  </svg>`;
}

/** Every dark module as a square of a path. */
function drawModules(text: string): { size: number; path: string } {
  const rows = encodeQr(text, "raw", { border: BORDER });
  const squares = rows.flatMap((row, y) => {
    return row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []));
  });
  return { size: rows.length, path: squares.join("") };
}
