/**
 * Something that is wanted or not.
 *
 * Keeps nothing: what is ticked is held by whoever asks.
 */

import { type Children, html } from "../html.ts";

interface CheckFieldProps {
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly children?: Children;
}

/** A box to tick, with its words beside it. */
export function CheckField({ isChecked, onChange, children }: CheckFieldProps) {
  return html`<label class="flex items-start gap-2 text-sm">
    <input
      type="checkbox"
      checked=${isChecked}
      onChange=${(event: Event) => onChange((event.target as HTMLInputElement).checked)}
      class="mt-0.5 size-4 shrink-0 accent-accent"
    />
    <span class="min-w-0">${children}</span>
  </label>`;
}
