/**
 * A word about a state, with a dot in its colour.
 *
 * Which state has which tone is decided by whoever shows it.
 */

import { type Children, html } from "../html.ts";

/** How good a state is. */
export type Tone = "good" | "bad" | "accent" | "muted";

const DOTS: Readonly<Record<Tone, string>> = {
  good: "bg-good",
  bad: "bg-bad",
  accent: "bg-accent",
  muted: "bg-muted",
};

/** A small label; the word carries the meaning, the dot repeats it. */
export function Badge({ tone = "muted", children }: { tone?: Tone; children?: Children }) {
  return html`<span
    class="inline-flex items-center gap-1.5 rounded-full border border-line px-2 py-0.5 text-[0.8125rem] whitespace-nowrap"
  >
    <span aria-hidden="true" class=${`size-2 rounded-full ${DOTS[tone]}`}></span>${children}
  </span>`;
}
