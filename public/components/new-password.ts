/**
 * A new password, twice, with a plain word about its strength: its length.
 *
 * Whoever asks for it holds it; `isNewPassword` says when it may be used.
 */

import { html } from "../html.ts";
import { TextField } from "./text-field.ts";

/** Characters below which a password is called short, and from which on it is called good. */
const SHORT_PASSWORD = 10;
const GOOD_PASSWORD = 16;

/** Characters of a password that the node takes. */
const MAX_PASSWORD_LENGTH = 1_024;

/** A password and its repetition. */
export interface PasswordPair {
  readonly password: string;
  readonly again: string;
}

export const NO_PASSWORD: PasswordPair = { password: "", again: "" };

/** True if there is one, and it was written twice. */
export function isNewPassword({ password, again }: PasswordPair): boolean {
  return password !== "" && password === again;
}

/** Returns a sentence about a password's length. */
export function describeStrength(password: string): string {
  const length = [...password].length;
  if (length === 0) return "Several words that do not belong together are strong and easy to type.";
  if (length < SHORT_PASSWORD) return `Short: ${length} characters can be guessed. Take more.`;
  if (length < GOOD_PASSWORD) return `Fair: ${length} characters. Longer is better.`;
  return `Good: ${length} characters.`;
}

interface NewPasswordProps {
  readonly pair: PasswordPair;
  readonly onChange: (pair: PasswordPair) => void;
}

/** Two fields that must hold the same. */
export function NewPassword({ pair, onChange }: NewPasswordProps) {
  const { password, again } = pair;
  const differs = again !== "" && !password.startsWith(again);
  return html`<div class="grid gap-3 sm:grid-cols-2">
    <${TextField}
      label="New password"
      type="password"
      autocomplete="new-password"
      isRequired=${true}
      maxLength=${MAX_PASSWORD_LENGTH}
      value=${password}
      hint=${describeStrength(password)}
      onInput=${(next: string) => onChange({ password: next, again })}
    />
    <${TextField}
      label="The same again"
      type="password"
      autocomplete="new-password"
      isRequired=${true}
      maxLength=${MAX_PASSWORD_LENGTH}
      value=${again}
      hint="Nobody can tell it to you if you forget it; the words still open the wallet."
      problem=${differs ? "This is another password." : undefined}
      onInput=${(next: string) => onChange({ password, again: next })}
    />
  </div>`;
}
