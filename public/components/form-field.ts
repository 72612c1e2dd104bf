/**
 * Fields of a form, each under its label.
 *
 * What is typed is held by whoever shows the field; what it means is judged by the node.
 */

import { type Children, html } from "../html.ts";

const LOOK =
  "h-9 w-full min-w-0 rounded-lg border border-strong bg-ground px-3 text-sm placeholder:text-muted";

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "number";
  readonly placeholder?: string;
  readonly isRequired?: boolean;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  readonly class?: string;
}

/** A line of text, or a whole number. */
export function TextField({
  label,
  value,
  onChange,
  type = "text",
  placeholder,
  isRequired = false,
  maxLength,
  min,
  max,
  class: extra = "",
}: TextFieldProps) {
  return html`<${Labelled} label=${label} class=${extra}>
    <input
      type=${type}
      required=${isRequired}
      maxlength=${maxLength}
      min=${min}
      max=${max}
      placeholder=${placeholder}
      autocomplete="off"
      spellcheck=${false}
      value=${value}
      onInput=${(event: Event) => onChange((event.target as HTMLInputElement).value)}
      class=${LOOK}
    />
  </${Labelled}>`;
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly onChange: (value: string) => void;
}

/** One of a list. */
export function SelectField({ label, value, options, onChange }: SelectFieldProps) {
  return html`<${Labelled} label=${label}>
    <select
      value=${value}
      onChange=${(event: Event) => onChange((event.target as HTMLSelectElement).value)}
      class=${LOOK}
    >
      ${options.map((option) => html`<option value=${option.value}>${option.text}</option>`)}
    </select>
  </${Labelled}>`;
}

interface LabelledProps {
  readonly label: string;
  readonly class?: string;
  readonly children?: Children;
}

function Labelled({ label, class: extra = "", children }: LabelledProps) {
  return html`<label class=${`flex min-w-0 flex-col gap-1 text-[0.8125rem] text-muted ${extra}`}>
    ${label}
    <span class="text-text">${children}</span>
  </label>`;
}
