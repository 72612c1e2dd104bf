/**
 * Short notices at the edge of the page, read out by screen readers, which go away by themselves.
 *
 * For what somebody has just done; what lasts belongs into the page.
 */

import { html, useEffect, useState } from "../html.ts";
import type { Tone } from "./badge.ts";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

/** Milliseconds for which a notice stands. */
const TOAST_MS = 6_000;

/** Notices shown at once; the oldest makes room. */
const MAX_TOASTS = 4;

const EDGES: Readonly<Record<Tone, string>> = {
  good: "border-l-good",
  bad: "border-l-bad",
  accent: "border-l-accent",
  muted: "border-l-strong",
};

let toasts: readonly Toast[] = [];
let lastId = 0;
let redraw = () => {};

/** Shows `text` for some seconds. */
export function showToast(text: string, tone: Tone = "muted"): void {
  lastId += 1;
  const id = lastId;
  toasts = [...toasts, { id, text, tone }].slice(-MAX_TOASTS);
  redraw();
  setTimeout(() => {
    toasts = toasts.filter((toast) => toast.id !== id);
    redraw();
  }, TOAST_MS);
}

/** Where notices appear; once in the page, from its beginning, or they are not read out. */
export function Toasts() {
  const [, setCount] = useState(0);
  useEffect(() => {
    redraw = () => setCount((count) => count + 1);
    return () => {
      redraw = () => {};
    };
  }, []);
  return html`<div
    role="status"
    aria-live="polite"
    class="pointer-events-none fixed inset-x-4 bottom-4 z-20 flex flex-col items-end gap-2"
  >
    ${toasts.map(
      ({ id, text, tone }) => html`<p
        key=${id}
        class=${`pointer-events-auto max-w-md rounded-lg border border-l-4 border-strong bg-surface px-4 py-2.5 text-sm shadow-lg ${EDGES[tone]}`}
      >
        ${text}
      </p>`,
    )}
  </div>`;
}
