/**
 * A button for what cannot easily be undone: it works once the name of the thing was typed.
 *
 * What is done is up to the view.
 */

import { html, useState } from "../html.ts";
import { Button } from "./button.ts";
import { TextField } from "./text-field.ts";

interface ConfirmByNameProps {
  readonly name: string;
  /** On the button. */
  readonly text: string;
  readonly isRunning: boolean;
  readonly onConfirmed: () => void;
}

/** A field for the name, and the button. */
export function ConfirmByName({ name, text, isRunning, onConfirmed }: ConfirmByNameProps) {
  const [typed, setTyped] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (typed === name) onConfirmed();
  };
  return html`<form onSubmit=${submit} class="flex max-w-sm flex-col gap-3">
    <${TextField} label=${`Type ${name} to confirm`} value=${typed} onInput=${setTyped} />
    <div>
      <${Button} type="submit" isDisabled=${typed !== name || isRunning}>${text}</${Button}>
    </div>
  </form>`;
}
