/**
 * One of a few, chosen by a row of buttons: a range, a unit, a theme.
 *
 * Keeps nothing: what is chosen is held by whoever offers the choice.
 */

import { type Children, html } from "../html.ts";

interface ChoiceProps<Value extends string> {
  /** What is chosen, for screen readers. */
  readonly label: string;
  readonly options: readonly {
    readonly value: Value;
    readonly text: Children;
    /** In the place of a text that is a sign. */
    readonly label?: string;
    /** More words, on hover. */
    readonly title?: string;
  }[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
}

/** A group of buttons of which one is pressed. */
export function Choice<Value extends string>({
  label,
  options,
  value,
  onChoose,
}: ChoiceProps<Value>) {
  return html`<div role="group" aria-label=${label} class="inline-flex rounded-lg bg-raised p-0.5">
    ${options.map((option) => {
      const isChosen = option.value === value;
      const look = isChosen ? "bg-surface font-medium shadow-sm" : "text-muted hover:text-text";
      return html`<button
        type="button"
        aria-pressed=${isChosen ? "true" : "false"}
        aria-label=${option.label}
        title=${option.title ?? option.label}
        onClick=${() => onChoose(option.value)}
        class=${`inline-flex min-h-7 min-w-8 items-center justify-center rounded-md px-2 text-[0.8125rem] ${look}`}
      >
        ${option.text}
      </button>`;
    })}
  </div>`;
}
