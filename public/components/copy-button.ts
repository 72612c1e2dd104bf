/**
 * Copies a text, and says that it did.
 *
 * Where the browser gives no clipboard, as over plain HTTP from another machine, it selects nothing
 * and says so.
 */

import { html, useEffect, useState } from "../html.ts";
import { Icon } from "./icon.ts";
import { showToast } from "./toasts.ts";

/** Milliseconds for which a check mark stands in the place of the sign. */
const DONE_MS = 1_500;

/** A small button; `label` says what is copied. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), DONE_MS);
    return () => clearTimeout(timer);
  }, [isDone]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      showToast(`Copied ${label}.`, "good");
    } catch {
      showToast("This browser does not allow copying here; select the text instead.", "bad");
    }
  };
  return html`<button
    type="button"
    aria-label=${`Copy ${label}`}
    title=${`Copy ${label}`}
    onClick=${copy}
    class="-my-1 inline-flex size-6 items-center justify-center rounded text-muted hover:bg-raised hover:text-text"
  >
    <${Icon} name=${isDone ? "check" : "copy"} size=${0.9} />
  </button>`;
}
