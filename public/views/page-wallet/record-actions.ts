/**
 * What can be done with the encrypted record of this browser: saved as a file, or removed.
 *
 * Knows nothing of what is in it; it is the same locked and open.
 */

import { Button } from "../../components/button.ts";
import { CheckField } from "../../components/check-field.ts";
import { Dialog } from "../../components/dialog.ts";
import { Fragment, html, useState } from "../../html.ts";
import { pageVault } from "../../page-wallet/page-vault.ts";

/** Two buttons; removing asks first. */
export function RecordActions() {
  const [isAsking, setAsking] = useState(false);
  const [isSure, setSure] = useState(false);
  const close = () => {
    setAsking(false);
    setSure(false);
  };
  return html`<${Fragment}>
    <div class="flex flex-wrap gap-2">
      <${Button} onClick=${saveFile}>Save as a file</${Button}>
      <${Button} onClick=${() => setAsking(true)}>Remove from this browser</${Button}>
    </div>
    <p class="mt-2 text-[0.8125rem] text-muted">
      The file is encrypted with the password, and a node can open it, too.
    </p>
    <${Dialog} title="Remove the wallet" isOpen=${isAsking} onClose=${close}>
      <div class="flex flex-col gap-4">
        <p>Nothing brings it back but its words, or a file and its password.</p>
        <${CheckField} isChecked=${isSure} onChange=${setSure}>I have the words or the file</${CheckField}>
        <div class="flex flex-wrap gap-2">
          <${Button} isDisabled=${!isSure} onClick=${() => pageVault.forget()}>Remove it</${Button}>
          <${Button} onClick=${close}>Keep it</${Button}>
        </div>
      </div>
    </${Dialog}>
  </${Fragment}>`;
}

function saveFile(): void {
  const record = pageVault.exportRecord();
  if (record === undefined) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([record.text], { type: "application/json" }));
  link.download = record.fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}
