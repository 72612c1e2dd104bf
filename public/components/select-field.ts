/**
 * One of several, chosen from a list that opens, with its name above.
 *
 * For two to four short words there is choice.ts.
 */

import { html, useId } from "../html.ts";
import { FIELD_LOOK } from "./text-field.ts";

interface SelectFieldProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  readonly onChoose: (value: Value) => void;
}

/** A list with its name. */
export function SelectField<Value extends string>({
  label,
  value,
  options,
  onChoose,
}: SelectFieldProps<Value>) {
  const id = useId();
  return html`<div class="flex min-w-0 flex-col gap-1 text-sm">
    <label for=${id}>${label}</label>
    <select
      id=${id}
      value=${value}
      onChange=${(event: Event) => onChoose((event.target as HTMLSelectElement).value as Value)}
      class=${`${FIELD_LOOK} h-9 text-sm`}
    >
      ${options.map(
        (option) =>
          html`<option value=${option.value} selected=${option.value === value}>${option.text}</option>`,
      )}
    </select>
  </div>`;
}
