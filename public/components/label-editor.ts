/**
 * A short text about something, that can be changed where it stands.
 *
 * What it is about, and where it is kept, is known to the view.
 */

import { html, useState } from "../html.ts";
import { useAction } from "./action.ts";
import { FIELD_LOOK } from "./text-field.ts";

/** Characters of a label. */
const MAX_LABEL_LENGTH = 255;

interface LabelEditorProps {
  /** What it is about, for screen readers. */
  readonly about: string;
  readonly value: string | null;
  readonly onSave: (label: string) => Promise<void>;
}

/** A label, and after a click a field for another one; an empty one takes it away. */
export function LabelEditor({ about, value, onSave }: LabelEditorProps) {
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const action = useAction();
  if (draft === undefined) {
    const look = value === null ? "text-muted" : "";
    return html`<button
      type="button"
      onClick=${() => setDraft(value ?? "")}
      class=${`-mx-1 min-h-6 max-w-60 truncate rounded px-1 text-left text-[0.8125rem] underline decoration-dotted underline-offset-4 hover:bg-raised ${look}`}
    >
      ${value ?? "Add label"}
      <span class="sr-only">${value === null ? `to ${about}` : `: change the label of ${about}`}</span>
    </button>`;
  }
  const submit = (event: Event) => {
    event.preventDefault();
    action.run(async () => {
      await onSave(draft.trim());
      setDraft(undefined);
    });
  };
  const leave = (event: KeyboardEvent) => {
    if (event.key === "Escape") setDraft(undefined);
  };
  return html`<form onSubmit=${submit} class="inline-flex max-w-full items-center gap-1">
    <input
      type="text"
      aria-label=${`Label of ${about}`}
      autocomplete="off"
      maxlength=${MAX_LABEL_LENGTH}
      value=${draft}
      ref=${(element: HTMLInputElement | null) => element?.focus()}
      onInput=${(event: Event) => setDraft((event.target as HTMLInputElement).value)}
      onKeyDown=${leave}
      class=${`${FIELD_LOOK} h-7 max-w-40 text-[0.8125rem]`}
    />
    <button
      type="submit"
      disabled=${action.isRunning}
      class="min-h-7 rounded border border-strong px-2 text-[0.8125rem] hover:bg-raised disabled:opacity-60"
    >
      Save
    </button>
  </form>`;
}
