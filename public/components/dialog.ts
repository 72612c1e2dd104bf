/**
 * A question or a form above the page: the browser's own dialog, with its focus and its Escape key.
 *
 * What is asked, and when, is up to whoever opens it.
 */

import { type Children, html, useId, useLayoutEffect, useRef } from "../html.ts";
import { Icon } from "./icon.ts";

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  /** Called when it is closed, by whatever means. */
  readonly onClose: () => void;
  readonly children?: Children;
}

/** A modal dialog; its children are drawn only while it is open. */
export function Dialog({ title, isOpen, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isWanted = useRef(isOpen);
  isWanted.current = isOpen;
  useLayoutEffect(() => {
    if (isOpen) element.current?.showModal();
    else element.current?.close();
  }, [isOpen]);
  // Also tells of what was closed from here, later, when it may be open again.
  const tellClosed = () => {
    if (isWanted.current && element.current?.open === false) onClose();
  };
  return html`<dialog
    ref=${element}
    aria-labelledby=${id}
    onClose=${tellClosed}
    class="m-auto w-full max-w-lg rounded-xl border border-line bg-surface p-0 text-text shadow-2xl backdrop:bg-veil"
  >
    <header class="flex items-center justify-between gap-4 border-b border-line px-4 py-3">
      <h2 id=${id} class="font-semibold">${title}</h2>
      <button
        type="button"
        aria-label="Close"
        onClick=${() => element.current?.close()}
        class="inline-flex size-8 items-center justify-center rounded hover:bg-raised"
      >
        <${Icon} name="close" />
      </button>
    </header>
    <div class="p-4">${isOpen ? children : null}</div>
  </dialog>`;
}
