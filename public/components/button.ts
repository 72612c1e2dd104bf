/**
 * A button: one main one to a card at most, the others quiet.
 *
 * What a click does is none of its business; for what takes a while there is action.ts.
 */

import { type Children, html } from "../html.ts";

interface ButtonProps {
  readonly onClick?: (event: Event) => void;
  readonly isMain?: boolean;
  readonly isDisabled?: boolean;
  readonly type?: "button" | "submit";
  readonly children?: Children;
}

/** Does something here; what leads elsewhere is a link. */
export function Button({
  onClick,
  isMain = false,
  isDisabled = false,
  type = "button",
  children,
}: ButtonProps) {
  const look = isMain
    ? "border-accent bg-accent text-on-accent hover:brightness-110"
    : "border-strong bg-surface hover:bg-raised";
  return html`<button
    type=${type}
    disabled=${isDisabled}
    onClick=${onClick}
    class=${`inline-flex min-h-9 items-center justify-center gap-2 rounded-lg border px-3 text-sm font-medium whitespace-nowrap disabled:opacity-60 ${look}`}
  >
    ${children}
  </button>`;
}
