/**
 * A field to write in, with its name above, and below it what it is for or what is wrong with it.
 *
 * Keeps nothing: the text is held by whoever asks for it.
 */

import { html, useId } from "../html.ts";

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** What it is for. */
  readonly hint?: string | undefined;
  /** What is wrong with it, in the place of the hint; read out. */
  readonly problem?: string | undefined;
  readonly type?: "text" | "password";
  readonly autocomplete?: string;
  readonly inputMode?: "decimal" | "numeric";
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
  readonly isMono?: boolean;
  readonly maxLength?: number;
  /** More than one makes it grow down. */
  readonly rows?: number;
  /** Names to choose from. */
  readonly options?: readonly string[];
}

/** Looks of every field that is written in. */
export const FIELD_LOOK =
  "w-full min-w-0 rounded-lg border border-strong bg-ground px-3 placeholder:text-muted disabled:opacity-60";

/** A field with its name. What is secret belongs into one that is not completed or spell-checked. */
export function TextField({
  label,
  value,
  onInput,
  hint,
  problem,
  type = "text",
  autocomplete = "off",
  inputMode,
  isRequired = false,
  isDisabled = false,
  isMono = false,
  maxLength,
  rows = 1,
  options,
}: TextFieldProps) {
  const id = useId();
  const listId = useId();
  const noteId = useId();
  const note = problem ?? hint;
  const shared = {
    id,
    value,
    autocomplete,
    maxlength: maxLength,
    required: isRequired,
    disabled: isDisabled,
    spellcheck: false,
    autocapitalize: "none",
    "aria-describedby": note === undefined ? undefined : noteId,
    "aria-invalid": problem === undefined ? undefined : "true",
    onInput: (event: Event) => onInput((event.target as HTMLInputElement).value),
  };
  const font = isMono ? "font-mono text-[0.8125rem]" : "text-sm";
  return html`<div class="flex min-w-0 flex-col gap-1 text-sm">
    <label for=${id}>${label}</label>
    ${
      rows > 1
        ? html`<textarea ...${shared} rows=${rows} class=${`${FIELD_LOOK} ${font} py-2`}></textarea>`
        : html`<input
            ...${shared}
            type=${type}
            inputmode=${inputMode}
            list=${options === undefined ? undefined : listId}
            class=${`${FIELD_LOOK} ${font} h-9`}
          />`
    }
    ${
      options === undefined
        ? null
        : html`<datalist id=${listId}>${options.map((option) => html`<option value=${option}></option>`)}</datalist>`
    }
    ${
      note === undefined
        ? null
        : html`<p
            id=${noteId}
            role=${problem === undefined ? undefined : "alert"}
            class=${`text-[0.8125rem] ${problem === undefined ? "text-muted" : "text-bad"}`}
          >
            ${note}
          </p>`
    }
  </div>`;
}
