/**
 * Opens a wallet from its encrypted file, as it was exported here or as a node keeps it.
 *
 * The file is read in the page and goes nowhere else.
 */

import { useAttempt } from "../../components/action.ts";
import { Button } from "../../components/button.ts";
import { ProblemNote } from "../../components/states.ts";
import { TextField } from "../../components/text-field.ts";
import { html, useId, useState } from "../../html.ts";
import { pageVault } from "../../page-wallet/page-vault.ts";
import type { WalletNetwork } from "../../page-wallet/vault.ts";
import { KeystoreError, MAX_WALLET_FILE_BYTES } from "../../wallet-engine.ts";

/** A file and its password. */
export function ImportForm({ of, onCancel }: { of: WalletNetwork; onCancel: () => void }) {
  const [file, setFile] = useState<File | undefined>(undefined);
  const [password, setPassword] = useState("");
  const opening = useAttempt();
  const id = useId();
  const submit = (event: Event) => {
    event.preventDefault();
    if (file === undefined) return;
    opening.run(async () => {
      if (file.size > MAX_WALLET_FILE_BYTES) throw new KeystoreError("wrong-password-or-damaged");
      await pageVault.importRecord(await file.text(), password, of);
    });
  };
  return html`<form onSubmit=${submit} class="flex flex-col gap-4">
    <div class="flex flex-col gap-1 text-sm">
      <label for=${id}>Wallet file</label>
      <input
        id=${id}
        type="file"
        accept=".json,application/json"
        required
        onChange=${(event: Event) => setFile((event.target as HTMLInputElement).files?.[0])}
        class="max-w-full text-sm file:mr-3 file:min-h-9 file:rounded-lg file:border file:border-strong file:bg-surface file:px-3"
      />
    </div>
    <${TextField}
      label="Its password"
      type="password"
      autocomplete="current-password"
      isRequired=${true}
      value=${password}
      onInput=${setPassword}
    />
    <${ProblemNote} problem=${opening.problem} />
    <div class="flex flex-wrap gap-2">
      <${Button} type="submit" isMain=${true} isDisabled=${opening.isRunning}>
        ${opening.isRunning ? "Opening…" : "Open"}
      </${Button}>
      <${Button} onClick=${onCancel}>Cancel</${Button}>
    </div>
  </form>`;
}
