/**
 * Terms and their values, one under the other, each with a sentence for who meets it the first time.
 *
 * Values come drawn; nothing here formats.
 */

import { type Children, html } from "../html.ts";

/** One term. */
export interface Field {
  readonly term: string;
  readonly value: Children;
  /** What it means. */
  readonly about?: string;
}

/** A list of terms. */
export function Fields({ fields }: { fields: readonly Field[] }) {
  return html`<dl class="divide-y divide-line">
    ${fields.map(
      ({
        term,
        value,
        about,
      }) => html`<div class="grid gap-x-6 gap-y-0.5 py-2.5 sm:grid-cols-[11rem_1fr]">
        <dt class="text-muted">${term}</dt>
        <dd class="min-w-0">
          ${value}
          ${about === undefined ? null : html`<p class="mt-0.5 text-[0.8125rem] text-muted">${about}</p>`}
        </dd>
      </div>`,
    )}
  </dl>`;
}
