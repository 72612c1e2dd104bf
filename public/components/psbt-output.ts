/**
 * A PSBT to be carried elsewhere: shown, copied, saved as a file.
 *
 * What is in it is the node's to say.
 */

import { saveText } from "../download.ts";
import { html, useId } from "../html.ts";
import { Button } from "./button.ts";
import { CopyButton } from "./copy-button.ts";
import { FIELD_LOOK } from "./text-field.ts";

interface PsbtOutputProps {
  /** In base64. */
  readonly psbt: string;
  /** Of the file, without its end. */
  readonly name: string;
}

/** The PSBT in a field of its own. */
export function PsbtOutput({ psbt, name }: PsbtOutputProps) {
  const id = useId();
  return html`<div class="flex min-w-0 flex-col gap-2">
    <span class="flex items-center gap-1 text-sm">
      <label for=${id}>PSBT</label><${CopyButton} text=${psbt} label="the PSBT" />
    </span>
    <textarea id=${id} readonly rows="4" value=${psbt} class=${`${FIELD_LOOK} py-2 font-mono text-[0.8125rem]`}></textarea>
    <div><${Button} onClick=${() => saveText(`${name}.psbt`, psbt)}>Save as a file</${Button}></div>
  </div>`;
}
