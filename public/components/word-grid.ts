/**
 * A wallet's words to be written down, numbered.
 *
 * They are in the page only for as long as this is shown; nothing here copies them.
 */

import { html } from "../html.ts";

/** A numbered list of `words`; not for translators. */
export function WordGrid({ words }: { words: readonly string[] }) {
  return html`<ol
    translate=${false}
    aria-label="The words"
    class="grid grid-cols-2 gap-x-4 gap-y-1.5 rounded-lg border border-line bg-raised p-4 font-mono sm:grid-cols-3 md:grid-cols-4"
  >
    ${words.map(
      (word, index) => html`<li class="flex gap-2">
        <span class="w-6 shrink-0 text-right text-muted">${index + 1}</span>${word}
      </li>`,
    )}
  </ol>`;
}
